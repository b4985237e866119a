"""Means over repeats of what the trials found, with the exact interval of one attack."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from recmia.evaluation.intervals import Measurement, evaluate_mean
from recmia.evaluation.proportions import binomial_interval
from recmia.experiments.study import Study
from recmia.papers.model_inversion.attacking import Batch, read_batch
from recmia.papers.model_inversion.trials import Trial, groups_of
from recmia.seeds import child_seed

PRECISION, RECALL = "MIPre", "MIRec"
RATED_PRECISION = "share of the listed who rated the item at all"
FALSE_POSITIVES = "share listed of those who never rated the item"
DETECTION = "detection rate"

Records = list[dict[str, Any]]


def collect(study: Study, system: str, group: str) -> dict[Trial, Records]:
    """What every repeat of a group's trials found."""
    found: dict[Trial, Records] = {}
    for repeat in range(groups_of(study.settings.model_inversion, system).get(group, 0)):
        for trial, record in read_batch(Batch(study, system, group, repeat)):
            found.setdefault(trial, []).append(record)
    return found


def precision(record: dict[str, Any], least: int) -> float:
    """MIPre at l'; NaN where nobody is listed."""
    listed = record["listed"][least - 1]
    return record["found"][least - 1] / listed if listed else math.nan


def recall(record: dict[str, Any], least: int) -> float:
    """MIRec at l'."""
    return record["found"][least - 1] / record["sensitive"]


def measure(records: Records, least: int, level: float) -> list[Measurement]:
    """MIPre, MIRec and who else is listed, at a threshold l'.

    Each value is the mean over repeats, MIPre over those that list somebody. Repeats attack the
    same users, so the interval is the exact binomial one of a single attack: of as many listed
    users as there are on average, or of the sensitive users.
    """

    def mean(of: Callable[[dict], int]) -> float:
        return float(np.mean([of(record) for record in records]))

    at = least - 1
    listed = mean(lambda r: r["listed"][at])
    outsiders = mean(lambda r: r["users"] - r["raters"])
    shares = (
        (PRECISION, [precision(r, least) for r in records], listed),
        (RECALL, [recall(r, least) for r in records], mean(lambda r: r["sensitive"])),
        (
            RATED_PRECISION,
            [_ratio(r["found_raters"][at], r["listed"][at]) for r in records],
            listed,
        ),
        (
            FALSE_POSITIVES,
            [
                _ratio(r["listed"][at] - r["found_raters"][at], r["users"] - r["raters"])
                for r in records
            ],
            outsiders,
        ),
    )
    return [proportion(name, values, trials, level) for name, values, trials in shares]


def proportion(name: str, values: list[float], trials: float, level: float) -> Measurement:
    """Mean of the values that are numbers, with the exact interval of ``trials`` cases."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return Measurement(name, math.nan, math.nan, math.nan, len(values))
    value = float(np.mean(known))
    low, high = binomial_interval(value * trials, trials, level)
    return Measurement(name, value, min(low, value), max(high, value), len(values))


def difference(
    study: Study, name: str, first: list[float], second: list[float]
) -> Measurement | None:
    """Mean of first minus second, repeat by repeat, with a bootstrap interval over repeats.

    Returns:
        None where no repeat has both.
    """
    pairs = [a - b for a, b in zip(first, second, strict=True) if not math.isnan(a - b)]
    if not pairs:
        return None
    intervals = study.settings.intervals
    return evaluate_mean(
        name,
        [(np.array([pair]), np.array([0])) for pair in pairs],
        repeats=intervals.repeats,
        level=intervals.level,
        seed=child_seed(study.settings.root_seed, "intervals"),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
