"""What the paper says of one attack against another: measured, paired, and with a verdict."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.results import ResultRow, numbers_of
from recmia.experiments.study import Study
from recmia.papers.biased_mia.claims import AS_PUBLISHED, CORRECTED
from recmia.papers.biased_mia.reporting import verdict
from recmia.papers.dl_mia.claims import FIGURE_3, fit_of
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    ENCODERS,
    LEAKY_BEST,
    PRETRAINED,
    Fit,
    Scored,
)
from recmia.papers.dl_mia.halves import GENERAL, HALVES
from recmia.papers.dl_mia.measuring import Places, differences, read_measured
from recmia.papers.dl_mia.reporting import STUDY, row_of

# Each reading's DL-MIA, and the Biased-MIA that it is held against.
READINGS = ((AS_PUBLISHED, LEAKY_BEST, BIASED_RELEASED), (CORRECTED, DL_MIA, BIASED))
METRIC = {AS_PUBLISHED: HARD_LABEL_AUC, CORRECTED: ROC_AUC}
HIGH, LOW = 0.8, 0.7


def claim_rows(study: Study, where: Places) -> list[ResultRow]:
    """What the paper says of one attack against another, paired, with verdicts."""
    rows = []
    for half in HALVES:
        settings = getattr(study.settings.dl_mia, half)
        said = [line for reading in READINGS for line in _said(study, half, *reading)]
        pairs = [(first, second) for *_, first, second in said]
        for (claim, reading, first, _), found in zip(
            said, differences(study, half, pairs, where), strict=True
        ):
            measured = found[METRIC[reading]]
            rows.append(
                row_of(
                    study,
                    half,
                    first.fit.target.letter,
                    artefact="Claims",
                    setting=claim,
                    reading=reading,
                    condition=first.fit.setting,
                    metric=f"difference of {measured.metric}",
                    note=verdict(measured.ci_low, measured.ci_high, claim.endswith("as well")),
                    **numbers_of(measured),
                )
            )
        rows += _counted(study, half, settings.cells)
    return rows


Said = tuple[str, str, Scored, Scored]


def _said(study: Study, half: str, reading: str, ours: str, theirs: str) -> list[Said]:
    """Claim, reading, and the two attacks that it compares, the better one first."""
    settings = getattr(study.settings.dl_mia, half)
    said = []

    def better(claim: str, first: Scored, second: Scored) -> None:
        said.append((claim, reading, first, second))

    def beats(claim: str, fit: Fit) -> None:
        better(claim, Scored(fit, ours), Scored(fit, theirs))

    for shadow, target in product(settings.cells, repeat=2):
        beats(f"{FIGURE_3[half]}: DL-MIA beats Biased-MIA", fit_of(study, half, shadow + target))
    for setting in settings.ablated:
        fit = fit_of(study, half, setting)
        if reading == CORRECTED:
            first = Scored(fit, PRETRAINED)
            better("Table 2: disentangling beats Biased-MIA", first, Scored(fit, theirs))
            better("Table 2: reweighting helps further", Scored(fit, ours), first)
        for encoder in ENCODERS:
            other = Scored(replace(fit, encoder=encoder), ours)
            better(f"Table 2: {encoder} does as well", Scored(fit, ours), other)
    for setting in settings.described:
        fit = fit_of(study, half, setting)
        beats("Table 3: DL-MIA beats Biased-MIA, factors", fit)
        if {setting[0], setting[2]} <= set(settings.texts):
            beats("Table 3: DL-MIA beats Biased-MIA, texts", replace(fit, texts=True))
    for setting in settings.defended:
        fit = fit_of(study, half, setting)
        defended = fit_of(study, half, setting, defence=settings.defence_ratio)
        for name, attack in ((BIASED, theirs), (DL_MIA, ours)):
            claim = f"Figure 4: the defence lowers {name}"
            better(claim, Scored(fit, attack), Scored(defended, attack))
        beats("Figure 4: with the defence DL-MIA beats Biased-MIA", defended)
    return said


def _counted(study: Study, half: str, cells: list[str]) -> list[ResultRow]:
    """What the paper says of Figure 3 as a whole: in how many settings something holds."""
    rows = []
    for reading, ours, theirs in READINGS:
        kind = METRIC[reading]
        dl, biased = (_areas(study, half, cells, attack, kind) for attack in (ours, theirs))
        counted = [
            (f"DL-MIA is over {HIGH} in most settings (over 80%)", (dl > HIGH).mean(), 0.8),
            ("the shadow that is the target's like is the best", _diagonal_best(dl), 0.5),
        ]
        if half == GENERAL:
            below = (biased < LOW).mean()
            counted.append((f"Biased-MIA is below {LOW} in over 60% of settings", below, 0.6))
        for claim, share, least in counted:
            rows.append(
                ResultRow(
                    STUDY, "Claims", "", f"{FIGURE_3[half]}: {claim}", "", reading, half,
                    f"share of settings by {kind}", float(share), n_seeds=study.settings.n_seeds,
                    note="confirmed" if share > least else "refuted",
                )
            )  # fmt: skip
    return rows


def _areas(study: Study, half: str, cells: list[str], attack: str, kind: str) -> np.ndarray:
    """float64 [cells, cells] of one attack, a row a shadow."""

    def area(setting: str) -> float:
        found = read_measured(study, half, Scored(fit_of(study, half, setting), attack))
        return next(m.value for m in found if m.metric == kind)

    return np.array([[area(shadow + target) for target in cells] for shadow in cells])


def _diagonal_best(areas: np.ndarray) -> float:
    """Share of targets (columns) that no shadow attacks better than their like."""
    return float((np.diag(areas) >= areas.max(axis=0)).mean())
