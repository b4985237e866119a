"""Latent factor model: a vector for each user and item, whose product says who likes what."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from recmia.errors import DataError
from recmia.factorisation import Epoch, descend, descend_users
from recmia.recommenders.base import Recommender
from recmia.recommenders.histories import (
    Histories,
    check_distinct_users,
    histories_of,
    trained_places,
    user_chunks,
)
from recmia.recommenders.lists import top_lists
from recmia.row_draws import row_uniform
from recmia.section import Count, NotNegative, Positive
from recmia.seeds import generator
from recmia.sessions import Sessions


class LatentFactors(Recommender):
    """LFM of Zhang et al. (CCS 2021, sections 2.3 and 3.1): matrix factorisation by SGD.

    An item that a user has is a 1; for each, one that the user lacks is drawn afresh every epoch
    as a 0. The squared error is descended in minibatches (see `recmia.factorisation`). The paper
    gives no start; vectors start from U(0, 1) / sqrt(dim), so that all first products are near
    1/4: 20 epochs at this learning rate are too few to leave a start around zero where users are
    few and the catalogue is large.

    Args:
        vocabulary_size: V.
        dim: length of the vectors.
        epochs: passes over the histories.
        learning_rate: of every epoch.
        regularisation: L2 penalty on the two vectors of each example.
        batch_size: examples a step.
        seed: root seed.
    """

    name = "lfm"
    cost = 10

    def __init__(
        self,
        *,
        vocabulary_size: int,
        dim: Count = 100,
        epochs: Count = 20,
        learning_rate: Positive = 0.01,
        regularisation: NotNegative = 0.01,
        batch_size: Count = 256,
        seed: int,
    ) -> None:
        self.vocabulary_size, self.dim, self.epochs = vocabulary_size, dim, epochs
        self.learning_rate, self.regularisation = learning_rate, regularisation
        self.batch_size, self.seed = batch_size, seed

    def fit(self, sessions: Sessions) -> LatentFactors:
        """Learn ``user_matrix`` [n, dim] and ``item_matrix`` [V, dim], float32.

        Raises:
            DataError: a user occurs twice, an id is out of range, or the descent diverged.
        """
        check_distinct_users(sessions)
        histories = histories_of(sessions, self.vocabulary_size)
        draw = generator(self.seed, "latent_factors")
        self.trained_row_ids = sessions.row_ids
        self.user_matrix, self.item_matrix = (
            torch.from_numpy(draw.random((n, self.dim), dtype=np.float32) / np.sqrt(self.dim))
            for n in (len(sessions), self.vocabulary_size)
        )

        def epochs() -> Iterator[Epoch]:
            pick = histories.items_lacked()
            for _ in range(self.epochs):
                users, items, values = _examples(histories, pick, draw.random(len(histories.users)))
                order = draw.permutation(len(users))
                yield Epoch(self.learning_rate, users[order], items[order], values[order])

        descend(
            self.user_matrix,
            self.item_matrix,
            epochs(),
            regularisation=self.regularisation,
            batch_size=self.batch_size,
        )
        if not torch.isfinite(self.item_matrix).all():
            raise DataError(
                f"the latent factor model diverged (learning rate {self.learning_rate}).",
                remedy="lower the learning rate.",
            )
        return self

    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        """Lists by the learned vectors of users trained on; see `Recommender.recommend`."""
        places = trained_places(self.trained_row_ids, sessions.row_ids)
        return self._lists(self.user_matrix[torch.from_numpy(places)], sessions, k, exclude_seen)

    def recommend_folded_in(
        self, sessions: Sessions, k: int, *, exclude_seen: bool = False
    ) -> np.ndarray:
        """Lists for anybody, int64 [n, k]: a fresh vector learns from the history, items stay.

        Same loss, epochs and learning rate; start and negatives are drawn by seed and row id, so
        that a list depends on nobody else. Users trained on are treated like all others.
        """
        parts = [np.zeros((0, k), dtype=np.int64)]
        for rows in user_chunks(len(sessions), 2 * sessions.max_length * self.dim):
            parts.append(
                self._lists(self._fold_in(sessions[rows]), sessions[rows], k, exclude_seen)
            )
        return np.concatenate(parts)

    def item_vectors(self) -> np.ndarray:
        """float32 [V, dim]."""
        return self.item_matrix.numpy()

    def _fold_in(self, sessions: Sessions) -> torch.Tensor:
        histories = histories_of(sessions, self.vocabulary_size)
        start = row_uniform(
            sessions.row_ids[:, None], np.arange(self.dim), self.seed, "latent_factors", "start"
        )
        vectors = torch.from_numpy((start / np.sqrt(self.dim)).astype(np.float32))

        def epochs() -> Iterator[Epoch]:
            pick, pair_ids = histories.items_lacked(), sessions.row_ids[histories.users]
            for epoch in range(self.epochs):
                uniform = row_uniform(
                    pair_ids, histories.places, self.seed, "latent_factors", f"fold-in {epoch}"
                )
                yield Epoch(self.learning_rate, *_examples(histories, pick, uniform))

        descend_users(vectors, self.item_matrix, epochs(), regularisation=self.regularisation)
        return vectors

    def _lists(
        self, vectors: torch.Tensor, sessions: Sessions, k: int, exclude_seen: bool
    ) -> np.ndarray:
        parts = [np.zeros((0, k), dtype=np.int64)]
        for rows in user_chunks(len(sessions), self.vocabulary_size):
            scores = (vectors[rows] @ self.item_matrix.T).numpy()
            parts.append(top_lists(scores, sessions[rows], k, exclude_seen))
        return np.concatenate(parts)


def _examples(
    histories: Histories, pick, uniform: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Users, items and values: what users have as ones, and as many that they lack as zeros."""
    zeros = pick(histories.users, uniform)
    drawn = zeros > 0  # none is drawn for a user who has the whole catalogue
    users = np.concatenate([histories.users, histories.users[drawn]])
    items = np.concatenate([histories.items, zeros[drawn]])
    return users, items, (np.arange(len(users)) < len(histories.users)).astype(np.float32)
