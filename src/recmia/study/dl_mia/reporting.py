"""Result rows of notebook 12."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product

import numpy as np

from recmia.evaluation.intervals import evaluate_mean
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.study.biased_mia.claims import AS_PUBLISHED, CONTROL, CORRECTED
from recmia.study.biased_mia.cohorts import SIDES
from recmia.study.biased_mia.measuring import bootstrap
from recmia.study.biased_mia.reporting import verdict
from recmia.study.biased_mia.serving import (
    Model,
    algorithm_names,
    data_of,
    interactions_of,
    read_lists,
    side_of,
)
from recmia.study.dl_mia.claims import FIGURE_3, Line, fit_of
from recmia.study.dl_mia.fits import BIASED, DL_MIA, LEAKY_BEST, PRETRAINED, SELF_TRAINED, Scored
from recmia.study.dl_mia.halves import GENERAL, HALVES, half_of
from recmia.study.dl_mia.measuring import Places, differences, read_measured
from recmia.study.dl_mia.pictures import BEFORE, CLASSES, JUDGE, RAW, distances
from recmia.study.results import ResultRow, numbers_of
from recmia.study.workspace import Study

STUDY = "dl-mia"
# Attacks and what their gains over Biased-MIA are called.
GAINS = {
    LEAKY_BEST: "gain over Biased-MIA, as published",
    SELF_TRAINED: "gain over Biased-MIA, the released code without the leak",
    DL_MIA: "gain over Biased-MIA, corrected",
}
SHARE = "the leak's share of the published gain"


def _row(study: Study, half: str, letter: str, **fields) -> ResultRow:
    title = getattr(study.settings.dl_mia, half).datasets[letter].title
    blank = {"reading": "", "condition": "", "attack": "", "setting": ""}
    return ResultRow(study=STUDY, dataset=title, **blank | fields)


def attack_rows(study: Study, lines: list[Line]) -> list[ResultRow]:
    """Rows of every table and figure about attacks, from what was measured."""
    return [
        _row(
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
                    _row(study, half, letter, artefact="Table 1", setting=letter, metric=metric,
                         condition=half,
                         value=float(count))
                )  # fmt: skip
            facts = [data_of(lists, letter, seed).facts for seed in study.seeds()]
            for fact in facts[0]:
                value = float(np.mean([of_seed[fact] for of_seed in facts]))
                rows.append(
                    _row(study, half, letter, artefact="Cohorts", setting=letter, condition=half,
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
                    _row(
                        study,
                        half,
                        letter,
                        artefact="Recommenders",
                        setting=letter + algorithm,
                        attack=algorithm_names(settings)[algorithm],
                        condition=f"{half}, {side}",
                        metric=metric,
                        **numbers_of(evaluate_mean(metric, runs, **bootstrap(study))),
                    )
                )
    return rows


def share_rows(study: Study, where: Places) -> list[ResultRow]:
    """What of the published gain over Biased-MIA is left without the leak, cell by cell.

    The same code without its slip is what the leak is held against; the text's second stage stands
    beside it. The leak's share is stated where there is a gain: where the gain's interval is above
    nought.
    """
    rows = []
    for half in HALVES:
        cells = getattr(study.settings.dl_mia, half).cells
        fits = [fit_of(study, half, a + b) for a, b in product(cells, repeat=2)]
        pairs = [(Scored(fit, attack), Scored(fit, BIASED)) for fit in fits for attack in GAINS]
        found = iter(differences(study, half, pairs, where))
        for fit in fits:
            gains = {attack: next(found) for attack in GAINS}
            fields = dict(artefact="Leak", setting=fit.setting, attack=FIGURE_3[half])
            row = partial(_row, study, half, fit.target.letter, reading=CONTROL, **fields)
            for kind in (HARD_LABEL_AUC, ROC_AUC):
                for attack, name in GAINS.items():
                    rows.append(row(metric=f"{name}, {kind}", **numbers_of(gains[attack][kind])))
                gain, left = gains[LEAKY_BEST][kind], gains[SELF_TRAINED][kind]
                if gain.ci_low > 0:
                    share = (gain.value - left.value) / gain.value
                    seeds = study.settings.n_seeds
                    rows.append(row(metric=f"{SHARE}, {kind}", value=share, n_seeds=seeds))
    return rows


def claim_rows(study: Study, where: Places) -> list[ResultRow]:
    """What the paper says of one attack against another, paired, with verdicts."""
    rows = []
    for half in HALVES:
        settings = getattr(study.settings.dl_mia, half)
        said: list[tuple[str, str, Scored, Scored]] = []
        for shadow, target in product(settings.cells, repeat=2):
            fit = fit_of(study, half, shadow + target)
            for reading, attack in ((AS_PUBLISHED, LEAKY_BEST), (CORRECTED, DL_MIA)):
                said.append(
                    (f"{FIGURE_3[half]}: DL-MIA beats Biased-MIA", reading, Scored(fit, attack),
                     Scored(fit, BIASED))
                )  # fmt: skip
        for setting in settings.ablated:
            fit = fit_of(study, half, setting)
            said += [
                ("Table 2: disentangling beats Biased-MIA", CORRECTED, Scored(fit, PRETRAINED),
                 Scored(fit, BIASED)),
                ("Table 2: reweighting helps further", CORRECTED, Scored(fit, DL_MIA),
                 Scored(fit, PRETRAINED)),
            ]  # fmt: skip
            for encoder in ("beta-vae", "factor-vae"):
                other = Scored(replace(fit, encoder=encoder), DL_MIA)
                said.append(
                    (f"Table 2: {encoder} does as well", CORRECTED, Scored(fit, DL_MIA), other)
                )
        for setting in settings.defended:
            fit = fit_of(study, half, setting)
            defended = fit_of(study, half, setting, defence=settings.defence_ratio)
            for attack in (BIASED, DL_MIA):
                said.append(
                    (f"Figure 4: the defence lowers {attack}", CORRECTED, Scored(fit, attack),
                     Scored(defended, attack))
                )  # fmt: skip
            said.append(
                ("Figure 4: with the defence DL-MIA beats Biased-MIA", CORRECTED,
                 Scored(defended, DL_MIA), Scored(defended, BIASED))
            )  # fmt: skip
        pairs = [(first, second) for *_, first, second in said]
        for (claim, reading, first, _), found in zip(
            said, differences(study, half, pairs, where), strict=True
        ):
            metric = HARD_LABEL_AUC if reading == AS_PUBLISHED else ROC_AUC
            measured, equal = found[metric], claim.endswith("as well")
            rows.append(
                _row(
                    study,
                    half,
                    first.fit.target.letter,
                    artefact="Claims",
                    setting=claim,
                    reading=reading,
                    condition=first.fit.setting,
                    metric=f"difference of {metric}",
                    note=verdict(measured.ci_low, measured.ci_high, equal),
                    **numbers_of(measured),
                )
            )
    return rows


def picture_rows(study: Study) -> list[ResultRow]:
    """How well the two classes of each picture are told apart."""
    letter = study.settings.dl_mia.pictured[0]
    rows = []
    for what, panel, measured in distances(study):
        first = panel in (RAW, BEFORE)
        rows.append(
            _row(
                study,
                GENERAL,
                letter,
                artefact="Figure 1" if first and what == "sides" else "Figure 5",
                setting=(
                    study.settings.dl_mia.pictured
                    if what == "sides"
                    else study.settings.dl_mia.hidden_of
                ),
                attack=JUDGE,
                reading=CONTROL,
                condition=panel,
                metric=f"ROC AUC of telling {' from '.join(CLASSES[what])}",
                **numbers_of(measured),
            )
        )
    return rows
