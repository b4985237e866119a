"""Who is at risk most: the tenth with the highest scores, described against everybody."""

from __future__ import annotations

from typing import Any

import numpy as np

from recmia.evaluation.intervals import evaluate_mean
from recmia.evaluation.proportions import binomial_interval

SHARE = 0.1
_REPEATS = 500


def riskiest(
    scores: np.ndarray,
    traits: dict[str, np.ndarray],
    membership: np.ndarray | None,
    *,
    level: float,
    seed: int,
) -> dict[str, Any] | None:
    """What the tenth with the highest scores is like, as it stands in ``metrics.json``.

    Args:
        scores: float64 [n], higher is more likely a member.
        traits: float64 [n] each, by name.
        membership: of those whose it is known 0 or 1, of others -1, int [n]; None for nobody's.
        level: coverage of the intervals.
        seed: root of the bootstrap.

    Returns:
        ``count``; for each of ``traits`` the mean of the tenth with its ``interval``, that of
        ``everybody``, and whether it is "higher", "lower" or "open"; ``members`` of those whose
        membership is known. None where the tenth cannot be told from the others: its lowest
        score is the lowest of all.
    """
    count = max(1, round(SHARE * len(scores)))
    top = np.argsort(-scores, kind="stable")[:count]
    if scores[top[-1]] == scores.min():
        return None
    known = np.full(len(scores), -1) if membership is None else membership
    found = {name: _described(name, one, top, level, seed) for name, one in traits.items()}
    return {"count": count, "traits": found, "members": _members(known[top], level)}


def _members(known: np.ndarray, level: float) -> dict[str, Any] | None:
    labelled, members = int((known >= 0).sum()), int((known == 1).sum())
    if not labelled:
        return None
    return {
        "known": labelled,
        "value": members / labelled,
        "interval": list(binomial_interval(members, labelled, level)),
    }


def _described(
    name: str, values: np.ndarray, top: np.ndarray, level: float, seed: int
) -> dict[str, Any]:
    run = (values[top], np.arange(len(top)))
    found = evaluate_mean(name, [run], repeats=_REPEATS, level=level, seed=seed)
    everybody = float(values.mean())
    direction = "open"
    if found.ci_low > everybody or found.ci_high < everybody:
        direction = "higher" if found.value > everybody else "lower"
    return {
        "value": found.value,
        "interval": [found.ci_low, found.ci_high],
        "everybody": everybody,
        "direction": direction,
    }
