"""Rates of many kinds of hard guesses at once, with intervals over targets and sessions.

A two-level bootstrap draws a target's sessions apart from the next one's, though they are the same:
where a few sessions are accused under every target it is much too short. It draws too little of few
targets, and nothing but 0 where there was no false positive. The limits here are those that surveys
use for rare answers in clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy import sparse, stats

from recmia.evaluation.measurement import Measurement
from recmia.evaluation.predictive_value import predictive_interval, predictive_value
from recmia.evaluation.proportions import binomial_interval
from recmia.storage import read_arrays, write_json

TPR, FPR, BALANCED_ACCURACY = "TPR", "FPR", "balanced accuracy"

Run = tuple[np.ndarray, np.ndarray, np.ndarray]


def rates(runs: Sequence[Run], *, level: float) -> list[dict[str, Measurement]]:
    """True and false positive rate and balanced accuracy of each column of guesses.

    The variance of a mean over targets is the sum of two: over targets, and over units, whose
    guesses under all targets go together (clustering in two ways, Cameron, Gelbach and Miller
    2011; what is left out is the third, negative part, so that the intervals are rather too long).
    Its degrees of freedom are Satterthwaite's (1946). From it follow, for a rate, the exact limits
    of as many independent trials as would vary as much (Korn and Graubard 1998, "Confidence
    intervals for proportions with small expected number of positive counts estimated from survey
    data"), and for the balanced accuracy those of Student's t. With one target they are about the
    choice of units alone.

    Args:
        runs: of each target int8 [n, A] (1 a guessed member, 0 none, -1 not to be counted),
            membership bool [n], and numbers int64 [n] of the units, the same under every target.
        level: coverage aimed at.

    Returns:
        Of each column, metric to its mean over targets with its interval; NaN where a target has
        no member or no non-member in it.
    """
    units = 1 + max(int(unit.max()) for *_, unit in runs)
    with np.errstate(invalid="ignore", divide="ignore"):
        tpr, fpr = (_Mean.of(runs, units, inside) for inside in (True, False))
        balanced = _Mean(
            (tpr.by_target + 1 - fpr.by_target) / 2,
            (tpr.apart - fpr.apart) / 2,
            tpr.trials + fpr.trials,
            tpr.units + fpr.units,
        )
        kinds = {
            TPR: (tpr.value, *tpr.exact(level)),
            FPR: (fpr.value, *fpr.exact(level)),
            BALANCED_ACCURACY: (balanced.value, *balanced.by_student(level)),
        }
    return [
        {
            metric: Measurement(metric, *(float(one[column]) for one in found), len(runs))
            for metric, found in kinds.items()
        }
        for column in range(runs[0][0].shape[1])
    ]


@dataclass(frozen=True)
class _Mean:
    """A rate's mean over T targets, of A columns at once."""

    by_target: np.ndarray  # float64 [T, A]
    apart: np.ndarray  # float64 [units, A], what each moves the mean by
    trials: np.ndarray  # int64 [A], guesses
    units: np.ndarray  # int64 [A], units that are guessed about

    @classmethod
    def of(cls, runs: Sequence[Run], units: int, inside: bool) -> _Mean:
        columns = runs[0][0].shape[1]
        by_target, apart = [], np.zeros((units, columns))
        trials, seen = np.zeros(columns), np.zeros((units, columns), dtype=bool)
        for guessed, member, unit in runs:
            n = len(unit)
            of_unit = sparse.csr_array((np.ones(n), (unit, np.arange(n))), shape=(units, n))
            counted = (guessed >= 0) & (member == inside)[:, None]
            asked = of_unit @ counted.astype(np.float64)
            hits = of_unit @ (counted & (guessed == 1)).astype(np.float64)
            share = hits.sum(axis=0) / asked.sum(axis=0)
            by_target.append(share)
            apart += (hits - share * asked) / (len(runs) * asked.sum(axis=0))
            trials += asked.sum(axis=0)
            seen |= asked > 0
        return cls(np.array(by_target), apart, trials, seen.sum(axis=0))

    @property
    def value(self) -> np.ndarray:
        return self.by_target.mean(axis=0)

    def spread(self) -> tuple[np.ndarray, np.ndarray]:
        """Variance of the mean, and its degrees of freedom."""
        targets = len(self.by_target)
        over_units = self.units / (self.units - 1) * (self.apart**2).sum(axis=0)
        if targets == 1:
            return over_units, self.units - 1.0
        over_targets = self.by_target.var(axis=0, ddof=1) / targets
        variance = over_targets + over_units
        parts = over_targets**2 / (targets - 1) + over_units**2 / (self.units - 1)
        return variance, np.where(parts > 0, variance**2 / parts, self.units - 1.0)

    def exact(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limits of a rate, [A] each."""
        value, (variance, freedom) = self.value, self.spread()
        tail = (1 + level) / 2
        trials = np.minimum(value * (1 - value) / variance, self.trials)
        trials *= (stats.norm.ppf(tail) / stats.t.ppf(tail, freedom)) ** 2
        # Nothing varies where all guesses are alike: then every unit is one trial.
        trials = np.where(variance > 0, trials, self.units)
        counts = zip(value * trials, trials, strict=True)
        limits = np.array([binomial_interval(hits, n, level) for hits, n in counts])
        return tuple(np.where(np.isnan(value), np.nan, limits.T))

    def by_student(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper limits of a mean of rates, [A] each."""
        variance, freedom = self.spread()
        reach = stats.t.ppf((1 + level) / 2, freedom) * np.sqrt(variance)
        return np.maximum(self.value - reach, 0), np.minimum(self.value + reach, 1)


def keep_rates(
    path: Path,
    files: Sequence[Path],
    *,
    columns: Sequence[str],
    parts: Sequence[str] = (),
    level: float,
) -> None:
    """Write the rates of some guesses as JSON: name of the column to metric to measurement.

    Args:
        path: of the result.
        files: of each target, see `recmia.papers.frontier.attack_keeping.keep_attacks`.
        columns: names of arrays of guesses.
        parts: of the sessions; where there are some, each column is looked at in each part, under
            "<column>|<part>".
        level: coverage aimed at.
    """
    runs, told = [], [f"{column}|{part}" for column in columns for part in parts] or list(columns)
    for file in files:
        read = read_arrays(file, ["membership", "row_ids", *columns, *parts])
        guessed = [read[column] for column in columns]
        if parts:
            guessed = [np.where(read[part], one, -1) for one in guessed for part in parts]
        runs.append((np.stack(guessed, axis=1), read["membership"], read["row_ids"]))
    found = rates(runs, level=level)
    kept = {
        name: {metric: asdict(measured) for metric, measured in by_metric.items()}
        for name, by_metric in zip(told, found, strict=True)
    }
    write_json(path, kept)


def predictive_values(tpr: Measurement, fpr: Measurement, prior: float) -> Measurement:
    """What a guess is worth at a prior, at the mean rates (`predictive_interval`)."""
    value = predictive_value(prior, tpr.value, fpr.value)
    limits = predictive_interval(prior, (tpr.ci_low, tpr.ci_high), (fpr.ci_low, fpr.ci_high))
    name = f"predictive value at a prior of {100 * prior:g}%"
    return Measurement(name, float("nan") if value is None else value, *limits, tpr.n_seeds)
