"""Users of two tastes, with a few items that everybody has: what a recommender must tell apart."""

from __future__ import annotations

from functools import partial

import numpy as np

from recmia.recommenders.popularity import Popularity
from recmia.sessions import Sessions

ITEMS_PER_TASTE = 40
VOCABULARY = 3 + 2 * ITEMS_PER_TASTE


def tasteful_users(n: int = 90, length: int = 20, seed: int = 0) -> tuple[Sessions, np.ndarray]:
    """Histories inside one half of the catalogue each, and the taste (0 or 1) of each user.

    Taste 0 is two users in three, so that the most popular items are its items.
    """
    draw = np.random.default_rng(seed)
    taste = (np.arange(n) % 3 == 2).astype(np.int64)
    within = np.argsort(draw.random((n, ITEMS_PER_TASTE)), axis=1)[:, :length]
    clicks = 3 + taste[:, None] * ITEMS_PER_TASTE + within
    return Sessions(clicks, np.full(n, length), 1000 + 7 * draw.permutation(n)), taste


def own_taste(lists: np.ndarray, taste: np.ndarray) -> np.ndarray:
    """float64 [n]: share of each list that is of the user's taste; padding is of neither."""
    return ((lists - 3) // ITEMS_PER_TASTE == taste[:, None]).mean(axis=1)


def has_seen(lists: np.ndarray, sessions: Sessions) -> np.ndarray:
    """bool [n]: whether a list holds an item of the history."""
    return ((lists[:, :, None] == sessions.clicks[:, None]) & (lists[:, :, None] > 0)).any((1, 2))


def overlap(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """float64 [n]: share of a list that is in the other, row by row."""
    return (one[:, :, None] == other[:, None, :]).any(axis=2).mean(axis=1)


def check_lists(model, k: int = 10) -> None:
    """What holds of every recommender that was trained on `tasteful_users`.

    Each user is recommended unseen items of the own taste (20 are left), better than by popularity;
    longer lists are padded; neither the order of rows nor who else is asked for matters; strangers
    get lists of the taste of the history they show.
    """
    users, taste = tasteful_users()
    popular = Popularity(vocabulary_size=VOCABULARY).fit(users)
    others = np.random.default_rng(1).permutation(len(users))[:31]
    strangers, strange_taste = tasteful_users(30, seed=9)
    strangers = Sessions(strangers.clicks, strangers.lengths, -1 - np.arange(30))
    for method in (model.recommend, model.recommend_folded_in):
        recommend = partial(method, exclude_seen=True)
        whole = recommend(users, VOCABULARY + 5)
        lists = whole[:, :k]
        assert whole.shape == (len(users), VOCABULARY + 5) and whole.dtype == np.int64
        share = own_taste(lists, taste)
        assert share[taste == 0].mean() > 0.85 and share[taste == 1].mean() > 0.85
        assert (
            share.mean()
            > own_taste(popular.recommend(users, k, exclude_seen=True), taste).mean() + 0.2
        )
        assert not has_seen(whole, users).any()
        unseen = VOCABULARY - 3 - 20
        assert (np.sort(whole, axis=1)[:, -unseen:] > 2).all() and (whole[:, unseen:] == 0).all()
        np.testing.assert_array_equal(recommend(users[others], k), lists[others])
    assert own_taste(model.recommend_folded_in(strangers, k), strange_taste).mean() > 0.85
