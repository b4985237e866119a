"""Alternating least squares: against a direct solve, its conditions of optimality, its descent."""

import numpy as np
import pytest

from recmia.inversion.factorisation import (
    Model,
    factorise,
    initial_items,
    objective,
    solve_rows,
)
from recmia.inversion.ratings import HALF_STARS
from tests.inversion.made_up import from_dense

LAMBDA = 0.3


@pytest.fixture
def dense():
    rng = np.random.default_rng(3)
    return np.where(rng.random((12, 9)) < 0.5, rng.integers(1, 11, (12, 9)) / 2, 0.0)


@pytest.mark.parametrize("zeros_observed", [False, True])
def test_rows_are_the_ridge_regression_of_each_row(dense, zeros_observed):
    factors = np.random.default_rng(4).normal(size=(9, 3))
    solved = solve_rows(from_dense(dense, HALF_STARS, zeros_observed), factors, LAMBDA)
    for row, profile in zip(dense, solved, strict=True):
        seen = np.ones(9, bool) if zeros_observed else row > 0
        # The same problem as one stacked least-squares system.
        left = np.vstack([factors[seen], np.sqrt(LAMBDA) * np.eye(3)])
        right = np.concatenate([row[seen], np.zeros(3)])
        np.testing.assert_allclose(profile, np.linalg.lstsq(left, right, rcond=None)[0], atol=1e-9)


def test_a_user_without_ratings_has_no_profile(dense):
    dense[5] = 0
    solved = solve_rows(from_dense(dense, HALF_STARS), np.ones((9, 2)), LAMBDA)
    np.testing.assert_array_equal(solved[5], 0)


@pytest.mark.parametrize("zeros_observed", [False, True])
def test_objective_is_equation_2(dense, zeros_observed):
    rng = np.random.default_rng(5)
    model = Model(rng.normal(size=(12, 3)), rng.normal(size=(9, 3)))
    observed = np.ones_like(dense) if zeros_observed else dense > 0
    error = np.sum(observed * (dense - model.users @ model.items.T) ** 2)
    expected = error + LAMBDA * (np.sum(model.users**2) + np.sum(model.items**2))
    ratings = from_dense(dense, HALF_STARS, zeros_observed)
    assert objective(ratings, model, LAMBDA) == pytest.approx(expected)


@pytest.mark.parametrize("zeros_observed", [False, True])
def test_the_objective_never_rises_and_ends_where_equation_12_holds(dense, zeros_observed):
    ratings = from_dense(dense, HALF_STARS, zeros_observed)
    fit = factorise(
        ratings, initial_items(9, 3, seed=1), regularisation=LAMBDA, sweeps=2000, tolerance=0.0
    )
    assert np.all(np.diff(fit.objective) <= 1e-9 * fit.objective[0])
    users, items = fit.model.users, fit.model.items
    observed = np.ones_like(dense) if zeros_observed else dense > 0
    residual = observed * (dense - users @ items.T)
    np.testing.assert_allclose(LAMBDA * items, residual.T @ users, atol=1e-6)
    np.testing.assert_allclose(LAMBDA * users, residual @ items, atol=1e-3)


def test_all_entries_stored_is_the_same_as_zeros_observed():
    dense = np.random.default_rng(6).integers(1, 11, (8, 7)) / 2
    start = initial_items(7, 2, seed=0)
    models = [
        factorise(
            from_dense(dense, HALF_STARS, zeros),
            start,
            regularisation=LAMBDA,
            sweeps=5,
            tolerance=0.0,
        ).model
        for zeros in (False, True)
    ]
    np.testing.assert_allclose(models[0].users, models[1].users)
    np.testing.assert_allclose(models[0].items, models[1].items)


def test_training_stops_once_the_objective_settles(dense):
    ratings = from_dense(dense, HALF_STARS)
    start = initial_items(9, 3, seed=1)
    fit = factorise(ratings, start, regularisation=LAMBDA, sweeps=500, tolerance=1e-3)
    assert 2 < len(fit.objective) < 500
    last = fit.objective
    assert last[-2] - last[-1] <= 1e-3 * last[-2] < last[-3] - last[-2]
