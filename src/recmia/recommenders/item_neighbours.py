"""Recommend the neighbours of the last items: items that the same sessions click."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import sparse

from recmia.sessions import FIRST_ITEM, Sessions


class ItemNeighbours:
    """Item-based nearest neighbours on co-occurrence in sessions (cosine; library: implicit).

    The score of an item is the sum of its similarities to the last clicks, weighted 1, 1/2, 1/3
    and so on from the last click back. Equal scores go by the smaller id.

    Args:
        vocabulary_size: V.
        neighbours: similar items kept of each item.
        last_clicks: clicks of a session that are used.
    """

    def __init__(
        self, *, vocabulary_size: int, neighbours: int = 100, last_clicks: int = 3
    ) -> None:
        self.vocabulary_size = vocabulary_size
        self.neighbours, self.last_clicks = neighbours, last_clicks
        self.similarity: sparse.csr_matrix | None = None

    def fit(self, sessions: Sessions) -> ItemNeighbours:
        """Compute similarities; ``similarity`` becomes a sparse [V, V] without a diagonal."""
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

    def recommend(self, sessions: Sessions, k: int) -> np.ndarray:
        """Int64 [n, k], padded with 0 where the last clicks have fewer neighbours."""
        n = len(sessions)
        back = np.arange(self.last_clicks)
        places = sessions.lengths[:, None] - 1 - back
        rows, steps = np.nonzero(places >= 0)
        items = sessions.clicks[rows, places[rows, steps]]
        weights = sparse.csr_matrix(
            (1.0 / (1 + steps), (rows, items)), shape=(n, self.vocabulary_size)
        )
        scores = (weights @ self.similarity).tocoo()
        items_only = scores.col >= FIRST_ITEM
        row, item, score = (x[items_only] for x in (scores.row, scores.col, scores.data))
        order = np.lexsort((item, -score, row))
        row, item = row[order], item[order]
        first = np.searchsorted(row, np.arange(n))
        rank = np.arange(len(row)) - first[row]
        lists = np.zeros((n, k), dtype=np.int64)
        kept = rank < k
        lists[row[kept], rank[kept]] = item[kept]
        return lists
