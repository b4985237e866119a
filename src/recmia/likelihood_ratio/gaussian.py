"""Logarithms of densities, and the variance below which models count as alike."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

# Shadows that all say the same (p = 1, say) have no variance: their signals would decide for ever.
LEAST_VARIANCE = 1e-12


def floored(variance: np.ndarray | float) -> np.ndarray:
    """The variance, at least ``LEAST_VARIANCE``; NaN stays."""
    return np.maximum(variance, LEAST_VARIANCE)


def log_normal(x: np.ndarray, mean: np.ndarray | float, variance: np.ndarray | float) -> np.ndarray:
    """log N(x; mean, variance), elementwise."""
    variance = floored(variance)
    return -0.5 * (np.log(2 * np.pi * variance) + (x - mean) ** 2 / variance)


def log_student(
    x: np.ndarray,
    degrees: np.ndarray | float,
    location: np.ndarray | float,
    squared_scale: np.ndarray | float,
) -> np.ndarray:
    """Log-density of Student's t with location and scale, elementwise."""
    squared_scale = floored(squared_scale)
    half = (degrees + 1) / 2
    return (
        gammaln(half)
        - gammaln(degrees / 2)
        - 0.5 * np.log(np.pi * degrees * squared_scale)
        - half * np.log1p((x - location) ** 2 / (degrees * squared_scale))
    )
