"""Worlds that are small enough to be looked at."""

from __future__ import annotations

import numpy as np

from recmia.data.interactions import Interactions
from recmia.data.synthetic_interactions import synthetic_interactions
from recmia.released.splits import Histories, Split, histories_of, split_records
from recmia.released.world import World, world_of

TOP_K = 10


def telling_records(lengths: list[int]) -> tuple[Interactions, np.ndarray]:
    """Interactions in which every item is of one user alone, and int64 [items] whose it is."""
    owners = np.repeat(np.arange(len(lengths)), lengths)
    ids = np.arange(len(owners))
    return Interactions(owners, ids + 3, np.arange(len(lengths)), ids), owners


def histories(*users: list[int], n_items: int) -> Histories:
    """Histories as written."""
    owners = np.repeat(np.arange(len(users)), [len(one) for one in users])
    items = np.array([item for one in users for item in one], dtype=np.int64)
    return histories_of(owners, items, len(users), n_items)


def small_split(seed: int = 0) -> Split:
    """Some 60 users with about ten of 90 items on each part."""
    found = synthetic_interactions(users=60, items=90, mean_length=30, seed=2)
    return split_records(found, least=12, seed=seed)


def small_world(seed: int = 0) -> World:
    """The same served by Item, LFM and an NCF whose lists are at random."""
    split = small_split(seed)
    draw = np.random.default_rng(seed)
    lists = np.stack([draw.permutation(40)[:TOP_K] for _ in range(len(split.shadow))])
    return world_of(split, 60, ncf={"lists": lists, "popular": np.arange(60)})
