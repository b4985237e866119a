"""Means over repeats of what the trials found, with the exact interval of one attack."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from recmia.evaluation.intervals import evaluate_mean
from recmia.evaluation.measurement import Measurement
from recmia.evaluation.proportions import binomial_interval
from recmia.experiments.measuring import bootstrap
from recmia.experiments.study import Study
from recmia.papers.model_inversion.playing import DESCRIBED, Found

PRECISION, RECALL = "MIPre", "MIRec"
RATED_PRECISION = "share of the listed who rated the item at all"
FALSE_POSITIVES = "share listed of those who never rated the item"
DETECTION = "detection rate"
DETECTION_CHANGE = "change of the detection rate"
FEWEST_PAIRS = 5  # with fewer, the spread over repeats says nothing


def shares(found: Found, threshold: int) -> dict[str, tuple[int, int]]:
    """Part and whole of each share of one attack, at a threshold l'."""
    listed, right, raters = (found[n][threshold - 1] for n in ("listed", "found", "found_raters"))
    return {
        PRECISION: (right, listed),
        RECALL: (right, found["sensitive"]),
        RATED_PRECISION: (raters, listed),
        FALSE_POSITIVES: (listed - raters, found["users"] - found["raters"]),
    }


def share(found: Found, threshold: int | None, metric: str) -> float:
    """One share of one attack; NaN where the whole is nobody.

    Args:
        found: what a trial found.
        threshold: l'; None for the share of malicious users that the detector finds.
        metric: which.
    """
    if threshold is None:
        return found["detected"][DESCRIBED] / found["malicious"]
    part, whole = shares(found, threshold)[metric]
    return part / whole if whole else math.nan


def measure(records: Sequence[Found], threshold: int, level: float) -> dict[str, Measurement]:
    """MIPre, MIRec and who else is listed, at a threshold l', by metric.

    Each value is the mean over repeats, MIPre over those that list somebody. Repeats attack the
    same users, so the interval is the exact binomial one of a single attack: of as many listed
    users as there are on average, or of the sensitive users.
    """
    return {
        metric: proportion(
            metric,
            [share(record, threshold, metric) for record in records],
            float(np.mean([shares(record, threshold)[metric][1] for record in records])),
            level,
        )
        for metric in shares(records[0], threshold)
    }


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
        None where no repeat has both. Where fewer than `FEWEST_PAIRS` have, the interval's ends
        are NaN, so that nothing is decided.
    """
    pairs = [a - b for a, b in zip(first, second, strict=True) if not math.isnan(a - b)]
    if not pairs:
        return None
    if len(pairs) < FEWEST_PAIRS:
        return Measurement(name, float(np.mean(pairs)), math.nan, math.nan, len(pairs))
    runs = [(np.array([pair]), np.array([0])) for pair in pairs]
    return evaluate_mean(name, runs, **bootstrap(study))
