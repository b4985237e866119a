"""Recommend what is clicked most."""

from __future__ import annotations

import numpy as np

from recmia.recommenders.base import Recommender
from recmia.recommenders.histories import user_chunks
from recmia.recommenders.lists import top_lists
from recmia.sessions import FIRST_ITEM, Sessions


class Popularity(Recommender):
    """Items by falling number of clicks, equals by the smaller id; the same list for everybody.

    Args:
        vocabulary_size: V; items that were never clicked come last.
    """

    name = "popularity"

    def __init__(self, *, vocabulary_size: int) -> None:
        self.vocabulary_size = vocabulary_size
        self.order: np.ndarray | None = None

    def fit(self, sessions: Sessions) -> Popularity:
        """Count clicks; ``order`` becomes int64 [V - 3], most clicked first."""
        counts = np.bincount(sessions.clicks.ravel(), minlength=self.vocabulary_size)[FIRST_ITEM:]
        self.order = np.argsort(-counts, kind="stable") + FIRST_ITEM
        return self

    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        """Lists for anybody; see `Recommender.recommend`."""
        if not exclude_seen:
            return np.repeat(self._top(k)[None], len(sessions), axis=0)
        standing = np.zeros(self.vocabulary_size)
        standing[self.order] = -np.arange(len(self.order))
        parts = [np.zeros((0, k), dtype=np.int64)]
        for rows in user_chunks(len(sessions), self.vocabulary_size):
            scores = np.repeat(standing[None], len(sessions[rows]), axis=0)
            parts.append(top_lists(scores, sessions[rows], k, exclude_seen))
        return np.concatenate(parts)

    def _top(self, k: int) -> np.ndarray:
        top = self.order[:k]
        return np.pad(top, (0, k - len(top)))
