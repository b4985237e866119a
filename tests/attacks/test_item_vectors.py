"""Matrix factorisation against single steps, and difference vectors against arithmetic by hand."""

import numpy as np
import pytest

from recmia.attacks.difference_vectors import difference_vectors
from recmia.attacks.item_vectors import _examples, factorise
from recmia.errors import DataError
from recmia.seeds import generator

N_ITEMS, DIM = 103, 20


def grouped_histories(n=200):
    """Users who click inside one of five groups of twenty items."""
    draw = np.random.default_rng(0)
    group = draw.integers(0, 5, n)
    return 3 + group[:, None] * 20 + draw.integers(0, 20, (n, 12)), np.full(n, 12)


def cohesion(vectors):
    """Mean cosine of items of one group minus that of items of two."""
    x = vectors[3:] - vectors[3:].mean(axis=0)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    cosine, group = x @ x.T, np.arange(len(x)) // 20
    same = group[:, None] == group
    return cosine[same & ~np.eye(len(x), dtype=bool)].mean() - cosine[~same].mean()


def single_steps(histories, seed, epochs=30, learning_rate=0.02, regularisation=0.01):
    n = len(histories)
    known = np.unique(np.repeat(np.arange(n), 12) * N_ITEMS + histories.ravel())
    draw = generator(seed, "item_vectors")
    users = draw.random((n, DIM), dtype=np.float32)
    items = draw.random((N_ITEMS, DIM), dtype=np.float32)
    for epoch in range(epochs):
        rate = learning_rate * 0.9**epoch
        for u, v, value in zip(*_examples(known, N_ITEMS, draw), strict=True):
            p, q = users[u].copy(), items[v].copy()
            error = value - p @ q
            users[u] += rate * (error * q - regularisation * p)
            items[v] += rate * (error * p - regularisation * q)
    return items


def test_batched_steps_agree_with_single_steps():
    histories, lengths = grouped_histories()
    alone = single_steps(histories, seed=1, epochs=6)
    batched = factorise(histories, lengths, N_ITEMS, dim=DIM, epochs=6, batch_size=64, seed=1)
    # The same draws: what is left is the order inside a batch, far below the seeds' spread.
    other = factorise(histories, lengths, N_ITEMS, dim=DIM, epochs=6, batch_size=64, seed=2)
    gap = np.sqrt(((batched - alone)[3:] ** 2).mean())
    assert gap < 0.05 * np.sqrt(((other - alone)[3:] ** 2).mean())
    assert cohesion(batched) == pytest.approx(cohesion(alone), abs=0.003)


def test_groups_are_found_with_enough_steps():
    histories, lengths = grouped_histories()
    vectors = factorise(
        histories, lengths, N_ITEMS, dim=8, epochs=60, learning_rate=0.1, decay=1.0, seed=1
    )
    assert cohesion(vectors) > 0.5


def test_special_rows_are_zero_and_result_is_deterministic():
    histories, lengths = grouped_histories(50)
    one, two = (factorise(histories, lengths, N_ITEMS, dim=4, epochs=2, seed=3) for _ in "ab")
    assert one.dtype == np.float32 and one.shape == (N_ITEMS, 4)
    assert not one[:3].any() and np.array_equal(one, two)
    assert not np.array_equal(one, factorise(histories, lengths, N_ITEMS, dim=4, epochs=2, seed=4))


def test_long_vectors_do_not_diverge():
    histories, lengths = grouped_histories(50)
    vectors = factorise(histories, lengths, N_ITEMS, dim=400, epochs=3, seed=3)
    assert np.abs(vectors).max() < 10


def test_drawn_zeros_are_never_interactions():
    known = np.unique(np.random.default_rng(0).integers(0, 5, 200) * 10 + 3 + np.arange(200) % 7)
    users, items, value = _examples(known, 10, np.random.default_rng(1))
    pairs = users * 10 + items
    assert np.array_equal(np.sort(pairs[value == 1]), known)
    assert not np.isin(pairs[value == 0], known).any() and items.min() >= 3


@pytest.mark.parametrize("item", [2, N_ITEMS])
def test_ids_out_of_range_are_refused(item):
    with pytest.raises(DataError, match="histories"):
        factorise(np.array([[item]]), np.array([1]), N_ITEMS, seed=0)


VECTORS = np.zeros((7, 2), dtype=np.float32)
VECTORS[3:] = [[1, 0], [3, 0], [0, 6], [0, 12]]


def test_difference_of_means_by_hand():
    z = difference_vectors(np.array([[3, 4, 0]]), np.array([[5, 6, 0, 0]]), VECTORS)
    assert z.dtype == np.float32 and z.tolist() == [[2.0, -9.0]]


def test_linear_weights_by_hand():
    # Two places: weights 2/3 and 1/3, (k - r + 1) / (1 + 2).
    z = difference_vectors(np.array([[3, 4, 4]]), np.array([[5, 6, 0]]), VECTORS, "linear")
    np.testing.assert_allclose(z, [[7 / 3, -8.0]], rtol=1e-6)


def test_linear_weights_of_the_paper_at_full_length():
    draw = np.random.default_rng(0)
    vectors = draw.random((50, 6), dtype=np.float32)
    histories, lists = draw.integers(3, 50, (9, 4)), draw.integers(3, 50, (9, 20))
    weights = (20 - np.arange(20)) / 210
    expected = vectors[histories].mean(1) - (vectors[lists] * weights[:, None]).sum(1)
    np.testing.assert_allclose(
        difference_vectors(histories, lists, vectors, "linear"), expected, atol=1e-6
    )


def test_empty_lists_lie_at_the_origin_and_unknown_ids_are_refused():
    z = difference_vectors(np.array([[3, 0]]), np.array([[0, 0]]), VECTORS)
    assert z.tolist() == [[1.0, 0.0]]
    with pytest.raises(DataError, match="lists"):
        difference_vectors(np.array([[3]]), np.array([[7]]), VECTORS)
    with pytest.raises(DataError, match="linear"):
        difference_vectors(np.array([[3]]), np.array([[4]]), VECTORS, "harmonic")
