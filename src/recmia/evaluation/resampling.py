"""The bootstrap: draws of seeds and of groups of units, and the percentile intervals of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recmia.errors import DataError
from recmia.evaluation.measurement import Measurement
from recmia.seeds import generator

# Counts [rows, groups] of how often each group is drawn, to metrics [rows, names].
Statistic = Callable[[np.ndarray], np.ndarray]

_CHUNK = 1 << 19  # weights held at once: 4 MB as float64, near the size of a processor's cache


@dataclass(frozen=True)
class Groups:
    """Groups of units numbered so that each stratum is one range.

    Attributes:
        of_unit: int64 [n], number of each unit's group.
        strata: sizes of the ranges; each is drawn from by itself, so that it keeps its size.
    """

    of_unit: np.ndarray
    strata: tuple[int, ...]

    @classmethod
    def of(cls, groups: np.ndarray, membership: np.ndarray) -> Groups:
        """Strata of groups of non-members only, of both, and of members only."""
        _, code, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        members = np.bincount(code, weights=membership, minlength=len(sizes))
        stratum = np.where(members == 0, 0, np.where(members == sizes, 2, 1))
        number = np.empty(len(sizes), dtype=np.int64)
        number[np.argsort(stratum, kind="stable")] = np.arange(len(sizes))
        return cls(number[code], tuple(np.bincount(stratum, minlength=3)))

    @property
    def total(self) -> int:
        """How many groups."""
        return sum(self.strata)

    def over(self, at_units: Statistic) -> Statistic:
        """A statistic of weights of units as one of counts of groups."""
        return lambda counts: at_units(counts[:, self.of_unit])

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


def two_level(
    names: Sequence[str],
    statistics: Sequence[Statistic],
    groups: Sequence[Groups],
    *,
    repeats: int,
    level: float,
    seed: int,
) -> list[Measurement]:
    """Draw seeds, then in each drawn seed its own groups.

    Args:
        names: of the metrics.
        statistics: one a seed.
        groups: one a seed.
        repeats: bootstrap repeats.
        level: coverage aimed at.
        seed: root of the resampling.
    """
    n_seeds = len(groups)
    chosen = generator(seed, "bootstrap", "seeds").integers(0, n_seeds, (repeats, n_seeds))
    drawn = np.zeros((repeats, len(names)))
    value = np.zeros(len(names))
    for number, (statistic, group) in enumerate(zip(statistics, groups, strict=True)):
        value += statistic(np.ones((1, group.total)))[0] / n_seeds
        repeat = np.nonzero(chosen == number)[0]
        rng = generator(seed, "bootstrap", "groups", number)
        sample = [statistic(counts) for counts in group.draws(rng, len(repeat))]
        if sample:
            np.add.at(drawn, repeat, np.concatenate(sample) / n_seeds)
    return intervals(names, value, drawn, level=level, n_seeds=n_seeds)


def pigeonhole(
    names: Sequence[str],
    statistics: Sequence[Statistic],
    groups: Groups,
    *,
    repeats: int,
    level: float,
    seed: int,
) -> list[Measurement]:
    """Draw seeds and, apart from these, groups that all seeds share (Owen 2007).

    Arguments are those of :func:`two_level`, but for the groups.
    """
    n_seeds = len(statistics)

    def mean(counts: np.ndarray, shares: np.ndarray) -> np.ndarray:
        parts = zip(shares.T, statistics, strict=True)
        return sum(share[:, None] * statistic(counts) for share, statistic in parts)

    value = mean(np.ones((1, groups.total)), np.full((1, n_seeds), 1 / n_seeds))[0]
    chosen = generator(seed, "bootstrap", "seeds").integers(0, n_seeds, (repeats, n_seeds))
    shares = (chosen[:, :, None] == np.arange(n_seeds)).mean(axis=1)
    drawn, done = np.zeros((repeats, len(names))), 0
    for counts in groups.draws(generator(seed, "bootstrap", "groups"), repeats):
        rows = slice(done, done + len(counts))
        with np.errstate(invalid="ignore"):  # a repeat may lack the members of a tiny seed
            drawn[rows] = mean(counts, shares[rows])
        done += len(counts)
    return intervals(names, value, drawn, level=level, n_seeds=n_seeds)


def intervals(
    names: Sequence[str], value: np.ndarray, drawn: np.ndarray, *, level: float, n_seeds: int
) -> list[Measurement]:
    """Percentile intervals of repeats, float [repeats, names]; NaN where a repeat had no value."""
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [
        Measurement(name, float(v), float(lo), float(hi), n_seeds)
        for name, v, lo, hi in zip(names, value, low, high, strict=True)
    ]


def not_empty(runs: Sequence) -> None:
    """Raises DataError where there is no run."""
    if not len(runs):
        raise DataError("There is no run to evaluate.")
