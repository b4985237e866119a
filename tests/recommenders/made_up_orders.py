"""Sequences whose next item is known: what a sequential recommender must learn."""

from __future__ import annotations

import numpy as np

from recmia.sessions import Sessions

ITEMS = 30
VOCABULARY = 3 + ITEMS
LENGTHS = (4, 11)


def cyclic_users(n: int = 400, seed: int = 0) -> tuple[Sessions, np.ndarray]:
    """Each sequence goes around all items in one order, from anywhere; and its next item [n].

    Items follow each other in steps of seven, so that neither ids nor popularity tell the next.
    """
    draw = np.random.default_rng(seed)
    lengths = draw.integers(LENGTHS[0], LENGTHS[1] + 1, n)
    steps = draw.integers(0, ITEMS, n)[:, None] + np.arange(LENGTHS[1] + 1)
    items = 3 + 7 * steps % ITEMS
    clicks = np.where(np.arange(LENGTHS[1]) < lengths[:, None], items[:, :-1], 0)
    return Sessions(clicks, lengths, 1000 + 7 * draw.permutation(n)), items[np.arange(n), lengths]


def check_order_is_learned(model, share: float) -> None:
    """What holds of every sequential recommender that was trained on `cyclic_users`.

    The next item is first for at least this share, strangers too (by chance: 1 in 30); lists hold
    every item once; seen items can be left out; neither the order of rows, nor who else is asked
    for, nor wider padding matter.
    """
    users, following = cyclic_users()
    strangers, after = cyclic_users(50, seed=5)
    strangers = Sessions(strangers.clicks, strangers.lengths, -1 - np.arange(50))
    assert (model.recommend_folded_in(strangers, 1)[:, 0] == after).mean() >= share
    for recommend in (model.recommend, model.recommend_folded_in):
        lists = recommend(users, VOCABULARY)
        assert (lists[:, 0] == following).mean() >= share
        assert lists.dtype == np.int64 and (lists[:, ITEMS:] == 0).all()
        assert (np.sort(lists[:, :ITEMS], axis=1) == 3 + np.arange(ITEMS)).all()

        unseen = recommend(users, VOCABULARY, exclude_seen=True)
        seen = (unseen[:, :, None] == users.clicks[:, None]) & (unseen[:, :, None] > 0)
        assert not seen.any()
        np.testing.assert_array_equal((unseen > 0).sum(axis=1), ITEMS - users.lengths)
        # What is left keeps its order.
        kept = ~(lists[:, :, None] == users.clicks[:, None]).any(axis=2) & (lists > 0)
        np.testing.assert_array_equal(unseen[unseen > 0], lists[kept])

        some = np.random.default_rng(1).permutation(len(users))[:13]
        wider = users[some]
        wider = Sessions(np.pad(wider.clicks, ((0, 0), (0, 9))), wider.lengths, wider.row_ids)
        np.testing.assert_array_equal(recommend(wider, 4), lists[some, :4])
        assert recommend(users[:0], 4).shape == (0, 4)
