"""Algorithm 2: the gradient against finite differences, the descent, and what it may return."""

import numpy as np
import pytest

from recmia.inversion.poisoning import (
    Simulation,
    keep_highest,
    linked_start,
    optimise,
    random_items,
    simulated_users,
)
from recmia.inversion.ratings import HALF_STARS
from recmia.inversion.utility import Utility

N, K, FAKE = 14, 4, 5
SENSITIVE, DECOYS = np.array([2]), np.array([5, 9])


def simulation(zeros_observed, regularisation=0.5):
    rng = np.random.default_rng(1)
    return Simulation(
        rng.normal(0.5, 0.5, (N, K)),
        rng.random((K, K)),
        regularisation,
        HALF_STARS,
        zeros_observed,
        sweeps=3,
    )


@pytest.mark.parametrize("zeros_observed", [False, True])
@pytest.mark.parametrize("camouflage", [0.0, 0.3])
def test_gradient_is_the_slope_while_users_are_held_fixed(zeros_observed, camouflage):
    made_up = simulation(zeros_observed)
    utility = Utility(made_up.items, SENSITIVE, DECOYS, camouflage)
    rng = np.random.default_rng(2)
    malicious = np.where(rng.random((FAKE, N)) < 0.5, rng.uniform(1, 5, (FAKE, N)), 0.0)
    poisoned = made_up.poisoned(malicious)
    gradient = poisoned.gradient(utility)
    fake = poisoned.fake_users

    def value(row, column, change):
        # Equation 13 for one item, solved anew: the honest part of its right side is what is left.
        own = malicious[:, column].copy()
        seen = np.ones(FAKE, bool) if zeros_observed else own > 0
        left = poisoned.system.shared + (0 if zeros_observed else fake[seen].T @ fake[seen])
        honest = left @ poisoned.items[column] - fake[seen].T @ own[seen]
        own[row] += change
        items = poisoned.items.copy()
        items[column] = np.linalg.solve(left, honest + fake[seen].T @ own[seen])
        return utility.value(items)

    for row, column in np.argwhere(malicious > 0):
        slope = (value(row, column, 1e-5) - value(row, column, -1e-5)) / 2e-5
        assert gradient[row, column] == pytest.approx(slope, rel=1e-4, abs=1e-7)


def test_without_camouflage_only_sensitive_items_and_decoys_move():
    made_up = simulation(False)
    start = linked_start(FAKE, N, np.array([2, 5, 9]), 5.0)
    gradient = made_up.poisoned(start).gradient(Utility(made_up.items, SENSITIVE, DECOYS, 0.0))
    assert sorted(np.flatnonzero(np.abs(gradient).max(axis=0))) == [2, 5, 9]


def test_from_zeros_nothing_would_move():
    made_up = simulation(False)
    gradient = made_up.poisoned(np.zeros((FAKE, N))).gradient(
        Utility(made_up.items, SENSITIVE, DECOYS, 0.3)
    )
    assert not gradient.any()


@pytest.mark.parametrize("zeros_observed", [False, True])
@pytest.mark.parametrize("camouflage", [0.0, 1.0])
def test_descent_lowers_the_utility_within_the_limits(zeros_observed, camouflage):
    made_up = simulation(zeros_observed)
    poison = optimise(
        made_up,
        Utility(made_up.items, SENSITIVE, DECOYS, camouflage),
        linked_start(FAKE, N, np.array([2, 5, 9]), 5.0),
        most_rated=6,
        stops=(15,),
        first_move=0.5,
        tolerance=1e-6,
    )[0]
    assert len(poison.utility) > 2
    assert np.all(np.diff(poison.utility) < 0)
    assert (poison.ratings > 0).sum(axis=1).max() <= 6
    assert set(np.unique(poison.ratings)) <= set(np.arange(11) / 2)


def test_ratings_held_back_stay():
    made_up = simulation(True)
    start = linked_start(FAKE, N, np.array([2, 5, 9]), 5.0)
    poison = optimise(
        made_up,
        Utility(made_up.items, SENSITIVE, DECOYS, 1.0),
        start,
        most_rated=8,
        stops=(5,),
        first_move=1.0,
        tolerance=0.0,
        allowed=start == 0,
    )[0]
    np.testing.assert_array_equal(poison.ratings[:, [2, 5, 9]], 5.0)


def test_columns_that_nobody_rated_share_a_matrix_without_harm():
    # With every column rated, each has a matrix of its own: the same items must come out.
    made_up = simulation(False)
    malicious = np.full((FAKE, N), 3.0)
    everybody = made_up.poisoned(malicious)
    assert len(everybody.system.rated) == N
    malicious[:, 4] = 0
    one_left = made_up.poisoned(malicious)
    assert len(one_left.system.rated) == N - 1
    right = np.random.default_rng(0).normal(size=(N, K))
    solved = one_left.system.solve(right)
    np.testing.assert_allclose(one_left.system.shared @ solved[4], right[4])
    np.testing.assert_allclose(one_left.system.own[0] @ solved[0], right[0])


def test_random_items_and_truncation():
    chosen = random_items(50, 30, 7, seed=3)
    assert np.all(chosen.sum(axis=1) == 7)
    assert len(np.unique(chosen, axis=0)) == 50
    kept = keep_highest(np.array([[0.1, 3.0, 2.0, 2.0]]), 2)
    np.testing.assert_array_equal(kept, [[0, 3, 2, 0]])


def test_stops_along_one_descent_are_descents_of_so_many_steps():
    made_up = simulation(True)
    start = linked_start(FAKE, N, np.array([2, 5, 9]), 5.0)

    def descend(*stops):
        return optimise(
            made_up,
            Utility(made_up.items, SENSITIVE, DECOYS, 0.1),
            start,
            most_rated=6,
            stops=stops,
            first_move=0.05,
            tolerance=1e-9,
        )

    none, two, seven = descend(0, 2, 7)
    np.testing.assert_array_equal(none.ratings, start)
    assert [len(poison.utility) for poison in (none, two, seven)] == [1, 3, 8]
    for together, alone in ((two, descend(2)[0]), (seven, descend(7)[0])):
        np.testing.assert_array_equal(together.ratings, alone.ratings)
        assert together.utility == alone.utility


@pytest.mark.parametrize("number", [K, 40])
def test_simulated_users_are_factorised_as_if_their_ratings_were_written_out(number):
    """One sweep by hand, equation 13 with every rating of M-hat observed."""
    plain = simulation(True)
    users = simulated_users(number, K, seed=5)
    made_up = Simulation(plain.items, users, 0.5, HALF_STARS, True, sweeps=1)
    start = linked_start(FAKE, N, np.array([2, 5, 9]), 5.0)
    joint, v = np.vstack([users @ plain.items.T, start]), plain.items
    u = np.linalg.solve(v.T @ v + 0.5 * np.eye(K), v.T @ joint.T).T
    expected = np.linalg.solve(u.T @ u + 0.5 * np.eye(K), u.T @ joint).T
    np.testing.assert_allclose(made_up.poisoned(start).items, expected)
