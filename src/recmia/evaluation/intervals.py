"""Means over seeds with bootstrap intervals over seeds, then over groups of sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recmia.errors import DataError
from recmia.evaluation import metrics
from recmia.seeds import generator

_CHUNK = 1 << 19  # weights held at once: 4 MB as float64, near the size of a processor's cache


@dataclass(frozen=True)
class ScoredUnits:
    """What an attack said of the units (sessions) of one seed.

    Attributes:
        scores: float [n], higher is more likely a member.
        membership: bool [n].
        groups: [n], equal for units that are resampled together (identical sessions).
        threshold: a unit is guessed a member where its score is at least this; fixed without
            looking at these labels.
    """

    scores: np.ndarray
    membership: np.ndarray
    groups: np.ndarray
    threshold: float


@dataclass(frozen=True)
class Measurement:
    """A metric's mean over seeds with the limits of its interval.

    Attributes:
        metric: its name.
        value: the mean.
        ci_low: lower limit.
        ci_high: upper limit.
        n_seeds: how many seeds.
        degenerate: share of seeds in which an attack said the same of everybody: equal guesses for
            metrics at a threshold, equal scores for the others. A difference counts seeds in which
            either side did.
    """

    metric: str
    value: float
    ci_low: float
    ci_high: float
    n_seeds: int
    degenerate: float = 0.0


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
    _not_empty(runs)
    sides = [_Sides.of(run) for run in runs]
    fewest = min(side.outsiders.size for side in sides)
    fprs = [fpr for fpr in fprs if metrics.fpr_is_measurable(fpr, fewest)]
    names = [metrics.ROC_AUC, *metrics.THRESHOLD_METRICS, *map(metrics.tpr_at_fpr_name, fprs)]
    groups = [_Groups.of(run.groups, run.membership) for run in runs]
    statistics = [
        lambda counts, side=side, group=group: side.metrics(counts[:, group.of_unit], fprs)
        for side, group in zip(sides, groups, strict=True)
    ]
    alike = np.array([_alike(run, names) for run in runs])
    found = _two_level(names, statistics, groups, repeats=repeats, level=level, seed=seed)
    return _with_degenerate(found, alike)


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
    _not_empty(first)
    if len(first) != len(second) or any(
        not np.array_equal(a.membership, b.membership) or not np.array_equal(a.groups, b.groups)
        for a, b in zip(first, second, strict=True)
    ):
        raise DataError("A paired difference needs two attacks on the same units.")
    groups = [_Groups.of(run.groups, run.membership) for run in first]
    statistics = []
    for a, b, group in zip(first, second, groups, strict=True):
        sides = _Sides.of(a), _Sides.of(b)
        statistics.append(
            lambda counts, sides=sides, group=group: (
                sides[0].metrics(counts[:, group.of_unit], ())
                - sides[1].metrics(counts[:, group.of_unit], ())
            )
        )
    names = [metrics.ROC_AUC, *metrics.THRESHOLD_METRICS]
    alike = np.array([_alike(run, names) for side in (first, second) for run in side])
    found = _two_level(names, statistics, groups, repeats=repeats, level=level, seed=seed)
    return _with_degenerate(found, alike.reshape(2, len(first), len(names)).any(axis=0))


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
    _not_empty(runs)
    for values, group in runs:
        if not len(values) or len(values) != len(group):
            raise DataError(f"{metric}: {len(values)} values for {len(group)} groups.")
    groups = [_Groups.of(group, np.zeros(len(group), dtype=bool)) for _, group in runs]
    statistics = []
    for (values, _), group in zip(runs, groups, strict=True):
        sums = np.bincount(group.of_unit, np.asarray(values, dtype=np.float64))
        sizes = np.bincount(group.of_unit)
        statistics.append(
            lambda counts, sums=sums, sizes=sizes: ((counts @ sums) / (counts @ sizes))[:, None]
        )
    return _two_level([metric], statistics, groups, repeats=repeats, level=level, seed=seed)[0]


@dataclass(frozen=True)
class _Groups:
    """Groups numbered so that each stratum (outsiders, mixed, members) is one range."""

    of_unit: np.ndarray  # int64 [n], number of each unit's group
    strata: tuple[int, ...]  # sizes of the ranges

    @classmethod
    def of(cls, groups: np.ndarray, membership: np.ndarray) -> _Groups:
        _, code, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        members = np.bincount(code, weights=membership, minlength=len(sizes))
        stratum = np.where(members == 0, 0, np.where(members == sizes, 2, 1))
        number = np.empty(len(sizes), dtype=np.int64)
        number[np.argsort(stratum, kind="stable")] = np.arange(len(sizes))
        return cls(number[code], tuple(np.bincount(stratum, minlength=3)))

    def draws(self, rng: np.random.Generator, times: int) -> Iterator[np.ndarray]:
        """Chunks [rows, groups] float64: how often each group is drawn; ``times`` rows in all."""
        rows = max(1, _CHUNK // len(self.of_unit))
        for start in range(0, times, rows):
            n = min(rows, times - start)
            parts = []
            for size in self.strata:
                drawn = rng.integers(0, size, (n, size), dtype=np.int32) if size else np.empty(0)
                flat = (drawn + size * np.arange(n, dtype=np.int32)[:, None]).ravel()
                counts = np.bincount(flat.astype(np.int64), minlength=n * size)
                parts.append(counts.reshape(n, size))
            yield np.concatenate(parts, axis=1).astype(np.float64)


@dataclass(frozen=True)
class _Sides:
    """Members and non-members of one run, each sorted by falling score."""

    members: np.ndarray  # int64, positions of members in the run
    outsiders: np.ndarray  # int64, positions of non-members
    above: np.ndarray  # int64 [non-members], members that score higher
    level: np.ndarray  # int64 [non-members], members that score higher or equal
    guessed: tuple[int, int]  # members and non-members at or above the threshold

    @classmethod
    def of(cls, run: ScoredUnits) -> _Sides:
        scores, membership = metrics.checked(run.scores, run.membership)
        if len(run.groups) != len(scores):
            raise DataError(f"{len(run.groups)} groups for {len(scores)} scores.")
        falling = np.argsort(-scores, kind="stable")
        members, outsiders = falling[membership[falling]], falling[~membership[falling]]
        inside, outside = -scores[members], -scores[outsiders]
        return cls(
            members,
            outsiders,
            np.searchsorted(inside, outside, side="left"),
            np.searchsorted(inside, outside, side="right"),
            tuple(int((side <= -run.threshold).sum()) for side in (inside, outside)),
        )

    def metrics(self, weights: np.ndarray, fprs: Sequence[float]) -> np.ndarray:
        """[rows, metrics] for weights [rows, units]: sums of whole numbers, exact in float64."""
        weight_out = weights[:, self.outsiders]
        inside = _running(weights[:, self.members])
        outside = _running(weight_out)
        total_in, total_out = inside[:, -1], outside[:, -1]
        pairs = np.einsum("ij,ij->i", weight_out, inside[:, self.above])
        pairs += np.einsum("ij,ij->i", weight_out, inside[:, self.level])
        hits, alarms = inside[:, self.guessed[0]], outside[:, self.guessed[1]]
        tpr, fpr = hits / total_in, alarms / total_out
        columns = [
            pairs / (2 * total_in * total_out),
            (tpr + 1 - fpr) / 2,
            (hits + total_out - alarms) / (total_in + total_out),
            hits / np.maximum(hits + alarms, 1),
            tpr,
            2 * hits / (hits + alarms + total_in),
        ]
        rows = np.arange(len(weights))
        for rate in fprs:
            allowed = np.floor(rate * total_out + 1e-6)
            barrier = (outside[:, 1:] <= allowed[:, None]).sum(axis=1)
            columns.append(inside[rows, self.above[barrier]] / total_in)
        return np.stack(columns, axis=1)


def _alike(run: ScoredUnits, names: Sequence[str]) -> list[bool]:
    """Of each metric, whether what it looks at is the same of everybody."""
    scores = np.asarray(run.scores)
    guesses = scores >= run.threshold
    guessed, scored = guesses.min() == guesses.max(), scores.min() == scores.max()
    return [bool(guessed if name in metrics.THRESHOLD_METRICS else scored) for name in names]


def _with_degenerate(found: list[Measurement], alike: np.ndarray) -> list[Measurement]:
    """Measurements with what ``alike``, bool [seeds, metrics], says of them."""
    shares = alike.mean(axis=0).tolist()
    return [replace(one, degenerate=share) for one, share in zip(found, shares, strict=True)]


def _running(weights: np.ndarray) -> np.ndarray:
    total = np.zeros((weights.shape[0], weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=total[:, 1:])
    return total


def _not_empty(runs: Sequence) -> None:
    if not len(runs):
        raise DataError("There is no run to evaluate.")


def _two_level(
    names: Sequence[str],
    statistics: Sequence[Callable[[np.ndarray], np.ndarray]],
    groups: Sequence[_Groups],
    *,
    repeats: int,
    level: float,
    seed: int,
) -> list[Measurement]:
    """Bootstrap seeds, then groups; ``statistics`` map counts [rows, groups] to [rows, names]."""
    n_seeds = len(groups)
    chosen = generator(seed, "bootstrap", "seeds").integers(0, n_seeds, (repeats, n_seeds))
    drawn = np.zeros((repeats, len(names)))
    value = np.zeros(len(names))
    for number, (statistic, group) in enumerate(zip(statistics, groups, strict=True)):
        value += statistic(np.ones((1, sum(group.strata))))[0] / n_seeds
        repeat = np.nonzero(chosen == number)[0]
        rng = generator(seed, "bootstrap", "groups", number)
        sample = [statistic(counts) for counts in group.draws(rng, len(repeat))]
        if sample:
            np.add.at(drawn, repeat, np.concatenate(sample) / n_seeds)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [
        Measurement(name, float(v), float(lo), float(hi), n_seeds)
        for name, v, lo, hi in zip(names, value, low, high, strict=True)
    ]
