"""Content-based recommendation: items like those of the history, liked by people like the user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recmia.errors import DataError
from recmia.recommenders.base import Recommender
from recmia.recommenders.histories import histories_of, trained_places, user_chunks
from recmia.recommenders.lists import top_lists
from recmia.sessions import FIRST_ITEM, Sessions


@dataclass(frozen=True)
class UserFeatures:
    """What is known of users besides their histories.

    Attributes:
        row_ids: int64 [n], distinct.
        matrix: float32 [n, g], 1 where a user belongs to a group (a gender, an age group).
    """

    row_ids: np.ndarray
    matrix: sparse.csr_matrix


class ContentBased(Recommender):
    """Recommendation by metadata of items and users (Zhang et al., CCS 2021, section 3.5).

    The paper gives no formula. Here an item's features are weighted by how rare they are in the
    catalogue (TF-IDF) and scaled to length 1, a user's profile is their sum over the history, and
    the score is the cosine of the two. With groups of users, the share of members who have the
    item, averaged over the groups that the user belongs to, is added: both lie between 0 and 1.

    Args:
        item_features: sparse or dense [V, f], at least 0; the rows of padding, start and end and
            of items of which nothing is known are zero.
        user_features: groups of all users that are trained on or asked for; None for none.
    """

    name = "content-based"
    cost = 3

    def __init__(
        self,
        *,
        item_features: sparse.spmatrix | np.ndarray,
        user_features: UserFeatures | None = None,
    ) -> None:
        counts = sparse.csr_matrix(item_features, dtype=np.float64)
        self.vocabulary_size = counts.shape[0]
        self.item_profiles = _unit_rows(counts @ sparse.diags(_rarity(counts)))
        self.user_features = user_features

    def fit(self, sessions: Sessions) -> ContentBased:
        """Learn how liked each item is in each group: ``liked`` becomes float64 [g, V].

        Raises:
            DataError: an id is out of range, or a user has no row in the user features.
        """
        history = histories_of(sessions, self.vocabulary_size).matrix()
        if self.user_features is not None:
            groups = self._groups(sessions)
            members = np.maximum(np.asarray(groups.sum(axis=0)).ravel(), 1)
            self.liked = (groups.T @ history).toarray() / members[:, None]
        return self

    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        """Lists for anybody whose features are known; see `Recommender.recommend`.

        Raises:
            DataError: an id is out of range, or a user has no row in the user features.
        """
        parts = [np.zeros((0, k), dtype=np.int64)]
        for rows in user_chunks(len(sessions), self.vocabulary_size):
            parts.append(top_lists(self._scores(sessions[rows]), sessions[rows], k, exclude_seen))
        return np.concatenate(parts)

    def _scores(self, sessions: Sessions) -> np.ndarray:
        history = histories_of(sessions, self.vocabulary_size).matrix()
        profiles = _unit_rows(history @ self.item_profiles)
        scores = (profiles @ self.item_profiles.T).toarray()
        if self.user_features is not None:
            groups = self._groups(sessions)
            belongs = np.maximum(np.asarray(groups.sum(axis=1)), 1)
            scores += (groups @ self.liked) / belongs
        return scores

    def _groups(self, sessions: Sessions) -> sparse.csr_matrix:
        try:
            places = trained_places(self.user_features.row_ids, sessions.row_ids)
        except DataError as error:
            raise DataError(
                error.problem.replace("trained on", "given features"),
                column="row_ids",
                remedy="give the features of all users, members or not.",
            ) from None
        return self.user_features.matrix[places]


def _rarity(counts: sparse.csr_matrix) -> np.ndarray:
    """float64 [f]: log of items by items with the feature; 0 where no item has it."""
    with_feature = np.bincount(counts.nonzero()[1], minlength=counts.shape[1])
    return np.log((counts.shape[0] - FIRST_ITEM) / np.maximum(with_feature, 1)) * (with_feature > 0)


def _unit_rows(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1))).ravel()
    return sparse.csr_matrix(sparse.diags(1 / np.where(length > 0, length, 1)) @ matrix)
