"""From log-probabilities of the true next item to what likelihood-ratio attacks compare."""

from __future__ import annotations

import numpy as np

from recmia.evaluation.log_space import log_one_minus_exp

# Where 1 - p is smaller, probabilities are not told apart: what is left of it in a float is
# rounding, and p = 1 would be infinitely far from everything else.
CERTAIN = 1e-10


def logit_signal(log_probability: np.ndarray) -> np.ndarray:
    """φ = log p - log(1 - p), the signal that is nearly Gaussian over models.

    The logit scaling of Carlini et al. (S&P 2022), in log space: φ = l - log1mexp(-l).
    Convention: from p = 1 - 1e-10 on φ stays at its value there (23).

    Args:
        log_probability: float, l = log p, natural, at most 0.

    Returns:
        float64 of the same shape.
    """
    low = np.minimum(np.asarray(log_probability, dtype=np.float64), np.log1p(-CERTAIN))
    return low - log_one_minus_exp(low)


def log_sigmoid(signal: np.ndarray) -> np.ndarray:
    """log p of a signal of one step: the inverse of `logit_signal`."""
    return -np.logaddexp(0, -np.asarray(signal, dtype=np.float64))
