"""Posterior sampling: the exact conditional, its limit at zero temperature, and the budget."""

import numpy as np
import pytest

from recmia.inversion.factorisation import Model, normal_matrices, solve_rows
from recmia.inversion.private import inverse_temperature, loss_bound, sample_posterior
from recmia.inversion.ratings import HALF_STARS
from tests.inversion.made_up import from_dense


def test_budget_by_hand():
    dense = np.zeros((2, 5))
    dense[0, :3] = 1.0
    ratings = from_dense(dense, HALF_STARS)
    assert loss_bound(ratings) == 75.0  # three ratings of at most five stars
    assert inverse_temperature(ratings, epsilon=6.0) == pytest.approx(0.02)


@pytest.mark.parametrize("zeros_observed", [False, True])
def test_items_given_users_have_the_mean_and_covariance_of_the_conditional(zeros_observed):
    # One user and many items that she rated alike: the items are draws from one distribution.
    items = 4000
    ratings = from_dense(np.full((1, items), 2.0), HALF_STARS, zeros_observed)
    start = Model(np.zeros((1, 2)), np.random.default_rng(0).normal(1, 0.3, (items, 2)))
    sample = sample_posterior(
        ratings, start, regularisation=0.5, inverse_temperature=3.0, sweeps=1, seed=4
    )
    left = normal_matrices(ratings.transposed, sample.users, 0.5)[0]
    mean = np.linalg.solve(left, 2.0 * sample.users[0])
    covariance = np.linalg.inv(left) / (2 * 3.0)
    spread = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(sample.items.mean(axis=0), mean, atol=5 * spread.max() / 60)
    np.testing.assert_allclose(np.cov(sample.items.T), covariance, atol=0.1 * covariance.max())


def test_without_temperature_a_sweep_is_least_squares():
    rng = np.random.default_rng(1)
    dense = np.where(rng.random((9, 7)) < 0.6, rng.integers(1, 11, (9, 7)) / 2, 0.0)
    ratings = from_dense(dense, HALF_STARS)
    start = Model(rng.random((9, 2)), rng.random((7, 2)))
    sample = sample_posterior(
        ratings, start, regularisation=0.5, inverse_temperature=1e14, sweeps=1, seed=0
    )
    users = solve_rows(ratings, start.items, 0.5)
    np.testing.assert_allclose(sample.users, users, atol=1e-5)
    np.testing.assert_allclose(sample.items, solve_rows(ratings.transposed, users, 0.5), atol=1e-4)
