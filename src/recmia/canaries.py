"""Canaries: made-up sessions that are put among the training sessions by coin, for an audit.

Each passes the rules of real sessions: item ids of the vocabulary, lengths as they occur, no click
on the same item twice in a row. None equals an existing session or another canary.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recmia.errors import DataError
from recmia.seeds import generator
from recmia.sessions import FIRST_ITEM, PADDING, Sessions

_ATTEMPTS = 50


def random_canaries(existing: Sessions, n: int, *, vocabulary_size: int, seed: int) -> Sessions:
    """Sessions of items drawn uniformly from the whole vocabulary.

    Args:
        existing: all sessions there are; lengths are drawn from theirs.
        n: how many canaries.
        vocabulary_size: V, item ids are 3 to V - 1.
        seed: root of the draws.

    Returns:
        n sessions as wide as ``existing``, with row ids after the largest existing one.

    Raises:
        DataError: fewer than n different ones were found.
    """
    return _of_items(existing, n, np.arange(FIRST_ITEM, vocabulary_size), seed, "random")


def rare_canaries(existing: Sessions, n: int, *, share: float, seed: int) -> Sessions:
    """Sessions of items drawn uniformly from those with the fewest clicks.

    Args:
        existing: all sessions there are; lengths are drawn from theirs.
        n: how many canaries.
        share: of the items that occur in ``existing``, the rarest; two items at least. Of equally
            rare ones those with the larger ids.
        seed: root of the draws.

    Returns:
        n sessions as wide as ``existing``, with row ids after the largest existing one.

    Raises:
        DataError: a share that cannot be, or fewer than n different canaries were found.
    """
    if not 0 < share <= 1:
        raise DataError(f"The share of rare items has to be above 0 and at most 1, not {share}.")
    counts = np.bincount(existing.clicks[existing.clicks != PADDING])
    items = np.flatnonzero(counts)[::-1]
    rarest = items[np.argsort(counts[items], kind="stable")]
    return _of_items(existing, n, rarest[: max(2, round(share * len(items)))], seed, "rare")


def reordered_canaries(existing: Sessions, n: int, *, seed: int) -> Sessions:
    """Real sessions with their clicks in another order, each session at most once.

    Args:
        existing: all sessions there are.
        n: how many canaries.
        seed: root of the choice of sessions and orders.

    Returns:
        n sessions as wide as ``existing``, with the row ids of their originals.

    Raises:
        DataError: fewer than n sessions have another order that is no existing session.
    """
    rng = generator(seed, "canaries", "reordered")
    waiting = rng.permutation(len(existing))

    def draw(taken: np.ndarray) -> Sessions:
        nonlocal waiting
        # What has found its order makes room; the rest are tried again, in the same order.
        waiting = waiting[~np.isin(existing.row_ids[waiting], taken)]
        clicks = existing.clicks[waiting]
        keys = np.where(clicks != PADDING, rng.random(clicks.shape), 2.0)
        shuffled = np.take_along_axis(clicks, np.argsort(keys, axis=1), axis=1)
        return Sessions(shuffled, existing.lengths[waiting], existing.row_ids[waiting])

    return _collected(existing, n, draw)


def _of_items(existing: Sessions, n: int, items: np.ndarray, seed: int, kind: str) -> Sessions:
    """Sessions of ``items``, uniform among all sequences without immediate repeats."""
    if len(items) < 2:
        raise DataError(f"Canaries need two items at least; there are {len(items)}.")
    rng = generator(seed, "canaries", kind)
    next_row = int(existing.row_ids.max(initial=-1)) + 1

    def draw(taken: np.ndarray) -> Sessions:
        lengths = rng.choice(existing.lengths, n)
        steps = rng.integers(1, len(items), (n, existing.max_length))  # 0 would repeat an item
        steps[:, 0] = rng.integers(0, len(items), n)
        clicks = items[np.cumsum(steps, axis=1) % len(items)]
        clicks[np.arange(existing.max_length) >= lengths[:, None]] = PADDING
        return Sessions(clicks, lengths, np.full(n, -1))

    found = _collected(existing, n, draw)
    return Sessions(found.clicks, found.lengths, next_row + np.arange(n))


def _collected(existing: Sessions, n: int, draw: Callable[[np.ndarray], Sessions]) -> Sessions:
    """The first n valid sessions that are drawn; ``draw`` is given the row ids found so far."""
    if not len(existing):
        raise DataError("Canaries are made like existing sessions; there are none.")
    if n < 1:
        raise DataError(f"{n} canaries were asked for.")
    clicks = np.empty((0, existing.max_length), dtype=np.int64)
    lengths, rows = np.empty((2, 0), dtype=np.int64)
    known = existing.hashes()
    for _ in range(_ATTEMPTS):
        drawn = draw(rows)
        repeated = (drawn.clicks[:, 1:] == drawn.clicks[:, :-1]) & (drawn.clicks[:, 1:] != PADDING)
        value = drawn.hashes()
        first = np.zeros(len(drawn), dtype=bool)
        first[np.unique(value, return_index=True)[1]] = True
        good = first & ~repeated.any(axis=1) & ~np.isin(value, known)
        good = np.flatnonzero(good)[: n - len(lengths)]
        known = np.concatenate([known, value[good]])
        clicks = np.concatenate([clicks, drawn.clicks[good]])
        lengths = np.concatenate([lengths, drawn.lengths[good]])
        rows = np.concatenate([rows, drawn.row_ids[good]])
        if len(lengths) == n:
            return Sessions(clicks, lengths, rows)
    raise DataError(
        f"Only {len(lengths)} different canaries of {n} were found in {_ATTEMPTS} attempts.",
        remedy="ask for fewer, or give longer sessions or more items",
    )
