"""Recommend what is clicked most."""

from __future__ import annotations

import numpy as np

from recmia.recommenders.histories import user_chunks
from recmia.recommenders.lists import top_lists
from recmia.sessions import FIRST_ITEM, Sessions


class Popularity:
    """Items by falling number of clicks, equals by the smaller id; the same list for everybody.

    Args:
        vocabulary_size: V; items that were never clicked come last.
        exclude_seen: leave out a session's own items, as the released code of Biased-MIA does
            when it makes non-members' lists.
    """

    def __init__(self, *, vocabulary_size: int, exclude_seen: bool = False) -> None:
        self.vocabulary_size, self.exclude_seen = vocabulary_size, exclude_seen
        self.order: np.ndarray | None = None

    def fit(self, sessions: Sessions) -> Popularity:
        """Count clicks; ``order`` becomes int64 [V - 3], most clicked first."""
        counts = np.bincount(sessions.clicks.ravel(), minlength=self.vocabulary_size)[FIRST_ITEM:]
        self.order = np.argsort(-counts, kind="stable") + FIRST_ITEM
        return self

    def recommend(self, sessions: Sessions, k: int) -> np.ndarray:
        """Int64 [n, k], padded with 0 where the catalogue is smaller than k."""
        if not self.exclude_seen:
            return np.repeat(self._top(k)[None], len(sessions), axis=0)
        standing = np.zeros(self.vocabulary_size)
        standing[self.order] = -np.arange(len(self.order))
        parts = [np.zeros((0, k), dtype=np.int64)]
        for rows in user_chunks(len(sessions), self.vocabulary_size):
            scores = np.repeat(standing[None], len(sessions[rows]), axis=0)
            parts.append(top_lists(scores, sessions[rows], k))
        return np.concatenate(parts)

    def recommend_folded_in(self, sessions: Sessions, k: int) -> np.ndarray:
        """Lists for anybody: the model holds no user, so the same as `recommend`."""
        return self.recommend(sessions, k)

    def _top(self, k: int) -> np.ndarray:
        top = self.order[:k]
        return np.pad(top, (0, k - len(top)))
