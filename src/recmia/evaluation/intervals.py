"""Means over seeds with bootstrap intervals over seeds, then over groups of sessions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recmia.errors import DataError
from recmia.evaluation.measurement import Measurement, ScoredUnits, with_degenerate
from recmia.evaluation.resampling import Groups, Statistic, not_empty, two_level
from recmia.evaluation.weighted_metrics import Asked, WeightedMetrics


def evaluate(
    runs: Sequence[ScoredUnits],
    *,
    repeats: int,
    level: float,
    seed: int,
    fprs: Sequence[float] = (0.01, 0.001),
) -> list[Measurement]:
    """Every metric of an attack: mean over seeds and percentile bootstrap interval.

    Each repeat draws as many seeds as there are, with replacement, and in each drawn seed as many
    groups as it has, with replacement: members-only, non-members-only and mixed groups apart, so
    that the cohorts keep their sizes. **With one seed the interval covers the choice of sessions
    only**, not the training of another model on another cohort. With few seeds it is rough
    (Davison and Hinkley 1997, section 3.8): for ROC AUC on 400 sessions, 95% intervals over three
    seeds held the truth in 96% of 400 simulations where seeds differed by their sessions only, in
    93% where models differed by two thirds as much again, in 85% where that was twice as much.

    Args:
        runs: one per seed.
        repeats: bootstrap repeats.
        level: coverage aimed at, such as 0.95.
        seed: root of the resampling; equal inputs give equal intervals.
        fprs: rates for TPR at FPR; a rate that some seed has too few non-members for
            (:func:`recmia.evaluation.metrics.fpr_is_measurable`) is left out.

    Returns:
        ROC AUC, hard-label AUC, accuracy, precision, recall, F1, then TPR at each rate.

    Raises:
        DataError: no run, NaN scores, or a run without members or without non-members.
    """
    not_empty(runs)
    asked = Asked.of(runs, fprs)
    at_units = [WeightedMetrics.of(run, asked).at for run in runs]
    groups = [Groups.of(run.groups, run.membership) for run in runs]
    statistics = [group.over(at) for group, at in zip(groups, at_units, strict=True)]
    found = two_level(asked.names, statistics, groups, repeats=repeats, level=level, seed=seed)
    return with_degenerate(found, asked.alike(runs))


def evaluate_contrast(
    first: Sequence[ScoredUnits],
    second: Sequence[ScoredUnits],
    *,
    repeats: int,
    level: float,
    seed: int,
) -> list[Measurement]:
    """Every metric of one attack minus that of another on the same units, paired.

    Both are recomputed on each resample of seeds and groups (see :func:`evaluate`), so that what
    they share does not widen the interval.

    Args:
        first: one per seed.
        second: one per seed, on the same units in the same order.
        repeats: bootstrap repeats.
        level: coverage aimed at.
        seed: root of the resampling.

    Returns:
        Differences of ROC AUC, hard-label AUC, accuracy, precision, recall and F1.

    Raises:
        DataError: the two are not about the same units.
    """
    not_empty(first)
    if len(first) != len(second):
        raise DataError("A paired difference needs two attacks on the same units.")
    asked, groups, statistics = Asked.of(first), [], []
    for run, other in zip(first, second, strict=True):
        run.check_same_units(other)
        groups.append(Groups.of(run.groups, run.membership))
        statistics.append(groups[-1].over(_difference(run, other, asked)))
    found = two_level(asked.names, statistics, groups, repeats=repeats, level=level, seed=seed)
    return with_degenerate(found, asked.alike(first) | asked.alike(second))


def evaluate_mean(
    metric: str,
    runs: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    repeats: int,
    level: float,
    seed: int,
) -> Measurement:
    """Mean of a per-session value (NDCG, a hit, a loss): the same intervals as :func:`evaluate`.

    Args:
        metric: name for the result.
        runs: per seed, values float [n] and groups [n].
        repeats: bootstrap repeats.
        level: coverage aimed at.
        seed: root of the resampling.

    Raises:
        DataError: no run, or a run without values.
    """
    not_empty(runs)
    for values, group in runs:
        if not len(values) or len(values) != len(group):
            raise DataError(f"{metric}: {len(values)} values for {len(group)} groups.")
    groups = [Groups.of(group, np.zeros(len(group), dtype=bool)) for _, group in runs]
    statistics = []
    for (values, _), group in zip(runs, groups, strict=True):
        sums = np.bincount(group.of_unit, np.asarray(values, dtype=np.float64))
        sizes = np.bincount(group.of_unit)
        statistics.append(
            lambda counts, sums=sums, sizes=sizes: ((counts @ sums) / (counts @ sizes))[:, None]
        )
    return two_level([metric], statistics, groups, repeats=repeats, level=level, seed=seed)[0]


def _difference(first: ScoredUnits, second: ScoredUnits, asked: Asked) -> Statistic:
    one, other = WeightedMetrics.of(first, asked), WeightedMetrics.of(second, asked)
    return lambda weights: one.at(weights) - other.at(weights)
