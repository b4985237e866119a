"""Metrics of a score that is the mean of several seeds, with intervals over seeds and units."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from recmia.errors import DataError
from recmia.evaluation import metrics
from recmia.evaluation.intervals import Measurement, ScoredUnits, _Groups, _Sides
from recmia.seeds import generator


def evaluate_mean_score(
    scores: np.ndarray,
    membership: np.ndarray,
    threshold: float,
    *,
    repeats: int,
    level: float,
    seed: int,
    fprs: Sequence[float] = (0.01, 0.001),
    progress: Callable[[int], None] = lambda repeats: None,
) -> list[Measurement]:
    """Every metric of the mean score, and its percentile bootstrap interval.

    `recmia.evaluation.intervals.evaluate` averages the metrics of attacks that are used one by
    one; here the attacks of all seeds are used together, as one. Each repeat draws as many seeds
    as there are, with replacement, averages their scores, and draws as many members and as many
    non-members as there are, with replacement.

    Args:
        scores: float [M, n], a row a seed.
        membership: bool [n].
        threshold: a unit is guessed a member where its mean score is at least this.
        repeats: bootstrap repeats.
        level: coverage aimed at, such as 0.95.
        seed: root of the resampling.
        fprs: rates for TPR at FPR, left out where there are too few non-members
            (:func:`recmia.evaluation.metrics.fpr_is_measurable`).
        progress: called with the number of repeats done.

    Returns:
        ROC AUC, hard-label AUC, accuracy, precision, recall, F1, then TPR at each rate.

    Raises:
        DataError: no seed, NaN scores, or members or non-members are missing.
    """
    if not len(scores):
        raise DataError("There is no seed's score to average.")
    unit = np.arange(len(membership))
    groups = _Groups.of(unit, membership)
    fprs = [f for f in fprs if metrics.fpr_is_measurable(f, int((~membership).sum()))]
    names = [metrics.ROC_AUC, *metrics.THRESHOLD_METRICS, *map(metrics.tpr_at_fpr_name, fprs)]

    def side(rows: np.ndarray) -> _Sides:
        return _Sides.of(ScoredUnits(scores[rows].mean(axis=0), membership, unit, threshold))

    n_seeds = len(scores)
    value = side(np.arange(n_seeds)).metrics(np.ones((1, len(unit))), fprs)[0]
    chosen = generator(seed, "bootstrap", "seeds").integers(0, n_seeds, (repeats, n_seeds))
    # Repeats that drew the same seeds share their mean score and its sorting.
    draws, times = np.unique(np.sort(chosen, axis=1), axis=0, return_counts=True)
    rng = generator(seed, "bootstrap", "units")
    drawn = []
    for rows, n in zip(draws, times, strict=True):
        drawn_side = side(rows)
        for counts in groups.draws(rng, int(n)):
            drawn.append(drawn_side.metrics(counts[:, groups.of_unit], fprs))
            progress(len(counts))
    low, high = np.quantile(np.concatenate(drawn), [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [
        Measurement(name, float(v), float(lo), float(hi), n_seeds)
        for name, v, lo, hi in zip(names, value, low, high, strict=True)
    ]
