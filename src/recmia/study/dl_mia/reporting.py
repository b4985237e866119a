"""Result rows of notebook 12."""

from __future__ import annotations

from dataclasses import replace
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
from recmia.study.dl_mia.fits import BIASED, DL_MIA, LEAKY_BEST, PRETRAINED, Scored
from recmia.study.dl_mia.halves import GENERAL, HALVES, half_of
from recmia.study.dl_mia.measuring import Places, differences, read_measured
from recmia.study.dl_mia.pictures import BEFORE, CLASSES, RAW, distances
from recmia.study.results import ResultRow, numbers_of
from recmia.study.workspace import Study

STUDY = "dl-mia"
SHARE = "share of the published gain over Biased-MIA that is the leak's"


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


def share_rows(study: Study) -> list[ResultRow]:
    """What of the published gain over Biased-MIA is left without the leak, cell by cell."""
    rows = []
    for half in HALVES:
        cells = getattr(study.settings.dl_mia, half).cells
        for shadow, target in product(cells, repeat=2):
            fit = fit_of(study, half, shadow + target)
            hard = {
                attack: next(
                    m.value
                    for m in read_measured(study, half, Scored(fit, attack))
                    if m.metric == HARD_LABEL_AUC
                )
                for attack in (BIASED, DL_MIA, LEAKY_BEST)
            }
            gain = hard[LEAKY_BEST] - hard[BIASED]
            fields = dict(artefact="Leak", setting=fit.setting, n_seeds=study.settings.n_seeds)
            for metric, value in (
                ("published gain over Biased-MIA", gain),
                ("of it without the leak", hard[DL_MIA] - hard[BIASED]),
                (SHARE, (hard[LEAKY_BEST] - hard[DL_MIA]) / gain if gain > 0.01 else None),
            ):
                if value is not None:
                    rows.append(
                        _row(study, half, target[0], attack=FIGURE_3[half], reading=CONTROL,
                             metric=metric, value=float(value), **fields)
                    )  # fmt: skip
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
                attack="linear classifier, cross-validated",
                reading=CONTROL,
                condition=panel,
                metric=f"ROC AUC of telling {' from '.join(CLASSES[what])}",
                **numbers_of(measured),
            )
        )
    return rows
