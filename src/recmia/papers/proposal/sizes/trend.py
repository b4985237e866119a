"""How a separation falls with a size: a power of it, fitted and read off further out."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats

from recmia.errors import DataError

FINEST = 1e-6  # what some thousand members and others can tell an area from 0 or 1 by


@dataclass(frozen=True)
class Trend:
    """What the curve says.

    Attributes:
        factor: what d' is multiplied by where the size is ten times as large.
        factor_low: of its interval.
        factor_high: of its interval.
        value: ROC AUC at the size that was asked for.
        low: of its interval, at least one half.
        high: of its interval.
    """

    factor: float
    factor_low: float
    factor_high: float
    value: float
    low: float
    high: float


def extrapolated(sizes: np.ndarray, areas: np.ndarray, size: float, level: float) -> Trend:
    """Fit and read off.

    An area A is that of two normal distributions d' = √2 Φ⁻¹(A) deviations apart. Fitted, by least
    squares on d', is d' = c n^b of the size n: nothing is left of it in the end, or it grows, but
    members never turn into others. Intervals are those of log c + b log n, from the fit's
    linearised covariance and Student's t: of the curve, not of one more target. They hold as far as
    the curve does, which nobody has seen outside the sizes that were measured; where the fit
    determines nothing they are as wide as can be.

    Args:
        sizes: [n], of at least two kinds.
        areas: [n], ROC AUC of one target each; 0 and 1 count as ``FINEST`` away from it.
        size: where the curve is read off.
        level: of the intervals, such as 0.95.

    Raises:
        DataError: fewer than three points, or one size only.
    """
    sizes, areas = np.asarray(sizes, dtype=np.float64), np.asarray(areas, dtype=np.float64)
    if len(sizes) < 3 or len(np.unique(sizes)) < 2:
        raise DataError("A trend needs three targets, of two sizes at least.")
    x = np.log10(sizes / sizes.min())
    y = np.sqrt(2) * stats.norm.ppf(areas.clip(FINEST, 1 - FINEST))
    start = stats.linregress(x, np.log(y.clip(0.01)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optimize.OptimizeWarning)  # told by an infinite covariance
        (log_c, b), covariance = optimize.curve_fit(
            lambda x, log_c, b: np.exp(log_c + b * x), x, y, (start.intercept, start.slope)
        )
    quantile = stats.t.ppf((1 + level) / 2, len(x) - 2)

    def read(direction: np.ndarray) -> np.ndarray:
        """exp of a combination of log c and b: the value and its limits."""
        middle = direction @ (log_c, b)
        if not np.isfinite(covariance).all():
            return np.array([np.exp(middle), 0, np.inf])
        half = quantile * np.sqrt(direction @ covariance @ direction)
        with np.errstate(over="ignore"):
            return np.exp([middle, middle - half, middle + half])

    factor = read(np.array([0.0, 1.0]))
    apart = read(np.array([1.0, np.log10(size / sizes.min())]))
    return Trend(*factor.tolist(), *stats.norm.cdf(apart / np.sqrt(2)).tolist())
