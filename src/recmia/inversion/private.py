"""Differentially private factorisation: one sample from the posterior (section 4.5).

Wang et al. (ICML 2015) show that one sample from exp(-F/T) keeps privacy where a person moves F by
a bounded amount only; Liu et al. (RecSys 2015) apply it to matrix factorisation and draw the sample
by stochastic gradients. Here it is drawn by Gibbs sampling: given V, the rows of U are exactly
Gaussian and the other way round, so each sweep costs what a sweep of least squares costs and
nothing has to be tuned but the number of sweeps.
"""

from __future__ import annotations

import numpy as np

from recmia.inversion.factorisation import Model, normal_matrices
from recmia.inversion.ratings import Ratings
from recmia.seeds import generator


def loss_bound(ratings: Ratings) -> float:
    """B: the most that one user adds to the squared error of predicting nothing, τ·Λ².

    τ is the largest number of ratings of a user.
    """
    return float(np.diff(ratings.matrix.indptr).max()) * ratings.scale.highest**2


def inverse_temperature(ratings: Ratings, epsilon: float) -> float:
    """1/T = ε/(4B): one sample from exp(-F/T) then counts as ε-differentially private.

    As in both papers that is so where no user adds more than B to F and where the sampler has
    converged. Neither is enforced: ε is nominal, and it covers one release of U and V.
    """
    return epsilon / (4 * loss_bound(ratings))


def sample_posterior(
    ratings: Ratings,
    start: Model,
    *,
    regularisation: float,
    inverse_temperature: float,
    sweeps: int,
    seed: int,
) -> Model:
    """Gibbs sample from exp(-F/T), with F the objective of equation 2.

    Args:
        ratings: the rating matrix.
        start: where the chain starts, such as the least-squares model.
        regularisation: λ.
        inverse_temperature: 1/T; as it grows, a sweep becomes one of least squares.
        sweeps: sweeps of the chain; the last is kept.
        seed: root seed.
    """
    rng = generator(seed, "posterior sample")
    columns, users, items = ratings.transposed, start.users, start.items
    for _ in range(sweeps):
        users = _sample_rows(ratings, items, regularisation, inverse_temperature, rng)
        items = _sample_rows(columns, users, regularisation, inverse_temperature, rng)
    return Model(users, items)


def _sample_rows(
    ratings: Ratings,
    factors: np.ndarray,
    regularisation: float,
    inverse_temperature: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Rows given the other side: Gaussian with mean A⁻¹b and covariance A⁻¹·T/2."""
    matrices = normal_matrices(ratings, factors, regularisation)
    right = ratings.matrix @ factors
    noise = rng.standard_normal(right.shape) / np.sqrt(2 * inverse_temperature)
    # A = L Lᵀ, so that L⁻ᵀz has covariance A⁻¹.
    upper = np.linalg.cholesky(matrices).transpose(0, 2, 1)
    if len(matrices) == 1:
        return (np.linalg.solve(matrices[0], right.T) + np.linalg.solve(upper[0], noise.T)).T
    mean = np.linalg.solve(matrices, right[..., None])
    return (mean + np.linalg.solve(upper, noise[..., None]))[..., 0]
