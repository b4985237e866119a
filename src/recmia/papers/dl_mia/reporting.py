"""Result rows of notebook 12."""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np

from recmia.evaluation.intervals import evaluate_mean
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.results import ResultRow, numbers_of
from recmia.experiments.study import Study
from recmia.lists.cohorts import SIDES
from recmia.lists.letters import letter_of, title_of
from recmia.lists.serving import (
    Model,
    data_of,
    interactions_of,
    read_lists,
    side_of,
)
from recmia.papers.biased_mia.claims import CONTROL
from recmia.papers.biased_mia.measuring import bootstrap
from recmia.papers.biased_mia.reporting import MARGIN
from recmia.papers.dl_mia.claims import FIGURE_3, Line, fit_of
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    SELF_TRAINED,
    Scored,
)
from recmia.papers.dl_mia.halves import GENERAL, HALVES, half_of
from recmia.papers.dl_mia.measuring import Places, differences, read_measured
from recmia.papers.dl_mia.pictures import BEFORE, CLASSES, JUDGE, RAW, distances

STUDY = "dl-mia"
# Attacks, what their gains over Biased-MIA are called, and which Biased-MIA that is: released code
# is held against released code, the text's attack against the text's.
GAINS = {
    LEAKY_BEST: ("gain over Biased-MIA, as published", BIASED_RELEASED),
    LEAKY: ("gain over Biased-MIA, as published, last checkpoint", BIASED_RELEASED),
    SELF_TRAINED: ("gain over Biased-MIA, the released code without the leak", BIASED_RELEASED),
    DL_MIA: ("gain over Biased-MIA, corrected", BIASED),
}
PUBLISHED_GAIN = GAINS[LEAKY_BEST][0]
# What the published gain is made of beside what the released code gains without the leak.
PARTS_OF_GAIN = {
    "the leak": (LEAKY, SELF_TRAINED),
    "the choice of the checkpoint": (LEAKY_BEST, LEAKY),
}
ADDED, SHARE = "added by", "share of the published gain:"
MEAN = "mean over settings"


def row_of(study: Study, half: str, letter: str, **fields) -> ResultRow:
    title = getattr(study.settings.dl_mia, half).datasets[letter].title
    blank = {"reading": "", "condition": "", "attack": "", "setting": ""}
    return ResultRow(study=STUDY, dataset=title, **blank | fields)


def attack_rows(study: Study, lines: list[Line]) -> list[ResultRow]:
    """Rows of every table and figure about attacks, from what was measured."""
    return [
        row_of(
            study,
            line.half,
            line.scored.fit.target.letter,
            artefact=line.artefact,
            setting=line.scored.fit.setting,
            attack=line.attack,
            reading=line.reading,
            condition=line.condition,
            metric=measured.metric,
            note=line.note,
            **numbers_of(measured),
        )
        for line in lines
        for measured in read_measured(study, line.half, line.scored)
    ]


def data_rows(study: Study) -> list[ResultRow]:
    """Table 1, and who was used: means over seeds."""
    rows = []
    for half in HALVES:
        lists = half_of(study, half)
        for letter in lists.settings.biased_mia.datasets:
            known = interactions_of(lists, letter)
            counts = {
                "#Users": known.n_users,
                "#Items": len(known.item_ids),
                "#Interactions": len(known),
            }
            for metric, count in counts.items():
                rows.append(
                    row_of(study, half, letter, artefact="Table 1", setting=letter, metric=metric,
                         condition=half,
                         value=float(count))
                )  # fmt: skip
            facts = [data_of(lists, letter, seed).facts for seed in study.seeds()]
            for fact in facts[0]:
                value = float(np.mean([of_seed[fact] for of_seed in facts]))
                rows.append(
                    row_of(study, half, letter, artefact="Cohorts", setting=letter, condition=half,
                         metric=fact, value=value, n_seeds=len(facts))
                )  # fmt: skip
    return rows


