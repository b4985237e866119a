"""Hard guesses of members: their rates with exact limits, and what a guess is worth."""

from __future__ import annotations

from typing import Any

import numpy as np

from recmia.evaluation.predictive_value import PRIORS, predictive_interval, predictive_value
from recmia.evaluation.proportions import binomial_interval
from recmia.likelihood_ratio.shadow_thresholds import BALANCED

FEW = "0.01"  # the threshold that severity is told at: one false alarm in a hundred is aimed at


def guesses(
    scores: np.ndarray, membership: np.ndarray, thresholds: dict[str, float | None], level: float
) -> dict[str, Any]:
    """`hard_guesses` at every threshold that there is, by its key.

    Args:
        scores: float64 [n], NaN where one cannot be scored: it is left out.
        membership: bool [n].
        thresholds: see `recmia.likelihood_ratio.shadow_thresholds`.
        level: coverage.
    """
    seen = ~np.isnan(scores)
    scores, membership = scores[seen], membership[seen]
    if membership.all() or not membership.any():
        return {}
    return {
        key: hard_guesses(scores >= threshold, membership, key, threshold, level)
        for key, threshold in thresholds.items()
        if threshold is not None
    }


def hard_guesses(
    guessed: np.ndarray, membership: np.ndarray, key: str, threshold: float, level: float
) -> dict[str, Any]:
    """Rates of hard guesses with exact limits, and what a guess is worth at each prior.

    Args:
        guessed: bool [n].
        membership: bool [n].
        key: of the threshold: ``BALANCED``, or the false positive rate that it aims at.
        threshold: the score from which on a record is called a member.
        level: coverage.
    """
    members, outsiders = int(membership.sum()), int((~membership).sum())
    hits, alarms = int((guessed & membership).sum()), int((guessed & ~membership).sum())
    tpr, fpr = hits / members, alarms / outsiders
    tpr_limits = binomial_interval(hits, members, level)
    fpr_limits = binomial_interval(alarms, outsiders, level)
    aimed = None if key == BALANCED else float(key)
    return {
        "threshold": threshold,
        "aimed_fpr": aimed,
        "called_members": hits + alarms,
        "tpr": tpr,
        "fpr": fpr,
        "fpr_as_aimed": None if aimed is None else fpr_limits[0] <= aimed <= fpr_limits[1],
        "balanced_accuracy": (tpr + 1 - fpr) / 2,
        "accuracy": (hits + outsiders - alarms) / (members + outsiders),
        "precision": hits / (hits + alarms) if hits + alarms else None,
        "intervals": {"tpr": list(tpr_limits), "fpr": list(fpr_limits)},
        "predictive_value": {
            f"{prior:g}": {
                "value": predictive_value(prior, tpr, fpr),
                "interval": list(predictive_interval(prior, tpr_limits, fpr_limits)),
            }
            for prior in PRIORS
        },
    }
