"""Recommend the neighbours of the last items: items that the same sessions click."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import sparse

from recmia.recommenders.base import Recommender
from recmia.recommenders.histories import histories_of, user_chunks
from recmia.recommenders.lists import ranked_lists
from recmia.section import Count
from recmia.sessions import FIRST_ITEM, Sessions


class ItemNeighbours(Recommender):
    """Item-based nearest neighbours on co-occurrence in sessions (cosine; library: implicit).

    After a session, the score of an item is the sum of its similarities to the last clicks,
    weighted 1, 1/2, 1/3 and so on from the last click back. For a user, it is the sum over all the
    items of the history, each weighing 1: the item-based collaborative filter (Item) of Zhang et
    al. (CCS 2021, section 2.3), who give no details. Equal scores go by the smaller id.

    Args:
        vocabulary_size: V.
        neighbours: similar items kept of each item.
        last_clicks: clicks of a session that are used; None for users and their whole history.
    """

    name = "item-neighbours"

    def __init__(
        self, *, vocabulary_size: int, neighbours: Count = 100, last_clicks: Count | None = 3
    ) -> None:
        self.vocabulary_size = vocabulary_size
        self.neighbours, self.last_clicks = neighbours, last_clicks
        self.similarity: sparse.csr_matrix | None = None

    def fit(self, sessions: Sessions) -> ItemNeighbours:
        """Compute similarities; ``similarity`` becomes a sparse [V, V] without a diagonal."""
        with warnings.catch_warnings():
            # It asks for widgets in notebooks, for progress bars that are not wanted here.
            warnings.filterwarnings("ignore", "IProgress not found")
            from implicit.nearest_neighbours import CosineRecommender

        rows, columns = np.nonzero(sessions.clicks)
        matrix = sparse.csr_matrix(
            (np.ones(len(rows)), (rows, sessions.clicks[rows, columns])),
            shape=(len(sessions), self.vocabulary_size),
        )
        matrix.data[:] = 1.0  # an item clicked twice in a session counts once
        model = CosineRecommender(K=self.neighbours + 1, num_threads=1)
        with warnings.catch_warnings():
            # The library weights the matrix into a format that it then warns about itself.
            warnings.filterwarnings("ignore", "Method expects CSR input")
            model.fit(matrix, show_progress=False)
        similarity = model.similarity.tolil()
        similarity.setdiag(0)
        self.similarity = similarity.tocsr()
        self.similarity.eliminate_zeros()
        return self

    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        """Lists for anybody, of neighbours of the items used; see `Recommender.recommend`."""
        parts = [np.zeros((0, k), dtype=np.int64)]
        # At worst every item of the catalogue gets a score from every user.
        for rows in user_chunks(len(sessions), self.vocabulary_size):
            parts.append(self._lists(sessions[rows], k, exclude_seen))
        return np.concatenate(parts)

    def _lists(self, sessions: Sessions, k: int, exclude_seen: bool) -> np.ndarray:
        scores = self._weights(sessions) @ self.similarity
        if exclude_seen:
            history = histories_of(sessions, self.vocabulary_size).matrix()
            scores = scores - scores.multiply(history)  # exactly 0 for what the user has
            scores.eliminate_zeros()
        scores = scores.tocoo()
        candidates = scores.col >= FIRST_ITEM
        row, item, score = (x[candidates] for x in (scores.row, scores.col, scores.data))
        return ranked_lists(row, item, score, len(sessions), k)

    def _weights(self, sessions: Sessions) -> sparse.csr_matrix:
        if self.last_clicks is None:
            return histories_of(sessions, self.vocabulary_size).matrix()
        places = sessions.lengths[:, None] - 1 - np.arange(self.last_clicks)
        rows, steps = np.nonzero(places >= 0)
        items = sessions.clicks[rows, places[rows, steps]]
        return sparse.csr_matrix(
            (1.0 / (1 + steps), (rows, items)), shape=(len(sessions), self.vocabulary_size)
        )
