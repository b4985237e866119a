"""The projection of equations 9 and 10 against a general convex solver, and its corners."""

import numpy as np
import pytest
from scipy.optimize import minimize

from recmia.inversion.projection import project

HIGHEST = 1.5


def by_solver(row, budget, signed):
    """The same point as a quadratic programme in the positive and negative parts."""
    n = len(row)

    def distance(parts):
        return np.sum((row - parts[:n] + parts[n:]) ** 2)

    low_bound = (0, HIGHEST if signed else 0)
    found = minimize(
        distance,
        np.full(2 * n, 0.01),
        jac=lambda parts: np.concatenate(
            [-2 * (row - parts[:n] + parts[n:]), 2 * (row - parts[:n] + parts[n:])]
        ),
        bounds=[(0, HIGHEST)] * n + [low_bound] * n,
        constraints={
            "type": "ineq",
            "fun": lambda parts: budget - parts.sum(),
            "jac": lambda parts: -np.ones_like(parts),
        },
        method="SLSQP",
        options={"ftol": 1e-10, "maxiter": 500},
    )
    assert found.success
    return found.x[:n] - found.x[n:]


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("budget", [0.7, 3.0, 6.0])
def test_nearest_point_is_the_solver_s(signed, budget):
    rows = np.random.default_rng(int(budget * 10)).normal(0, 2, (6, 7))
    projected = project(rows, HIGHEST, budget, signed=signed)
    expected = np.stack([by_solver(row, budget, signed) for row in rows])
    np.testing.assert_allclose(projected, expected, atol=1e-5)
    assert np.all(np.abs(projected).sum(axis=1) <= budget + 1e-9)


def test_the_corner_of_figure_4():
    # m' = 1, n = 2, b_max = 1: what lies beyond a corner of the diamond goes to the corner.
    beyond = project(np.array([[2.0, 0.5], [0.8, 0.6]]), 1.0, 1.0, signed=True)
    np.testing.assert_allclose(beyond, [[1.0, 0.0], [0.6, 0.4]])


def test_what_fits_stays_and_a_projection_is_its_own():
    inside = np.array([[0.5, -0.5, 0.0], [1.0, 0.2, 0.0]])
    np.testing.assert_array_equal(project(inside, HIGHEST, 2.0, signed=True), inside)
    rows = np.random.default_rng(1).normal(0, 3, (20, 30))
    once = project(rows, HIGHEST, 4.0, signed=False)
    np.testing.assert_allclose(project(once, HIGHEST, 4.0, signed=False), once, atol=1e-12)
    assert once.min() == 0.0


def test_equal_ratings_share_the_budget():
    np.testing.assert_allclose(project(np.full((1, 4), 9.0), HIGHEST, 2.0, signed=False), 0.5)
