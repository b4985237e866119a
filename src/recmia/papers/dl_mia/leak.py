"""What of the published gain over Biased-MIA is the leak's, cell by cell, and on the mean."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.measuring import Runs, differences
from recmia.experiments.rows import AS_PUBLISHED, CONTROL, CORRECTED, Row, numbers_of
from recmia.experiments.study import Study
from recmia.experiments.verdicts import MARGIN
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    SELF_TRAINED,
    Scored,
)
from recmia.papers.dl_mia.tables import columns_of, grid
from recmia.papers.dl_mia.worlds import STEP, worlds


class Gain(NamedTuple):
    """One attack less another.

    Attributes:
        first: attack.
        second: attack.
        reading: of the difference.
        against: the second, by what it differs in.
    """

    first: str
    second: str
    reading: str
    against: str


PUBLISHED = Gain(LEAKY_BEST, BIASED_RELEASED, AS_PUBLISHED, "Biased-MIA")
# Released code is held against released code, the text's attack against the text's.
GAINS = (
    PUBLISHED,
    Gain(LEAKY, BIASED_RELEASED, AS_PUBLISHED, "Biased-MIA"),
    Gain(SELF_TRAINED, BIASED_RELEASED, CONTROL, "Biased-MIA"),
    Gain(DL_MIA, BIASED, CORRECTED, "Biased-MIA"),
)
# What the published gain is made of beside what the released code gains without the leak: the
# leak, and the choice of the checkpoint.
PARTS = (
    Gain(LEAKY, SELF_TRAINED, CONTROL, "guessed labels"),
    Gain(LEAKY_BEST, LEAKY, CONTROL, "last"),
)


def leak_rows(study: Study, runs: dict[Scored, Runs]) -> list[Row]:
    """Gains over Biased-MIA, what the published one is made of, and the parts' shares of it.

    The published attack differs from the same code without its slip by the labels in its loss, and
    by a checkpoint that is chosen by the labels; both parts are measured, paired, and what is left
    is what that code gains without them. The text's attack stands beside it. Shares are stated
    where there is a gain to share: where it is above what counts as a difference, interval and all.

    Args:
        study: the run.
        runs: where the scores of the whole grid are.
    """
    asked, rows = (*GAINS, *PARTS), []
    for half, world in worlds(study).items():
        fits = grid(half, world)
        pairs = [
            (runs[Scored(fit, gain.first)], runs[Scored(fit, gain.second)])
            for fit in fits
            for gain in asked
        ]
        found = iter(differences(study, study.folder(STEP) / half / "differences", pairs))
        measured = {fit: {gain: next(found) for gain in asked} for fit in fits}
        for kind in (HARD_LABEL_AUC, ROC_AUC):
            for fit, of_fit in measured.items():
                columns = {g: columns_of(study, Scored(fit, g.first)) for g in asked}
                rows += [
                    _row(columns[g], g, f"difference of {kind}", **numbers_of(m[kind]))
                    for g, m in of_fit.items()
                ]
                values = {gain: m[kind].value for gain, m in of_fit.items()}
                rows += _shares(study, columns, values, of_fit[PUBLISHED][kind].ci_low, kind)
            rows += _means(study, measured, kind)
    return rows


def _means(study: Study, measured: dict[Any, dict[Gain, dict]], kind: str) -> list[Row]:
    """The same on the mean over the settings of a grid."""
    one = next(iter(measured))
    blank = dict.fromkeys(("shadow_data", "shadow", "target_data", "target"))
    blank |= {"dataset": "", "note": "mean over settings"}
    columns = {g: columns_of(study, Scored(one, g.first)) | blank for g in measured[one]}
    means = {
        gain: float(np.mean([of_fit[gain][kind].value for of_fit in measured.values()]))
        for gain in columns
    }
    n_seeds = study.settings.n_seeds
    rows = [
        _row(columns[g], g, f"difference of {kind}", value=value, n_seeds=n_seeds)
        for g, value in means.items()
    ]
    return rows + _shares(study, columns, means, means[PUBLISHED], kind)


def _shares(
    study: Study,
    columns: dict[Gain, dict[str, Any]],
    values: dict[Gain, float],
    least: float,
    kind: str,
) -> list[Row]:
    """Each part's share of the published gain, which is at least ``least``."""
    if least <= MARGIN:
        return []
    return [
        _row(
            columns[part],
            part,
            f"share of the published gain in {kind}",
            value=values[part] / values[PUBLISHED],
            n_seeds=study.settings.n_seeds,
        )
        for part in PARTS
    ]


def _row(columns: dict[str, Any], gain: Gain, metric: str, **numbers: Any) -> Row:
    told = {"artefact": "Leak", "reading": gain.reading, "against": gain.against}
    return Row(**columns | told | numbers, metric=metric)
