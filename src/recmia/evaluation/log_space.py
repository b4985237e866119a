"""Sums and differences of probabilities that are kept as logarithms."""

from __future__ import annotations

import numpy as np


def log_one_minus_exp(low: np.ndarray) -> np.ndarray:
    """log(1 - e^l) of l at most 0, float64 of any shape: -inf (with a warning) at 0, 0 at -inf.

    It loses its digits in e^l near 0 and in 1 - e^l far from it (Mächler 2012).
    """
    near = low > -np.log(2)
    rest = np.empty_like(low)
    rest[near] = np.log(-np.expm1(low[near]))
    rest[~near] = np.log1p(-np.exp(low[~near]))
    return rest
