"""z of three items by hand, and weights that need not sum to one."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.released.difference_vectors import difference_vectors, position_weights

ITEMS = np.float32([[1, 0], [0, 2], [4, 4]])
CENTRE = np.float32([[1, 1], [2, 0], [0, 0]])
LISTS = np.array([[0, 2], [1, 0]])
WEIGHTS = np.float32([0.5, 0.25])


def test_vectors_of_two_members_and_one_other() -> None:
    # (1, 1) - (0.5, 0) - (1, 1); (2, 0) - (0, 1) - (0.25, 0); (0, 0) - (2, 2) - (0, 0.5).
    expected = [[-0.5, 0], [1.75, -1], [-2, -2.5]]
    before = CENTRE.copy()
    for others in (np.array([2, 1]), np.array([[2, 1]])):
        made = difference_vectors(CENTRE, LISTS, others, ITEMS, WEIGHTS)
        assert made.tolist() == expected and made.dtype == np.float32
    assert np.array_equal(CENTRE, before)


def test_others_can_have_lists_of_their_own() -> None:
    centre, others = np.zeros((3, 2), dtype=np.float32), np.array([[0, 1], [2, 2]])
    made = difference_vectors(centre, LISTS[:1], others, ITEMS, WEIGHTS)
    assert made.tolist() == [[-1.5, -1], [-0.5, -0.5], [-3, -3]]


def test_only_the_first_recommendations_are_seen() -> None:
    made = difference_vectors(CENTRE, LISTS, np.array([2, 1]), ITEMS, np.float32([1]))
    assert made.tolist() == [[0, 1], [2, -2], [-4, -4]]


@pytest.mark.parametrize("k", [1, 20, 100])
def test_fixed_weights_do_not_know_the_length_of_the_list(k: int) -> None:
    assert position_weights("fixed", k).tolist() == [np.float32(0.01)] * k


def test_weights_by_rank_are_those_of_a_hundred() -> None:
    whole = position_weights("rank", 100)
    assert whole[0] == np.float32(100 / 5050) and whole[-1] == np.float32(1 / 5050)
    assert whole.sum() == pytest.approx(1, abs=1e-6)
    assert np.array_equal(position_weights("rank", 20), whole[:20])
    # A list of 20 counts for (100 + ... + 81) / 5050.
    assert position_weights("rank", 20).sum() == pytest.approx(1810 / 5050, abs=1e-6)


def test_weights_of_the_text_sum_to_one() -> None:
    assert position_weights("mean", 4).tolist() == [0.25] * 4
    by_rank = position_weights("rank of the list", 4)
    assert by_rank.tolist() == pytest.approx([0.4, 0.3, 0.2, 0.1])
    for kind in ("mean", "rank of the list"):
        assert position_weights(kind, 37).sum() == pytest.approx(1, abs=1e-6)
    hundred = [position_weights(kind, 100) for kind in ("rank", "rank of the list")]
    assert np.array_equal(*hundred)
