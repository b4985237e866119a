"""Records that tell whose they are, dealt out; histories by hand."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.data.interactions import save_interactions
from recmia.errors import DataError
from recmia.released.splits import (
    PARTS,
    Histories,
    histories_of,
    keep_split,
    load_split,
    plain_lists,
    split_records,
)
from tests.released.made_up import telling_records

LENGTHS = [30, 4, 12, 11, 60, 25, 12, 40, 13, 33, 3, 21, 17, 50]
ACTIVE = [0, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13]  # users with 12 records or more


def test_each_record_lies_on_one_part_of_its_own_user() -> None:
    interactions, owners = telling_records(LENGTHS)
    found = split_records(interactions, least=12, seed=5)
    assert found.numbers.tolist() == ACTIVE and found.n_members == 5  # of 11
    parts = [found.side(name) for name in PARTS]
    for part in parts:
        assert len(part) == len(ACTIVE) and part.n_items == sum(LENGTHS)
        # User i is the same person everywhere.
        assert np.array_equal(owners[part.items], found.numbers[part.users])
        for user in range(len(part)):
            assert (np.diff(part[user : user + 1].items) > 0).all()  # in their order of time
    dealt = np.sort(np.concatenate([part.items for part in parts]))
    assert np.array_equal(dealt, np.flatnonzero(np.isin(owners, ACTIVE)))


def test_a_third_of_the_records_on_each_part_and_another_seed_deals_otherwise() -> None:
    interactions, _ = telling_records([150] * 40)
    first, again, other = (split_records(interactions, least=20, seed=s) for s in (1, 1, 2))
    for name in PARTS:
        # 6,000 records: a standard deviation of a share is 0.006.
        assert len(first.side(name).items) / 6000 == pytest.approx(1 / 3, abs=0.025)
        assert np.array_equal(first.side(name).items, again.side(name).items)
    assert not np.array_equal(first.shadow.items, other.shadow.items)
    # Chance deals, not turns: the parts of a user differ in size.
    assert first.shadow.lengths.std() > 3


def test_whole_people_are_dealt_out_where_this_is_asked_for() -> None:
    lengths = LENGTHS * 2
    interactions, owners = telling_records(lengths)
    found = split_records(interactions, least=12, seed=5, people=True)
    people = []
    for name in PARTS:
        part = found.side(name)
        assert len(part) == 22 // 3
        for user in range(len(part)):
            items = part[user : user + 1].items
            (person,) = set(owners[items].tolist())
            assert len(items) == lengths[person] >= 12  # all of this person's records
            people.append(person)
    assert len(set(people)) == len(people) == 21
    assert people[:7] == found.numbers.tolist() and found.n_members == 3


@pytest.mark.parametrize(("people", "enough"), [(False, 4), (True, 12)])
def test_too_few_active_users_are_refused(people: bool, enough: int) -> None:
    interactions, _ = telling_records([20] * enough + [19] * 30)
    assert len(split_records(interactions, least=20, seed=0, people=people).shadow) == 4
    interactions, _ = telling_records([20] * (enough - 1) + [19] * 30)
    with pytest.raises(DataError, match=f"{enough - 1} users have 20 records or more: too few"):
        split_records(interactions, least=20, seed=0, people=people)


def test_a_kept_split_is_the_split(tmp_path) -> None:
    interactions, _ = telling_records(LENGTHS)
    saved = save_interactions(interactions, tmp_path / "data.npz")
    keep_split(tmp_path / "split.npz", saved, least=12, seed=5)
    found, made = load_split(tmp_path / "split.npz"), split_records(interactions, least=12, seed=5)
    for name in PARTS:
        one, other = found.side(name), made.side(name)
        assert one.items.tolist() == other.items.tolist() and one.n_items == other.n_items
        assert one.offsets.tolist() == other.offsets.tolist()
    assert found.n_members == made.n_members and found.numbers.tolist() == made.numbers.tolist()


@pytest.fixture
def three() -> Histories:
    """Items 4 and 1, none, and 2, 0, 3."""
    return histories_of(np.array([2, 0, 2, 0, 2]), np.array([2, 4, 0, 1, 3]), 3, 6)


def test_histories_by_hand(three: Histories) -> None:
    assert len(three) == 3 and three.items.tolist() == [4, 1, 2, 0, 3]
    assert three.offsets.tolist() == [0, 2, 2, 5] and three.lengths.tolist() == [2, 0, 3]
    assert three.users.tolist() == [0, 0, 2, 2, 2]
    assert three.matrix.toarray().tolist() == [
        [0, 1, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 0, 1, 1, 0, 0],
    ]


def test_users_that_follow_one_another_are_cut_out(three: Histories) -> None:
    rest = three[1:]
    assert rest.items.tolist() == [2, 0, 3] and rest.offsets.tolist() == [0, 0, 3]
    assert rest.n_items == 6 and rest.matrix.shape == (2, 6)
    assert three[:1].items.tolist() == [4, 1]
    assert len(three[1:1]) == 0 and three[1:2].items.tolist() == []


def test_users_are_put_after_others(three: Histories) -> None:
    both = three[2:].joined(three[:2])
    assert both.items.tolist() == [2, 0, 3, 4, 1] and both.offsets.tolist() == [0, 3, 5, 5]
    whole = three[:2].joined(three[2:])
    assert (whole.matrix != three.matrix).nnz == 0


def test_histories_in_the_studys_form(three: Histories) -> None:
    padded = three.padded()
    assert padded.clicks.tolist() == [[7, 4, 0], [0, 0, 0], [5, 3, 6]]
    assert padded.lengths.tolist() == [2, 0, 3] and padded.row_ids.tolist() == [0, 1, 2]
    assert three.padded(np.array([9, 4, 7])).row_ids.tolist() == [9, 4, 7]
    assert three[1:2].padded().clicks.tolist() == [[0]]


def test_lists_that_end_early_repeat_their_last_item() -> None:
    lists = np.array([[5, 4, 0, 0], [3, 9, 6, 7], [8, 0, 0, 0]])
    assert plain_lists(lists).tolist() == [[2, 1, 1, 1], [0, 6, 3, 4], [5, 5, 5, 5]]
