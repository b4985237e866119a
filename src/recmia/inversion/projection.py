"""Exact projection of malicious ratings on the box and the l1 ball (equations 9 and 10)."""

from __future__ import annotations

import numpy as np


def project(ratings: np.ndarray, highest: float, budget: float) -> np.ndarray:
    """Nearest point of {x : 0 <= x_j <= Λ, Σ x_j <= budget} to each row.

    Ratings are positive, as in section 4; equation 9 allows -Λ too.

    The nearest point shrinks every positive rating by one threshold θ >= 0 and cuts it at Λ. The
    sum of that is piecewise linear in θ with corners at x_j and x_j - Λ, so θ is found exactly
    among the sorted corners.

    Args:
        ratings: float64 [m', n].
        highest: Λ.
        budget: b_max·Λ.

    Returns:
        float64 [m', n].
    """
    positive = np.maximum(ratings, 0.0)
    return np.clip(positive - _thresholds(positive, highest, budget)[:, None], 0.0, highest)


def _thresholds(size: np.ndarray, highest: float, budget: float) -> np.ndarray:
    """θ [m'] for which Σ min(max(size - θ, 0), Λ) is the budget; 0 where it fits already."""
    theta = np.zeros(len(size))
    over = np.flatnonzero(np.minimum(size, highest).sum(axis=1) > budget)
    if not len(over):
        return theta
    size = size[over]
    corners = np.concatenate([size, size - highest], axis=1)
    order = np.argsort(-corners, axis=1, kind="stable")
    corners = np.take_along_axis(corners, order, axis=1)
    # Above x_j a rating is zero, below x_j - Λ it is Λ: the slope goes up, then down by one.
    weights = np.where(order < size.shape[1], 1.0, -1.0)
    slopes, heights = np.cumsum(weights, axis=1), np.cumsum(weights * corners, axis=1)
    norms = heights - corners * slopes
    first = np.argmax(norms >= budget, axis=1)
    rows = np.arange(len(over))
    theta[over] = (heights[rows, first - 1] - budget) / slopes[rows, first - 1]
    return theta
