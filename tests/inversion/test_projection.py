"""The projection of equations 9 and 10 against a general convex solver, and its corners."""

import numpy as np
import pytest
from scipy.optimize import minimize

from recmia.inversion.projection import project

HIGHEST = 1.5


def by_solver(row, budget):
    """The same point as a quadratic programme."""
    found = minimize(
        lambda x: np.sum((row - x) ** 2),
        np.full(len(row), 0.01),
        jac=lambda x: 2 * (x - row),
        bounds=[(0, HIGHEST)] * len(row),
        constraints={
            "type": "ineq",
            "fun": lambda x: budget - x.sum(),
            "jac": lambda x: -np.ones_like(x),
        },
        method="SLSQP",
        options={"ftol": 1e-10, "maxiter": 500},
    )
    assert found.success
    return found.x


@pytest.mark.parametrize("budget", [0.7, 3.0, 6.0])
def test_nearest_point_is_the_solver_s(budget):
    rows = np.random.default_rng(int(budget * 10)).normal(0, 2, (6, 7))
    projected = project(rows, HIGHEST, budget)
    expected = np.stack([by_solver(row, budget) for row in rows])
    np.testing.assert_allclose(projected, expected, atol=1e-5)
    assert np.all(projected.sum(axis=1) <= budget + 1e-9)


def test_the_corner_of_figure_4():
    # m' = 1, n = 2, b_max = 1: what lies beyond a corner of the diamond goes to the corner.
    beyond = project(np.array([[2.0, 0.5], [0.8, 0.6]]), 1.0, 1.0)
    np.testing.assert_allclose(beyond, [[1.0, 0.0], [0.6, 0.4]])


def test_what_fits_stays_and_a_projection_is_its_own():
    inside = np.array([[0.5, 0.5, 0.0], [1.0, 0.2, 0.0]])
    np.testing.assert_array_equal(project(inside, HIGHEST, 2.0), inside)
    rows = np.random.default_rng(1).normal(0, 3, (20, 30))
    once = project(rows, HIGHEST, 4.0)
    np.testing.assert_allclose(project(once, HIGHEST, 4.0), once, atol=1e-12)
    assert once.min() == 0.0


def test_equal_ratings_share_the_budget():
    np.testing.assert_allclose(project(np.full((1, 4), 9.0), HIGHEST, 2.0), 0.5)
