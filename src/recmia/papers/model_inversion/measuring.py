"""Means over repeats of what the trials found, with the exact interval of one attack."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from recmia.evaluation.intervals import Measurement, evaluate_mean
from recmia.evaluation.proportions import binomial_interval
from recmia.experiments.measuring import bootstrap
from recmia.experiments.study import Study
from recmia.papers.model_inversion.playing import Found

PRECISION, RECALL = "MIPre", "MIRec"
RATED_PRECISION = "share of the listed who rated the item at all"
FALSE_POSITIVES = "share listed of those who never rated the item"
DETECTION = "detection rate"


def precision(record: Found, least: int) -> float:
    """MIPre at l'; NaN where nobody is listed."""
    listed = record["listed"][least - 1]
    return record["found"][least - 1] / listed if listed else math.nan


def recall(record: Found, least: int) -> float:
    """MIRec at l'."""
    return record["found"][least - 1] / record["sensitive"]


def measure(records: Sequence[Found], least: int, level: float) -> list[Measurement]:
    """MIPre, MIRec and who else is listed, at a threshold l'.

    Each value is the mean over repeats, MIPre over those that list somebody. Repeats attack the
    same users, so the interval is the exact binomial one of a single attack: of as many listed
    users as there are on average, or of the sensitive users.
    """

    def mean(of: Callable[[Found], int]) -> float:
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
    runs = [(np.array([pair]), np.array([0])) for pair in pairs]
    return evaluate_mean(name, runs, **bootstrap(study))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
