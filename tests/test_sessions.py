"""Sessions: tokens, hashes and selection."""

import numpy as np

from recmia.sessions import END, START, Sessions, concatenate


def test_tokens_by_hand():
    sessions = Sessions(np.array([[5, 3, 0], [4, 3, 5]]), np.array([2, 3]), np.array([7, 9]))
    assert sessions.tokens().tolist() == [[START, 5, 3, END, 0], [START, 4, 3, 5, END]]


def test_hashes_are_equal_exactly_where_clicks_are():
    rng = np.random.default_rng(0)
    clicks = 3 + rng.integers(0, 4, (5000, 5))
    lengths = rng.integers(1, 6, 5000)
    clicks[np.arange(5) >= lengths[:, None]] = 0
    hashes = Sessions(clicks, lengths, np.arange(5000)).hashes()
    assert len(np.unique(hashes)) == len(np.unique(clicks, axis=0))
    same = hashes[:200, None] == hashes[None, :200]
    assert (same == (clicks[:200, None] == clicks[None, :200]).all(-1)).all()


def test_hashes_depend_on_order_and_not_on_padding():
    narrow = Sessions(np.array([[3, 4], [4, 3]]), np.array([2, 2]), np.arange(2))
    wide = Sessions(np.array([[3, 4, 0, 0], [4, 3, 0, 0]]), np.array([2, 2]), np.arange(2))
    assert narrow.hashes()[0] != narrow.hashes()[1]
    assert (narrow.hashes() == wide.hashes()).all()


def test_concatenate_and_select_are_inverse():
    sessions = Sessions(np.array([[3, 4], [4, 3], [5, 3]]), np.array([2, 2, 2]), np.arange(3))
    joined = concatenate(sessions[:1], sessions[1:])
    assert joined.content_hash() == sessions.content_hash()
    assert sessions[np.array([False, True, False])].row_ids.tolist() == [1]
