"""Means over targets that are about the same sessions, with intervals that know it.

`recmia.evaluation.intervals.evaluate` draws each target's sessions apart from the next one's, which
is right where every target has cohorts of its own. In a membership game all targets have one pool:
what is easy to tell of one target is so of the others, and drawing apart would take T targets for T
pools, with intervals that are up to √T times too short.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recmia.evaluation import metrics
from recmia.evaluation.intervals import Measurement, ScoredUnits
from recmia.evaluation.intervals import _alike as alike_in
from recmia.evaluation.intervals import _not_empty as check_not_empty
from recmia.evaluation.intervals import _Sides as Sides
from recmia.evaluation.intervals import _with_degenerate as with_degenerate
from recmia.seeds import generator

_CHUNK = 1 << 19  # weights held at once, as in `recmia.evaluation.intervals`


def evaluate_shared(
    runs: Sequence[ScoredUnits],
    *,
    repeats: int,
    level: float,
    seed: int,
    fprs: Sequence[float] = (0.01, 0.001),
) -> list[Measurement]:
    """Every metric of an attack: mean over targets and percentile bootstrap interval.

    Each repeat draws as many targets as there are, with replacement, and, apart from these, as many
    groups of units as there are, with replacement, the same for every target (the pigeonhole
    bootstrap, Owen 2007, "The pigeonhole bootstrap": its intervals are rather too long than too
    short). How many members a target has differs from repeat to repeat, as its coins make it.

    Args:
        runs: one per target; equal ``groups`` are the same units under every target.
        repeats: bootstrap repeats.
        level: coverage aimed at.
        seed: root of the resampling; equal inputs give equal intervals.
        fprs: as of `recmia.evaluation.intervals.evaluate`.

    Returns:
        As of `recmia.evaluation.intervals.evaluate`.

    Raises:
        DataError: no run, NaN scores, or a run without members or without non-members.
    """
    check_not_empty(runs)
    sides = [Sides.of(run) for run in runs]
    fewest = min(side.outsiders.size for side in sides)
    fprs = [fpr for fpr in fprs if metrics.fpr_is_measurable(fpr, fewest)]
    names = [metrics.ROC_AUC, *metrics.THRESHOLD_METRICS, *map(metrics.tpr_at_fpr_name, fprs)]
    code = np.unique(np.concatenate([run.groups for run in runs]), return_inverse=True)[1]
    units = np.split(code, np.cumsum([len(run.groups) for run in runs])[:-1])
    groups = int(code.max()) + 1

    def mean(counts: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """[rows, metrics] for how often each group, and each target, is drawn, a row a repeat."""
        found = (side.metrics(counts[:, of], fprs) for side, of in zip(sides, units, strict=True))
        return sum(share[:, None] * one for share, one in zip(targets.T, found, strict=True))

    value = mean(np.ones((1, groups)), np.full((1, len(runs)), 1 / len(runs)))[0]
    drawn, rng = [], generator(seed, "bootstrap", "shared units")
    rows = max(1, _CHUNK // max(len(of) for of in units))
    for start in range(0, repeats, rows):
        n = min(rows, repeats - start)
        targets = _counts(rng, n, len(runs)) / len(runs)
        with np.errstate(invalid="ignore"):  # a repeat may lack the members of a tiny target
            drawn.append(mean(_counts(rng, n, groups), targets))
    low, high = np.nanquantile(np.concatenate(drawn), [(1 - level) / 2, (1 + level) / 2], axis=0)
    found = [
        Measurement(name, float(v), float(lo), float(hi), len(runs))
        for name, v, lo, hi in zip(names, value, low, high, strict=True)
    ]
    return with_degenerate(found, np.array([alike_in(run, names) for run in runs]))


def _counts(rng: np.random.Generator, rows: int, size: int) -> np.ndarray:
    """float64 [rows, size]: how often each of ``size`` is drawn in ``size`` draws."""
    drawn = rng.integers(0, size, (rows, size)) + size * np.arange(rows)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size).astype(np.float64)
