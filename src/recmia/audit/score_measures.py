"""What an audit of scores reports of an attack: area, low rates, hard guesses."""

from __future__ import annotations

from typing import Any

import numpy as np

from recmia.audit.guesses import guesses
from recmia.audit.measures import FPRS, as_baseline, at_low_rates
from recmia.audit.ties import ties
from recmia.evaluation import metrics
from recmia.evaluation.intervals import evaluate
from recmia.evaluation.measurement import Measurement, ScoredUnits

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
        ``records``, ``members`` and ``nonmembers`` that are scored; `recmia.audit.ties.ties`; and,
        where there are members and non-members, ``roc_auc``, ``tpr_at_fpr`` with its reasons,
        ``intervals`` and ``hard`` by threshold.
    """
    hard = {} if judged is None else guesses(judged, membership, thresholds, level)
    seen = ~np.isnan(scores)
    scores, membership, groups = scores[seen], membership[seen], groups[seen]
    members, outsiders = int(membership.sum()), int((~membership).sum())
    found: dict[str, Any] = {
        "records": len(scores),
        "members": members,
        "nonmembers": outsiders,
    } | ties(scores)
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
