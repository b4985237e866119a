"""BaVarIA (2026): a record's mean and variance are inferred, not estimated, so few shadows do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recmia.likelihood_ratio.evidence import Moments, Shadows, Target
from recmia.likelihood_ratio.gaussian import log_normal, log_student

KAPPA, ALPHA_NORMAL, ALPHA_STUDENT = 1.0, 1.0, 2.0


def bavaria_n_online(target: Target, shadows: Shadows) -> np.ndarray:
    """Gaussians at the records' own means with inferred variances, in against out.

    Normal-inverse-gamma prior of each class: μ₀ and v the mean and variance of all its signals,
    κ₀ = α₀ = 1, β₀ = v. The density is at x̄ with variance β_n / (α_n - 1), or β_n where α_n <= 1.
    Convention: a record without a shadow of a class has that class's prior, N(μ₀, v).

    Returns:
        float64 [n], higher is more likely a member; NaN where a class has no signal at all.
    """
    return _normal(target, shadows.inside, True) - _normal(target, shadows.outside, True)


def bavaria_n_offline(target: Target, shadows: Shadows) -> np.ndarray:
    """As `bavaria_n_online` with "in" the prior of its class: N(μ₀, v) for every record."""
    return _normal(target, shadows.inside, False) - _normal(target, shadows.outside, True)


def bavaria_t_online(target: Target, shadows: Shadows) -> np.ndarray:
    """Posterior predictive Student-t densities, in against out.

    As `bavaria_n_online` with α₀ = 2, β₀ = v: 2 α_n degrees of freedom, location
    (κ₀ μ₀ + Σx) / κ_n and squared scale β_n (κ_n + 1) / (α_n κ_n).

    Returns:
        float64 [n], higher is more likely a member; NaN where a class has no signal at all.
    """
    return _student(target, shadows.inside, True) - _student(target, shadows.outside, True)


def bavaria_t_offline(target: Target, shadows: Shadows) -> np.ndarray:
    """As `bavaria_t_online` with "in" the prior predictive of its class for every record."""
    return _student(target, shadows.inside, False) - _student(target, shadows.outside, True)


@dataclass(frozen=True)
class _Posterior:
    """Normal-inverse-gamma posterior of each record's mean and variance ."""

    own: np.ndarray  # x̄, or the prior's mean where there is nothing
    location: np.ndarray
    kappa: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray

    @classmethod
    def of(cls, moments: Moments, alpha: float, seen: bool) -> _Posterior:
        middle, variance = moments.overall()
        beta = variance * (alpha - 1) if alpha > 1 else variance
        n = moments.count if seen else np.zeros_like(moments.count)
        own = np.where(n, moments.mean, middle)
        squares = np.where(n, moments.squares, 0)
        kappa_n = KAPPA + n
        shift = KAPPA * n * (own - middle) ** 2 / kappa_n
        return cls(
            own,
            (KAPPA * middle + n * own) / kappa_n,
            kappa_n,
            alpha + n / 2,
            beta + squares / 2 + shift / 2,
        )


def _normal(target: Target, moments: Moments, seen: bool) -> np.ndarray:
    known = _Posterior.of(moments, ALPHA_NORMAL, seen)
    more = known.alpha > 1
    variance = np.where(more, known.beta / np.where(more, known.alpha - 1, 1), known.beta)
    return log_normal(target.signal, known.own, variance)


def _student(target: Target, moments: Moments, seen: bool) -> np.ndarray:
    known = _Posterior.of(moments, ALPHA_STUDENT, seen)
    scale = known.beta * (known.kappa + 1) / (known.alpha * known.kappa)
    return log_student(target.signal, 2 * known.alpha, known.location, scale)
