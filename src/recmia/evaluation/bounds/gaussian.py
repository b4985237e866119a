"""μ of Gaussian differential privacy from one pair of rates, and ε from μ and back.

Source: Dong, Roth and Su, "Gaussian Differential Privacy" (2022). A mechanism is μ-GDP where
telling two neighbours apart is no easier than N(0, 1) from N(μ, 1): the Gaussian mechanism with
noise σ and sensitivity 1 has μ = 1/σ.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtri

from recmia.evaluation.bounds.checks import check_delta
from recmia.evaluation.bounds.outcomes import Outcome


def gaussian_mu(outcome: Outcome, *, error: float) -> float:
    """Largest μ that an attack's rates refute: Φ⁻¹(1 - FPR⁺) - Φ⁻¹(FNR⁺), at least 0.

    Dong et al. (2022), equation 6, with the upper limits of both rates (Nasr et al. 2023). Where
    the limits are so wide that the difference is negative they prove nothing; its absolute value,
    which jax-privacy 2.0.0 takes, is no bound: few units and coin guesses would "prove" a large μ.

    Args:
        outcome: counts of independent trials.
        error: probability that the bound is too high.

    Returns:
        μ >= 0, the largest over thresholds.

    Raises:
        DataError: an error that cannot be.
    """
    misses, alarms = outcome.limits(error)
    return float(np.max(-ndtri(alarms) - ndtri(misses), initial=0.0))


def gaussian_epsilon(mu: float, delta: float) -> float:
    """Least ε for which μ-GDP implies (ε, δ)-differential privacy.

    Solves δ = Φ(-ε/μ + μ/2) - e^ε Φ(-ε/μ - μ/2), Dong et al. (2022), corollary 2.13 (Balle and
    Wang 2018, theorem 8), in log space, where neither e^ε nor the tails leave the range of a float.

    Args:
        mu: at least 0.
        delta: above 0 and below 1.

    Raises:
        DataError: a δ that cannot be.
    """
    check_delta(delta, positive=True)

    def gap(epsilon: float) -> float:
        return log_delta(mu, epsilon) - np.log(delta)

    if mu <= 0 or gap(0.0) <= 0:
        return 0.0
    high = 1.0
    while gap(high) > 0:
        high *= 2
    # No logarithm of 0 between the two: a root finder has to be given a number.
    return float(brentq(lambda epsilon: max(gap(epsilon), -1e300), 0.0, high, xtol=1e-13))


def log_delta(mu: float, epsilon: float) -> float:
    """log δ at which μ-GDP with ``mu`` > 0 implies (ε, δ)-differential privacy."""
    first = log_ndtr(-epsilon / mu + mu / 2)
    second = epsilon + log_ndtr(-epsilon / mu - mu / 2)
    if second >= first:  # their difference is below rounding
        return -np.inf
    return float(first + np.log(-np.expm1(second - first)))


def gaussian_pair_epsilon(outcome: Outcome, *, error: float, delta: float) -> float:
    """ε at δ of the largest μ that an attack's rates refute.

    A bound on ε for mechanisms that are Gaussian (DP-SGD nearly is); :func:`pair_epsilon` holds for
    all. See :func:`gaussian_mu` and :func:`gaussian_epsilon`.

    Raises:
        DataError: an error or a δ that cannot be.
    """
    return gaussian_epsilon(gaussian_mu(outcome, error=error), delta)
