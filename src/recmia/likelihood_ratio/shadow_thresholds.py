"""Thresholds of hard guesses, fixed on shadows that took the target's place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recmia.attacks.base import best_threshold
from recmia.evaluation.metrics import allowed_false_positives, fpr_is_measurable

BALANCED = "balanced"  # the threshold of the best balanced accuracy


def shadow_thresholds(
    turns: Sequence[tuple[np.ndarray, np.ndarray]], fprs: Sequence[float]
) -> dict[str, float | None]:
    """Thresholds of one attack: of the best balanced accuracy, and of each false positive rate.

    A rate's threshold is the lowest at which no more than that share of the shadows' non-members
    is accused.

    Args:
        turns: scores float64 and membership bool of each such shadow, a pair a turn.
        fprs: rates aimed at.

    Returns:
        By ``BALANCED`` and the rate as text; None where there are too few non-members, or where
        the shadows have no member or no non-member.
    """
    keys = {f"{fpr:g}": fpr for fpr in fprs}
    scores = np.concatenate([scores for scores, _ in turns])
    member = np.concatenate([member for _, member in turns])
    if not member.size or member.all() or not member.any():
        return dict.fromkeys((BALANCED, *keys))
    outsiders = np.sort(scores[~member])[::-1]
    found: dict[str, float | None] = {BALANCED: best_threshold(scores, member)}
    for key, fpr in keys.items():
        found[key] = None
        if fpr_is_measurable(fpr, len(outsiders)):
            barrier = outsiders[allowed_false_positives(fpr, len(outsiders))]
            found[key] = float(np.nextafter(barrier, np.inf))
    return found