def ranking_rows(study: Study) -> list[ResultRow]:
    """How well the recommenders rank: any and the next of the held-out items in the list."""
    rows = []
    for half in HALVES:
        lists = half_of(study, half)
        settings = lists.settings.biased_mia
        for letter, algorithm, side in product(settings.datasets, settings.algorithms, SIDES):
            found = [Model(letter, algorithm, side, seed) for seed in study.seeds()]
            users = [side_of(lists, model) for model in found]
            for name, what in (("hit_any", ""), ("hit_next", ", the next item")):
                runs = [
                    (read_lists(lists, model)[name], side_.members.row_ids)
                    for model, side_ in zip(found, users, strict=True)
                ]
                metric = f"HR@{settings.top_k}{what}"
                rows.append(
                    row_of(
                        study,
                        half,
                        letter,
                        artefact="Recommenders",
                        setting=letter + letter_of(algorithm),
                        attack=title_of(algorithm),
                        condition=f"{half}, {side}",
                        metric=metric,
                        **numbers_of(evaluate_mean(metric, runs, **bootstrap(study))),
                    )
                )
    return rows


def share_rows(study: Study, where: Places) -> list[ResultRow]:
    """What of the published gain over Biased-MIA is the leak's, cell by cell, and on the mean.

    The published attack differs from the same code without its slip by the labels in its loss, and
    by a checkpoint that is chosen by the labels; both parts are measured, paired, and what is left
    is what that code gains without them. The text's attack stands beside it. Shares are stated
    where there is a gain to share: where it is above what counts as a difference, interval and all.
    """
    rows = []
    asked = {name: (attack, base) for attack, (name, base) in GAINS.items()}
    asked |= {f"{ADDED} {part}": pair for part, pair in PARTS_OF_GAIN.items()}
    for half in HALVES:
        cells = getattr(study.settings.dl_mia, half).cells
        fits = [fit_of(study, half, a + b) for a, b in product(cells, repeat=2)]
        pairs = [
            (Scored(fit, first), Scored(fit, second))
            for fit in fits
            for first, second in asked.values()
        ]
        found = iter(differences(study, half, pairs, where))
        measured = [{name: next(found) for name in asked} for _ in fits]
        fields = dict(artefact="Leak", attack=FIGURE_3[half], reading=CONTROL)
        for kind in (HARD_LABEL_AUC, ROC_AUC):
            for fit, of_fit in zip(fits, measured, strict=True):
                row = partial(row_of, study, half, fit.target.letter, setting=fit.setting, **fields)
                rows += [
                    row(metric=f"{name}, {kind}", **numbers_of(of_fit[name][kind]))
                    for name in asked
                ]
                values = {name: of_fit[name][kind].value for name in asked}
                rows += _shares(study, row, values, of_fit[PUBLISHED_GAIN][kind].ci_low, kind)
            row = partial(
                ResultRow, STUDY, dataset="", setting=MEAN, condition="", **fields,
                n_seeds=study.settings.n_seeds,
            )  # fmt: skip
            means = {
                name: float(np.mean([m[name][kind].value for m in measured])) for name in asked
            }
            rows += [row(metric=f"{name}, {kind}", value=value) for name, value in means.items()]
            rows += _shares(study, row, means, means[PUBLISHED_GAIN], kind)
    return rows


def _shares(
    study: Study, row, values: dict[str, float], least: float, kind: str
) -> list[ResultRow]:
    """Each part's share of the published gain, which is at least ``least``."""
    if least <= MARGIN:
        return []
    return [
        row(
            metric=f"{SHARE} {part}, {kind}",
            value=values[f"{ADDED} {part}"] / values[PUBLISHED_GAIN],
            n_seeds=study.settings.n_seeds,
        )
        for part in PARTS_OF_GAIN
    ]


def picture_rows(study: Study) -> list[ResultRow]:
    """How well the two classes of each picture are told apart."""
    setting = study.settings.dl_mia.pictured
    rows = []
    for what, panel, measured in distances(study):
        # What Figure 1 shows, Figure 5 shows again before it shows what becomes of it.
        for artefact in ("Figure 1", "Figure 5") if panel in (RAW, BEFORE) else ("Figure 5",):
            rows.append(
                row_of(
                    study,
                    GENERAL,
                    setting[2],
                    artefact=artefact,
                    setting=setting,
                    attack=JUDGE,
                    reading=CONTROL,
                    condition=panel,
                    metric=f"ROC AUC of telling {' from '.join(CLASSES[what])}",
                    **numbers_of(measured),
                )
            )
    return rows
