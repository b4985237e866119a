"""Rates of many kinds of hard guesses at once, with intervals over targets, then units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from recmia.evaluation.intervals import Measurement, _Groups, _two_level
from recmia.storage import read_arrays, write_json

TPR, FPR, BALANCED_ACCURACY = "TPR", "FPR", "balanced accuracy"
PRIORS = (0.01, 0.1, 0.5)


def rates(
    runs: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    repeats: int,
    level: float,
    seed: int,
) -> list[dict[str, Measurement]]:
    """True and false positive rate and balanced accuracy of each column of guesses.

    The bootstrap of `recmia.evaluation.intervals.evaluate`, with the same draws for all columns.

    Args:
        runs: of each target int8 [n, A] (1 a guessed member, 0 none, -1 not to be counted),
            membership bool [n], and groups int64 [n] that are resampled together.
        repeats: of the bootstrap.
        level: coverage aimed at.
        seed: root of the resampling.

    Returns:
        Of each column, metric to its mean over targets with its interval; NaN where a target has
        no member or no non-member in it.
    """
    columns = runs[0][0].shape[1]
    every = [f"{number}|{metric}" for metric in (TPR, FPR) for number in range(columns)]
    every += [f"{number}|{BALANCED_ACCURACY}" for number in range(columns)]
    groups = [_Groups.of(group, member) for _, member, group in runs]
    statistics = [
        _statistic(guessed, member, of.of_unit)
        for (guessed, member, _), of in zip(runs, groups, strict=True)
    ]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = _two_level(every, statistics, groups, repeats=repeats, level=level, seed=seed)
    by_column: list[dict[str, Measurement]] = [{} for _ in range(columns)]
    for measured in found:
        number, _, metric = measured.metric.partition("|")
        by_column[int(number)][metric] = measured
    return by_column


def _statistic(guessed: np.ndarray, member: np.ndarray, of_unit: np.ndarray):
    size, counted = of_unit.max() + 1, guessed >= 0
    kinds = [
        inside & counted & called
        for inside in (member[:, None], ~member[:, None])
        for called in (guessed == 1, np.ones_like(counted))
    ]
    sums = np.zeros((size, 4 * guessed.shape[1]))
    np.add.at(sums, of_unit, np.concatenate(kinds, axis=1).astype(np.float64))

    def statistic(counts: np.ndarray) -> np.ndarray:
        hits, members, alarms, outsiders = np.split(counts @ sums, 4, axis=1)
        tpr, fpr = hits / members, alarms / outsiders
        return np.concatenate([tpr, fpr, (tpr + 1 - fpr) / 2], axis=1)

    return statistic


def keep_rates(
    path: Path,
    files: Sequence[Path],
    *,
    columns: Sequence[str],
    parts: Sequence[str] = (),
    repeats: int,
    level: float,
    seed: int,
) -> None:
    """Write the rates of some guesses as JSON: name of the column to metric to measurement.

    Args:
        path: of the result.
        files: of each target, see `recmia.papers.frontier.attack_keeping.keep_attacks`.
        columns: names of arrays of guesses.
        parts: of the sessions; where there are some, each column is looked at in each part, under
            "<column>|<part>".
        repeats: of the bootstrap.
        level: coverage aimed at.
        seed: root of the resampling.
    """
    runs, told = [], [f"{column}|{part}" for column in columns for part in parts] or list(columns)
    for file in files:
        read = read_arrays(file, ["membership", "row_ids", *columns, *parts])
        guessed = [read[column] for column in columns]
        if parts:
            guessed = [np.where(read[part], one, -1) for one in guessed for part in parts]
        runs.append((np.stack(guessed, axis=1), read["membership"], read["row_ids"]))
    found = rates(runs, repeats=repeats, level=level, seed=seed)
    kept = {
        name: {metric: asdict(measured) for metric, measured in by_metric.items()}
        for name, by_metric in zip(told, found, strict=True)
    }
    write_json(path, kept)


def predictive_value(prior: float, tpr: float, fpr: float) -> float | None:
    """π TPR / (π TPR + (1 - π) FPR): how many of those called members are; None for nobody."""
    called = prior * tpr + (1 - prior) * fpr
    return prior * tpr / called if called > 0 else None


def predictive_values(tpr: Measurement, fpr: Measurement, prior: float) -> Measurement:
    """What a guess is worth at a prior, at the mean rates.

    The limits take those of both rates at their worst and at their best, so that they hold at
    least at their level.
    """
    value = predictive_value(prior, tpr.value, fpr.value)
    low = predictive_value(prior, tpr.ci_low, fpr.ci_high)
    high = predictive_value(prior, tpr.ci_high, fpr.ci_low)
    name = f"predictive value at a prior of {100 * prior:g}%"
    unknown = float("nan") if value is None else value
    limits = 0.0 if low is None else low, 1.0 if high is None else high
    return Measurement(name, unknown, *limits, tpr.n_seeds)
