"""Recommend what is clicked most."""

from __future__ import annotations

import numpy as np

from recmia.sessions import FIRST_ITEM, Sessions

SESSIONS_AT_ONCE = 5_000


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
        candidates = self._top(k + sessions.max_length)
        parts = [np.zeros((0, k), dtype=np.int64)]
        for start in range(0, len(sessions), SESSIONS_AT_ONCE):
            clicks = sessions.clicks[start : start + SESSIONS_AT_ONCE]
            seen = (candidates[None, :, None] == clicks[:, None, :]).any(axis=2)
            unseen_first = np.argsort(seen, axis=1, kind="stable")[:, :k]
            chosen = np.where(
                np.take_along_axis(seen, unseen_first, 1), 0, candidates[unseen_first]
            )
            parts.append(chosen)
        return np.concatenate(parts)

    def _top(self, k: int) -> np.ndarray:
        top = self.order[:k]
        return np.pad(top, (0, k - len(top)))
