"""Metrics of a score that is the mean of several seeds, with intervals over seeds and units."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from recmia.errors import DataError
from recmia.evaluation.measurement import Measurement, ScoredUnits
from recmia.evaluation.resampling import Groups, intervals
from recmia.evaluation.weighted_metrics import Asked, WeightedMetrics
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
    unit, n_seeds = np.arange(len(membership)), len(scores)

    def mean_of(rows: np.ndarray) -> ScoredUnits:
        return ScoredUnits(scores[rows].mean(axis=0), membership, unit, threshold)

    everybody = mean_of(np.arange(n_seeds))
    asked, groups = Asked.of([everybody], fprs), Groups.of(unit, membership)
    value = WeightedMetrics.of(everybody, asked).at(np.ones((1, len(unit))))[0]
    chosen = generator(seed, "bootstrap", "seeds").integers(0, n_seeds, (repeats, n_seeds))
    # Repeats that drew the same seeds share their mean score and its sorting.
    draws, times = np.unique(np.sort(chosen, axis=1), axis=0, return_counts=True)
    rng = generator(seed, "bootstrap", "units")
    drawn = []
    for rows, n in zip(draws, times, strict=True):
        statistic = groups.over(WeightedMetrics.of(mean_of(rows), asked).at)
        for counts in groups.draws(rng, int(n)):
            drawn.append(statistic(counts))
            progress(len(counts))
    return intervals(asked.names, value, np.concatenate(drawn), level=level, n_seeds=n_seeds)
