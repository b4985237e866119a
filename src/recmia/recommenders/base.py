"""What every recommender offers."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from recmia.sessions import Sessions


@runtime_checkable
class Recommender(Protocol):
    """A model of sessions that recommends what to click next.

    Constructors take settings as keyword arguments and, where anything is random, ``seed: int``.
    """

    def fit(self, sessions: Sessions) -> Recommender:
        """Learn from sessions; returns itself."""
        ...

    def recommend(self, sessions: Sessions, k: int) -> np.ndarray:
        """Ranked items for the click that follows each session.

        Returns:
            int64 [n, k], best first, ids from 3, padded with 0 where fewer items qualify.
        """
        ...
