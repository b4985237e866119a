"""Item similarity by hand, and replacement."""

import numpy as np
import pytest

from recmia.augment import replace_one_item, similar_items
from recmia.sessions import Sessions


def sessions_of(*rows: list[int], width: int = 4) -> Sessions:
    clicks = np.zeros((len(rows), width), dtype=np.int64)
    for i, row in enumerate(rows):
        clicks[i, : len(row)] = row
    return Sessions(clicks, (clicks > 0).sum(1), np.arange(len(rows)))


def test_cosine_similarity_by_hand():
    # Item 3 in sessions 0,1,2; item 4 in 0,1; item 5 in 2,3; item 6 alone in 3 with 5.
    similar = similar_items(sessions_of([3, 4], [3, 4, 3], [3, 5], [5, 6]), 8, 2)
    assert similar.neighbours[3].tolist() == [4, 5]
    assert similar.similarity[3] == pytest.approx([2 / np.sqrt(6), 1 / np.sqrt(6)])
    assert similar.neighbours[6].tolist() == [5, 0]
    assert similar.similarity[6] == pytest.approx([1 / np.sqrt(2), 0])
    assert similar.counts.tolist() == [0, 0, 0, 2, 1, 2, 1, 0]


def test_forbidden_sessions_never_come_out():
    sessions = sessions_of([3, 4], [3, 5], [4, 5])
    similar = similar_items(sessions, 6, 2)
    # Every single replacement of a two-click session over three items gives another pair.
    every_pair = sessions_of(*([a, b] for a in (3, 4, 5) for b in (3, 4, 5) if a != b))
    replaced = replace_one_item(
        sessions, similar, np.random.default_rng(0), forbidden=every_pair.hashes()
    )
    assert len(replaced.sessions) == 0 and replaced.dropped == 3
    assert 0 < replaced.first_draw_forbidden <= 1


def test_every_click_is_replaced_equally_often():
    n = 6000
    rng = np.random.default_rng(1)
    clicks = np.stack([rng.permutation(50)[:4] + 3 for _ in range(n)])
    sessions = Sessions(clicks, np.full(n, 4), np.arange(n))
    similar = similar_items(sessions, 53, 10)
    replaced = replace_one_item(sessions, similar, rng, forbidden=sessions.hashes())
    share = np.bincount(replaced.position, minlength=4) / len(replaced.position)
    assert share == pytest.approx(np.full(4, 0.25), abs=0.03)


def test_an_item_without_neighbours_stays():
    sessions = sessions_of([3, 3], [4, 5], [4, 6])
    similar = similar_items(sessions, 7, 2)
    replaced = replace_one_item(
        sessions, similar, np.random.default_rng(0), forbidden=np.array([], np.uint64)
    )
    assert 0 not in replaced.origin and replaced.dropped >= 1
