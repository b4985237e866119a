"""Made-up ratings with tastes, and sensitive items that have nothing to do with them."""

from __future__ import annotations

import numpy as np

from recmia.data.ratings import RatingTable
from recmia.data.times import UNKNOWN_TIME
from recmia.seeds import generator

SENSITIVE = 6
GROUPS = 4


def draw_ratings(users: int, items: int, *, visits: bool, seed: int) -> RatingTable:
    """Draw ratings: each user prefers the items of her group, popular ones first.

    The first six items are sensitive: the n-th is rated, and rated highest, by about one user in
    20 + 4n, whoever she is.

    Args:
        users: number of users.
        items: number of items, sensitive ones included.
        visits: every rating is 1; else half stars, high for items of a user's group.
        seed: root seed.

    Returns:
        About 15 ratings a user.
    """
    rng = generator(seed, "synthetic ratings")
    own = np.arange(users)[:, None] % GROUPS == np.arange(items)[None] % GROUPS
    appeal = 1.0 / np.sqrt(np.arange(items) + 20)
    # The n items with the smallest exponential clocks are a draw by weight without replacement.
    clocks = rng.exponential(size=(users, items)) / (np.where(own, 10.0, 1.0) * appeal)
    count = np.minimum(rng.poisson(12, users) + 3, items // 2)
    rated = clocks.argsort(axis=1).argsort(axis=1) < count[:, None]
    chance = 1 / (20 + 4 * np.arange(SENSITIVE))
    rated[:, :SENSITIVE] = rng.random((users, SENSITIVE)) < chance
    user, item = rated.nonzero()
    values = np.ones(len(user))
    if not visits:
        stars = rng.normal(np.where(own[user, item], 4.0, 2.8), 0.8)
        values = np.clip(np.round(stars * 2) / 2, 0.5, 5.0)
        values[item < SENSITIVE] = 5.0
    times = np.full(len(user), UNKNOWN_TIME)
    table = RatingTable(user, item, values, times, np.arange(users), np.arange(items))
    return table.only(np.ones(len(user), dtype=bool))
