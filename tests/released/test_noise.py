"""Starting values, and lists that follow from them, against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.released import noise
from tests.released.made_up import histories, small_split


def brute(scores: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def test_item_vectors_are_standard_normal_and_their_seeds() -> None:
    made = noise.vectors(3000, seed=4)
    assert made.shape == (3000, 100) and made.dtype == np.float32
    # 300,000 numbers: a standard deviation of the mean is 0.002.
    assert abs(made.mean()) < 0.01 and made.std() == pytest.approx(1, abs=0.01)
    assert (np.abs(made) < 1).mean() == pytest.approx(0.6827, abs=0.005)
    assert np.array_equal(made, noise.vectors(3000, seed=4))
    assert not np.array_equal(made, noise.vectors(3000, seed=5))
    assert noise.vectors(7, seed=4, dim=3).shape == (7, 3)


def test_factors_start_from_uniform_users_and_normal_items() -> None:
    users, items = noise.factors(400, 500, seed=1)
    assert users.min() >= 0 and users.max() <= 1 and users.mean() == pytest.approx(0.5, abs=0.01)
    assert abs(items.mean()) < 0.02 and items.std() == pytest.approx(1, abs=0.02)


def test_lists_of_factors_are_the_largest_products_best_first() -> None:
    users, items = noise.factors(20, 300, seed=3)
    lists = noise.factor_lists(20, 300, seed=3, k=12)
    scores = users.astype(np.float64) @ items.T.astype(np.float64)
    assert np.array_equal(lists, brute(scores, 12))
    assert np.array_equal(lists, noise.factor_lists(20, 300, seed=3, k=12))
    assert not np.array_equal(lists, noise.factor_lists(20, 300, seed=4, k=12))


def test_uniform_users_are_served_a_common_core() -> None:
    """As the authors' lists of LFM: two members share far more items than by chance."""
    lists = noise.factor_lists(60, 20_000, seed=2)
    shared = np.mean([len(np.intersect1d(a, b)) for a, b in zip(lists, lists[1:], strict=False)])
    assert 8 < shared < 60  # of 100; by chance 0.5


def test_seen_items_can_be_left_out() -> None:
    members = small_split().shadow[:20]
    users, items = noise.factors(20, members.n_items, seed=1)
    lists = noise.best_products(users, items, 15, members)
    scores = users.astype(np.float64) @ items.T.astype(np.float64)
    free = noise.best_products(users, items, 15)
    assert np.array_equal(free, brute(scores, 15))
    scores[members.users, members.items] = -np.inf
    assert np.array_equal(lists, brute(scores, 15)) and not np.array_equal(lists, free)


def test_no_list_is_longer_than_there_are_items_and_the_bias_counts() -> None:
    users, items = np.ones((2, 1), dtype=np.float32), np.float32([[3], [1], [2]])
    assert noise.best_products(users, items, 5).tolist() == [[0, 2, 1]] * 2
    bias = np.float32([0, 5, 0])
    assert noise.best_products(users, items, 2, bias=bias).tolist() == [[1, 0]] * 2


def test_items_list_the_nearest_vectors_nearest_first() -> None:
    members = small_split().shadow[:20]
    items = noise.vectors(members.n_items, seed=6)
    lists = noise.nearest_lists(members, items, 15)
    owned = members.matrix.toarray().astype(np.float64)
    centres = owned @ items / owned.sum(axis=1, keepdims=True)
    gaps = ((centres[:, None] - items[None].astype(np.float64)) ** 2).sum(axis=2)
    assert np.array_equal(lists, brute(-gaps, 15))
    unseen = noise.nearest_lists(members, items, 15, members)
    assert np.array_equal(unseen, brute(np.where(owned > 0, -np.inf, -gaps), 15))


def test_what_is_held_at_once_does_not_matter(monkeypatch) -> None:
    members = small_split().shadow[:20]
    users, items = noise.factors(20, members.n_items, seed=1)
    whole = noise.best_products(users, items, 15, members)
    monkeypatch.setattr(noise, "_SCORES", 3 * len(items))
    assert np.array_equal(noise.best_products(users, items, 15, members), whole)


def test_centres_by_hand() -> None:
    items = np.float32([[1, 0], [3, 4], [0, 2]])
    made = noise.centres(histories([0, 1], [], [2], n_items=3), items)
    assert made.tolist() == [[2, 2], [0, 0], [0, 2]]


def test_popular_items_by_hand() -> None:
    # Item 0 twice, 1 three times, 2 twice, 3 never, 4 three times; equals by the larger number.
    known = histories([0, 1, 4], [1, 2, 4], [0, 1, 2, 4], n_items=5)
    assert noise.popular_items(known, 5).tolist() == [4, 1, 2, 0, 3]
    assert noise.popular_items(known, 2).tolist() == [4, 1]
