"""Last items, batches of like length, chance of one's own, and the checks of sequences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recmia.errors import DataError
from recmia.recommenders.sequences import (
    check_sequences,
    drop,
    last_items,
    length_batches,
    own_chance,
    ranked_by,
)
from recmia.sessions import Sessions


def sequences(*rows: list[int]) -> Sessions:
    width = max(map(len, rows))
    clicks = np.array([row + [0] * (width - len(row)) for row in rows])
    return Sessions(clicks, np.array(list(map(len, rows))), 50 + np.arange(len(rows)))


def test_last_items_are_padded_on_the_left():
    found = last_items(sequences([3, 4, 5, 6], [7], [8, 9]), 3)
    assert found.tolist() == [[4, 5, 6], [0, 0, 7], [0, 8, 9]]
    assert last_items(sequences([3, 4]), 4).tolist() == [[0, 0, 3, 4]]


def test_batches_hold_everybody_once_at_nearly_one_length():
    lengths = np.random.default_rng(0).integers(1, 200, 1000)
    batches = length_batches(lengths, 50, np.random.default_rng(1))
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(1000))
    assert [len(batch) for batch in batches] == [50] * 20
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    assert padded < 1.1 * lengths.sum()  # at full width it would be twice as much
    # Of 20 batches of sorted uniform lengths each spans about a twentieth of the range.
    assert max(np.ptp(lengths[batch]) for batch in batches) < 30
    means = [lengths[batch].mean() for batch in batches]
    assert not np.all(np.diff(means) > 0)
    again = length_batches(lengths, 50, np.random.default_rng(2))
    assert any((np.sort(a) != np.sort(b)).any() for a, b in zip(batches, again, strict=True))


def test_chance_is_the_seeds_and_global_state_is_left_alone():
    before = torch.random.get_rng_state()
    draws = []
    for seed in (1, 1, 2):
        with own_chance(torch.device("cpu"), seed, "name"):
            draws.append(torch.rand(3))
    assert torch.equal(draws[0], draws[1]) and not torch.equal(draws[0], draws[2])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_dropped_share_and_mean():
    with own_chance(torch.device("cpu"), 3, "drop"):
        dropped = drop(torch.ones(200_000), 0.2)
    assert set(dropped.unique().tolist()) == {0.0, 1.25}
    # 5 standard errors of a share of 0.2.
    assert (dropped == 0).double().mean().item() == pytest.approx(0.2, abs=5 * 0.4 / 200_000**0.5)
    whole = torch.arange(4.0)
    assert torch.equal(drop(whole, 0.0), whole)


def test_lists_by_hand():
    histories = sequences([3, 4], [5])
    scores = torch.tensor([[9.0, 9, 9, 5, 4, 3, 3], [9, 9, 9, 1, 2, 3, 0]])

    def score(part: Sessions) -> torch.Tensor:
        assert part.clicks.shape[1] == part.lengths.max()
        return scores[torch.from_numpy(part.row_ids - 50)]

    # Ids 0 to 2 are no items; equals go by the smaller id.
    assert ranked_by(score, histories, 5, 7, False).tolist() == [[3, 4, 5, 6, 0], [5, 4, 3, 6, 0]]
    assert ranked_by(score, histories, 3, 7, True).tolist() == [[5, 6, 0], [4, 3, 6]]


def test_bad_sequences_are_named():
    with pytest.raises(DataError, match="3..5; found 2..6"):
        check_sequences(sequences([3, 6], [2]), 6)
    empty = Sessions(np.array([[3], [0]]), np.array([1, 0]), np.array([8, 9]))
    with pytest.raises(DataError, match="row 9 is empty"):
        check_sequences(empty, 6)
