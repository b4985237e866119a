"""Scores that say the same of almost everybody."""

from __future__ import annotations

from typing import Any

import numpy as np

ALMOST_ALL = 0.9  # share of equal scores from which on an attack counts as degenerate


def ties(scores: np.ndarray) -> dict[str, Any]:
    """How many have one and the same score, as it stands in ``metrics.json``.

    Args:
        scores: float [n], without NaN.

    Returns:
        ``most_common_share``, 0 for nobody, and ``degenerate``, whether that is almost all.
    """
    _, times = np.unique(scores, return_counts=True)
    share = float(times.max() / len(scores)) if len(scores) else 0.0
    return {"most_common_share": share, "degenerate": share >= ALMOST_ALL}
