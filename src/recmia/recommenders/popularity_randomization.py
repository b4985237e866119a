"""Popularity Randomization: the defence that gives non-members a random part of what is popular."""

from __future__ import annotations

import numpy as np

from recmia.errors import DataError
from recmia.recommenders.base import Recommender
from recmia.recommenders.histories import user_chunks
from recmia.recommenders.lists import top_lists
from recmia.recommenders.popularity import Popularity
from recmia.row_draws import row_uniform
from recmia.sessions import Sessions


class PopularityRandomization(Recommender):
    """Random lists from the most popular items (Zhang et al., CCS 2021, section 4 and A.1).

    Of the N_cand = N_rec / alpha most popular items, each user gets N_rec at random and in random
    order. The draw depends on seed and row id, so on nobody else.

    Args:
        vocabulary_size: V.
        alpha: ratio of recommendations to candidates; the paper picks 10%.
        seed: root seed.

    Raises:
        DataError: alpha is not above 0 and at most 1.
    """

    name = "popularity-randomization"

    def __init__(self, *, vocabulary_size: int, alpha: float = 0.1, seed: int) -> None:
        if not 0 < alpha <= 1:
            raise DataError(f"{alpha} is no ratio", column="alpha", remedy="choose from 0 to 1.")
        self.vocabulary_size, self.alpha, self.seed = vocabulary_size, alpha, seed
        self.popularity = Popularity(vocabulary_size=vocabulary_size)

    def fit(self, sessions: Sessions) -> PopularityRandomization:
        """Count clicks."""
        self.popularity.fit(sessions)
        return self

    def candidates(self, k: int) -> np.ndarray:
        """int64 [N_cand]: what lists of k are drawn from; at most the whole catalogue."""
        return self.popularity.order[: round(k / self.alpha)]

    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        """Lists for anybody; see `Recommender.recommend`."""
        candidates = self.candidates(k)
        parts = [np.zeros((0, k), dtype=np.int64)]
        for rows in user_chunks(len(sessions), self.vocabulary_size):
            scores = np.full((len(sessions[rows]), self.vocabulary_size), -np.inf)
            scores[:, candidates] = row_uniform(
                sessions.row_ids[rows, None], candidates, self.seed, "popularity_randomization"
            )
            parts.append(top_lists(scores, sessions[rows], k, exclude_seen))
        return np.concatenate(parts)
