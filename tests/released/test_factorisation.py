"""Steps by hand, nothing without passes, and tastes that are found with some."""

from __future__ import annotations

import numpy as np

from recmia.released.factorisation import descend
from tests.released.made_up import histories


def test_one_step_by_hand() -> None:
    # One user has the one item, so that no zero can be drawn. The error is 1 - 0.5.
    known = histories([0], n_items=1)
    users, items = np.float32([[0.5, 0.5]]), np.float32([[1, 0]])
    descend(users, items, known, passes=1, seed=0)
    np.testing.assert_allclose(users, [[0.50495, 0.49995]], rtol=1e-6)
    np.testing.assert_allclose(items, [[1.0024, 0.0025]], rtol=1e-6)


def test_the_rate_falls_by_its_factor_from_pass_to_pass() -> None:
    known, made = histories([0], n_items=1), {}
    for passes, decay in ((1, 1.0), (2, 1.0), (2, 0.0), (2, 0.5)):
        users, items = np.float32([[0.5, 0.5]]), np.float32([[1, 0]])
        descend(users, items, known, passes=passes, seed=0, decay=decay)
        made[passes, decay] = users
    assert np.array_equal(made[2, 0.0], made[1, 1.0])
    steps = {d: (made[2, d] - made[1, 1.0])[0, 0] for d in (1.0, 0.5)}
    np.testing.assert_allclose(steps[0.5], steps[1.0] / 2, rtol=1e-3)


def planted(passes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two tastes: even users have 10 of the first 20 items, odd users of the last 20."""
    draw = np.random.default_rng(3)
    known = histories(
        *(sorted(20 * (u % 2) + draw.permutation(20)[:10]) for u in range(60)), n_items=40
    )
    users, items = (draw.random((n, 8)).astype(np.float32) / 10 for n in (60, 40))
    descend(users, items, known, passes=passes, seed=seed, learning_rate=0.05)
    return users, items, known.matrix.toarray()


def test_without_passes_nothing_changes() -> None:
    draw = np.random.default_rng(3)
    [draw.permutation(20) for _ in range(60)]
    users, items, _ = planted(0)
    assert np.array_equal(users, draw.random((60, 8)).astype(np.float32) / 10)
    assert np.array_equal(items, draw.random((40, 8)).astype(np.float32) / 10)


def test_the_error_falls_and_tastes_are_found() -> None:
    errors = []
    for passes in (0, 5, 200):
        users, items, owned = planted(passes)
        errors.append(((owned - users @ items.T)[owned > 0] ** 2).mean())
    assert errors[0] > 0.9 > errors[1] > errors[2] and errors[2] < 0.3
    scores = users @ items.T
    own = np.arange(60)[:, None] % 2 == np.arange(40)[None] // 20
    assert scores[own].mean() > scores[~own].mean() + 0.3


def test_drawn_zeros_follow_from_the_seed() -> None:
    first, again, other = (planted(3, seed=s)[0] for s in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
