"""What an audit of scores reports of an attack: area, low rates, hard guesses and their worth."""

from __future__ import annotations

from typing import Any

import numpy as np

from recmia.audit.measures import FPRS, as_baseline, at_low_rates
from recmia.evaluation import metrics
from recmia.evaluation.intervals import Measurement, ScoredUnits, evaluate
from recmia.evaluation.predictive_value import PRIORS, predictive_interval, predictive_value
from recmia.evaluation.proportions import binomial_interval
from recmia.likelihood_ratio.shadow_thresholds import BALANCED

_REPEATS, _LEAST_REPEATS, _WORK = 500, 100, 10_000_000


def measure_attack(
    scores: np.ndarray,
    judged: np.ndarray | None,
    membership: np.ndarray,
    groups: np.ndarray,
    thresholds: dict[str, float | None],
    *,
    level: float,
    seed: int,
) -> dict[str, Any]:
    """Metrics of one attack, as they stand in ``metrics.json``.

    Args:
        scores: float64 [n], NaN where a record cannot be scored: it is left out.
        judged: float64 [n], the scores that thresholds are for; None where there are none.
        membership: bool [n].
        groups: int64 [n], records that are resampled together (a user's).
        thresholds: see `recmia.likelihood_ratio.shadow_thresholds`; may be empty.
        level: coverage of the intervals.
        seed: root of the bootstrap.

    Returns:
        ``records``, ``members`` and ``nonmembers`` that are scored; ``degenerate``; and, where
        there are members and non-members, ``roc_auc``, ``tpr_at_fpr`` with its reasons,
        ``intervals`` and ``hard`` by threshold.
    """
    hard = {} if judged is None else _guesses(judged, membership, thresholds, level)
    seen = ~np.isnan(scores)
    scores, membership, groups = scores[seen], membership[seen], groups[seen]
    members, outsiders = int(membership.sum()), int((~membership).sum())
    found: dict[str, Any] = {
        "records": len(scores),
        "members": members,
        "nonmembers": outsiders,
        "degenerate": bool(len(scores) and scores.min() == scores.max()),
    }
    if not members or not outsiders:
        return found
    measured = _measured(scores, membership, groups, level=level, seed=seed)
    low, reasons = at_low_rates(measured, membership)
    area = measured[metrics.ROC_AUC]
    return found | {
        "roc_auc": area.value,
        "tpr_at_fpr": {fpr: one and one.value for fpr, one in low.items()},
        "tpr_at_fpr_reason": reasons,
        "intervals": {
            "level": level,
            "roc_auc": [area.ci_low, area.ci_high],
            "tpr_at_fpr": {fpr: one and [one.ci_low, one.ci_high] for fpr, one in low.items()},
        },
        "hard": hard,
    }


def area_of(
    scores: np.ndarray, membership: np.ndarray, groups: np.ndarray, *, level: float, seed: int
) -> dict[str, Any] | None:
    """ROC AUC of a baseline or of users with its interval; None without members or non-members."""
    seen = ~np.isnan(scores)
    if membership[seen].all() or not membership[seen].any():
        return None
    measured = _measured(
        scores[seen], membership[seen], groups[seen], level=level, seed=seed, fprs=()
    )
    return as_baseline(measured[metrics.ROC_AUC])


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


def _guesses(
    judged: np.ndarray, membership: np.ndarray, thresholds: dict[str, float | None], level: float
) -> dict[str, Any]:
    seen = ~np.isnan(judged)
    judged, membership = judged[seen], membership[seen]
    if membership.all() or not membership.any():
        return {}
    return {
        key: hard_guesses(judged >= threshold, membership, key, threshold, level)
        for key, threshold in thresholds.items()
        if threshold is not None
    }


def _measured(
    scores: np.ndarray,
    membership: np.ndarray,
    groups: np.ndarray,
    *,
    level: float,
    seed: int,
    fprs: tuple[float, ...] = FPRS,
) -> dict[str, Measurement]:
    # A million records need no more repeats than their work is worth.
    repeats = min(_REPEATS, max(_LEAST_REPEATS, _WORK // len(scores)))
    units = ScoredUnits(scores, membership, groups, float("inf"))
    found = evaluate([units], repeats=repeats, level=level, seed=seed, fprs=fprs)
    return {one.metric: one for one in found}
