"""Ranking quality: how well lists predict the last click of a session, or what a user has next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from recmia.recommenders.base import Recommender
from recmia.sessions import PADDING, Sessions


class RankingQuality(NamedTuple):
    """NDCG@k and HR@k of each session, float64 [n]."""

    ndcg: np.ndarray
    hit_rate: np.ndarray


def without_last_click(sessions: Sessions) -> tuple[Sessions, np.ndarray]:
    """Split sessions of two clicks and more into what came before, and the last click int64 [n].

    Raises:
        ValueError: a session has fewer than two clicks.
    """
    if len(sessions) and sessions.lengths.min() < 2:
        raise ValueError("Predicting the last click needs sessions of at least two clicks.")
    rows = np.arange(len(sessions))
    before = sessions.clicks.copy()
    last = before[rows, sessions.lengths - 1]
    before[rows, sessions.lengths - 1] = PADDING
    return Sessions(before, sessions.lengths - 1, sessions.row_ids), last


def evaluate_ranking(
    recommender: Recommender | Callable[[Sessions, int], np.ndarray],
    sessions: Sessions,
    k: int = 20,
) -> RankingQuality:
    """Full-catalogue ranking of the last click (the protocol of the library's RecSys 2021 paper).

    One item is relevant, so the ideal gain is 1: NDCG@k is 1 / log2(1 + rank) for a rank up to k
    and 0 beyond; HR@k is whether the rank is at most k. The rank is the position in the list, so
    ties are settled as the recommender settles them: the count-based ones by the smaller id.

    Args:
        recommender: has ``recommend``, or is a function ``(sessions, k) -> int64 [n, k]``.
        sessions: at least two clicks each.
        k: length of the lists.
    """
    before, last = without_last_click(sessions)
    lists = recommender.recommend if isinstance(recommender, Recommender) else recommender
    found = lists(before, k) == last[:, None]
    hit = found.any(axis=1)
    rank = found.argmax(axis=1) + 1
    return RankingQuality(np.where(hit, 1 / np.log2(1 + rank), 0.0), hit.astype(np.float64))


def hit_rate(
    lists: np.ndarray, held_out: Sessions, reading: Literal["any", "next"] = "any"
) -> np.ndarray:
    """HR@k of each user: whether the list includes the ground truth (CCS 2021, section 3.2).

    The paper does not say which ground truth. "any": at least one of the items held out is in the
    list, the reading whose values are of the size of its Table 2; "next": the first one is.

    Args:
        lists: int64 [n, k], padded with 0.
        held_out: items of the same users in order, aligned by row.
        reading: which of the two.

    Returns:
        float64 [n], 0 or 1; 0 where nothing was held out.
    """
    if reading == "next":
        first = held_out.clicks[:, :1]
        return ((lists == first) & (first != PADDING)).any(axis=1).astype(np.float64)
    # A user's item as one number: held-out items of thousands are looked up without comparing all.
    size = 1 + max(lists.max(initial=0), held_out.clicks.max(initial=0))
    rows = np.arange(len(lists))[:, None]
    in_list = np.isin(rows * size + held_out.clicks, rows * size + lists)
    return (in_list & (held_out.clicks != PADDING)).any(axis=1).astype(np.float64)
