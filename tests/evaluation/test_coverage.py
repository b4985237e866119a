"""Coverage of items by what a target was trained on: by hand, and session by session."""

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.evaluation.coverage import all_trained_on, least_holders
from recmia.evaluation.metrics import roc_auc
from recmia.sessions import Sessions, concatenate


def make(rows, row_ids, width=6):
    clicks = np.zeros((len(rows), width), dtype=np.int64)
    for filled, row in zip(clicks, rows, strict=True):
        filled[: len(row)] = row
    return Sessions(clicks, np.array([len(row) for row in rows]), np.asarray(row_ids))


TRAINED = make([[3, 4], [3, 4], [3, 5, 3]], [10, 11, 12])


@pytest.mark.parametrize(
    ("session", "row_id", "others", "known"),
    [
        ([3, 4], 90, 2, True),  # held out: 4 is in two sessions
        ([3, 4], 10, 1, True),  # trained itself: its identical twin is left
        ([3, 5], 90, 1, True),  # 5 is in one session
        ([3, 5, 3], 12, 0, True),  # which is its own
        ([3, 6], 90, 0, False),  # 6 is in none
        ([3, 4], 12, 2, True),  # a copy with a click replaced: its original held no 4
    ],
)
def test_by_hand(session, row_id, others, known):
    one = make([session], [row_id])
    assert least_holders(one, TRAINED, 7).tolist() == [others]
    assert all_trained_on(one, TRAINED).tolist() == [known]


def test_a_copy_of_a_trained_session_adds_nobody():
    both = concatenate(TRAINED, make([[3, 6]], [10]))  # a copy of the first, trained on as well
    assert least_holders(make([[3, 6], [6]], [10, 90]), both, 7).tolist() == [0, 1]
    assert least_holders(make([[3]], [90]), both, 7).tolist() == [3]


def test_agrees_with_counting_session_by_session():
    rng = np.random.default_rng(3)
    rows = [list(rng.integers(3, 40, rng.integers(1, 6))) for _ in range(60)]
    trained = make(rows[:40], rng.integers(0, 25, 40))
    asked = make(rows[20:], np.r_[trained.row_ids[20:], 100 + np.arange(20)])
    expected = [
        min(
            len(
                {o for o, held in zip(trained.row_ids, rows[:40], strict=True) if item in held}
                - {i}
            )
            for item in row
        )
        for row, i in zip(rows[20:], asked.row_ids, strict=True)
    ]
    assert least_holders(asked, trained, 40).tolist() == expected
    assert len(set(expected)) > 2


def test_members_do_not_stand_out_among_known_items():
    """Counting a member's own clicks would keep its rare items and drop others' rare items."""
    rng = np.random.default_rng(5)
    weight = 1 / np.arange(1, 400)
    drawn = rng.choice(np.arange(3, 402), (2000, 3), p=weight / weight.sum())
    both = Sessions(drawn, np.full(2000, 3), np.arange(2000))
    members = np.arange(2000) < 1000
    trained = both[members]
    rarity = -np.bincount(drawn.ravel(), minlength=402)[drawn].min(axis=1)
    fair = least_holders(both, trained, 402) >= 1
    literal = all_trained_on(both, trained)
    assert abs(roc_auc(rarity[fair].astype(float), members[fair]) - 0.5) < 0.03
    assert roc_auc(rarity[literal].astype(float), members[literal]) > 0.53


@pytest.mark.parametrize(
    ("row", "message"), [([9], "outside a vocabulary"), ([], "without clicks")]
)
def test_what_cannot_be_covered_is_refused(row, message):
    with pytest.raises(DataError, match=message):
        least_holders(make([row], [90]), TRAINED, 7)
