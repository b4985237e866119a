"""Lists of the one network, in the dense numbering that the released code never turns back."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.released import neural_cf
from recmia.released.neural_cf import keep_lists, lists
from recmia.released.noise import popular_items
from recmia.released.splits import Histories, save_split
from recmia.storage import read_arrays
from tests.released.made_up import small_split

K = 10


@pytest.fixture(scope="module")
def sparse() -> Histories:
    """Of the items only every fifth number occurs."""
    made = small_split().shadow
    return Histories(5 * made.items + 2, made.offsets, 5 * made.n_items)


def test_lists_are_in_the_dense_numbering(sparse: Histories) -> None:
    made = lists(sparse, seed=1, epochs=1, k=K)
    known = np.unique(sparse.items)
    assert made.shape == (len(sparse), K) and made.dtype == np.int64
    assert made.min() >= 0 and made.max() < len(known) < known.max() / 4
    assert all(len(set(row)) == K for row in made.tolist())  # nothing twice
    # Candidates are what a user lacks and the one record that is held out.
    rows = np.repeat(np.arange(len(sparse)), K)
    own = np.asarray(sparse.matrix[rows, known[made].ravel()]).reshape(-1, K).sum(axis=1)
    assert own.max() == 1 and 0 < own.sum() < len(sparse)


def test_the_same_numbers_in_other_words_give_the_same_lists(sparse: Histories) -> None:
    dense = Histories((sparse.items - 2) // 5, sparse.offsets, sparse.n_items // 5)
    made = [lists(known, seed=1, epochs=1, k=K) for known in (sparse, dense)]
    assert np.array_equal(*made)


def test_another_seed_gives_other_lists(sparse: Histories) -> None:
    first, other = (lists(sparse, seed=seed, epochs=1, k=K) for seed in (1, 2))
    assert not np.array_equal(first, other)


def test_training_lists_what_people_of_a_taste_lack(monkeypatch) -> None:
    """Planted: even users take the first 40 items, odd users the last 40."""
    # With as many candidates as items nothing would be left for negatives.
    monkeypatch.setattr(neural_cf, "CANDIDATES", 15)
    draw = np.random.default_rng(0)
    rows = [np.sort(40 * (u % 2) + draw.permutation(40)[:25]) for u in range(80)]
    known = Histories(np.concatenate(rows), np.arange(81) * 25, 80)
    untrained, trained = (
        (lists(known, seed=1, epochs=epochs, k=3) // 40 == np.arange(80)[:, None] % 2).mean()
        for epochs in (0, 40)
    )
    # A third of the candidates or so are of the own taste.
    assert untrained < 0.5 and trained > untrained + 0.25


def test_everybody_else_shares_the_popular_list_of_the_targets_file(tmp_path) -> None:
    split = small_split()
    save_split(tmp_path / "split.npz", split)
    keep_lists(tmp_path / "ncf.npz", tmp_path / "split.npz", seed=1, epochs=1, top_k=4)
    saved = read_arrays(tmp_path / "ncf.npz")
    assert np.array_equal(saved["lists"], lists(split.shadow, seed=1, epochs=1, k=4))
    # Counted over all users, members or not; 20 lists' worth of them, or what there is.
    assert np.array_equal(saved["popular"], popular_items(split.target, 80))
    assert not np.array_equal(saved["popular"], popular_items(split.shadow, 80))
