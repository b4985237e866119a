"""Users' histories as the collaborative filters need them: who has what, and what they lack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recmia.errors import DataError, UnknownUsersError
from recmia.recommenders.sequences import check_items
from recmia.sessions import FIRST_ITEM, Sessions


@dataclass(frozen=True)
class Histories:
    """What each user has, whatever the order and however often (implicit feedback, section 3.1).

    Attributes:
        users: int64 [m], place of the user among the n, rising.
        items: int64 [m], rising within a user.
        starts: int64 [n + 1]: user i has the pairs ``starts[i]`` to ``starts[i + 1]``.
        row_ids: int64 [n].
        vocabulary_size: V.
    """

    users: np.ndarray
    items: np.ndarray
    starts: np.ndarray
    row_ids: np.ndarray
    vocabulary_size: int

    def __len__(self) -> int:
        return len(self.row_ids)

    @property
    def places(self) -> np.ndarray:
        """int64 [m]: place of each pair within its user, from 0."""
        return np.arange(len(self.users)) - self.starts[self.users]

    def matrix(self) -> sparse.csr_matrix:
        """float32 [n, V]: 1 where the user has the item."""
        ones = np.ones(len(self.items), dtype=np.float32)
        return sparse.csr_matrix(
            (ones, self.items, self.starts), shape=(len(self), self.vocabulary_size)
        )

    def items_lacked(self) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """A function that turns uniform numbers into items that a user does not have.

        Every such item is equally likely, and none is tried twice: the r-th item that a user
        lacks is the r-th of the catalogue, moved on by the items of the user up to it.

        Returns:
            Function of users (int64 [d]) and uniform numbers (float64 [d]); gives int64 [d],
            and 0 where the user has the whole catalogue.
        """
        lacked_below = self.items - FIRST_ITEM - self.places
        keys = self.users * self.vocabulary_size + lacked_below
        lacked = self.vocabulary_size - FIRST_ITEM - np.diff(self.starts)

        def pick(users: np.ndarray, uniform: np.ndarray) -> np.ndarray:
            rank = (uniform * lacked[users]).astype(np.int64)
            wanted = users * self.vocabulary_size + rank
            moved = np.searchsorted(keys, wanted, side="right") - self.starts[users]
            return np.where(lacked[users] > 0, FIRST_ITEM + rank + moved, 0)

        return pick


def histories_of(sessions: Sessions, vocabulary_size: int) -> Histories:
    """The distinct items of each history.

    Raises:
        DataError: an id lies outside the vocabulary.
    """
    check_items(sessions, vocabulary_size)
    rows, columns = np.nonzero(sessions.clicks)
    items = sessions.clicks[rows, columns]
    pairs = np.unique(rows * vocabulary_size + items)
    users = pairs // vocabulary_size
    starts = np.searchsorted(users, np.arange(len(sessions) + 1))
    return Histories(users, pairs % vocabulary_size, starts, sessions.row_ids, vocabulary_size)


def trained_places(trained_row_ids: np.ndarray, row_ids: np.ndarray) -> np.ndarray:
    """int64 [n]: place of each user among those trained on.

    Args:
        trained_row_ids: int64 [m], distinct.
        row_ids: int64 [n].

    Raises:
        UnknownUsersError: a user was not trained on.
    """
    order = np.argsort(trained_row_ids)
    found = np.searchsorted(trained_row_ids, row_ids, sorter=order)
    places = order[np.minimum(found, len(order) - 1)]
    strangers = row_ids[trained_row_ids[places] != row_ids]
    if len(strangers):
        raise UnknownUsersError(
            f"{len(strangers)} users were not trained on; the first is row {strangers[0]}",
            column="row_ids",
            remedy="ask with recommend_folded_in, which learns a vector from the history given.",
        )
    return places


def check_distinct_users(sessions: Sessions) -> None:
    """Check that no user occurs twice.

    Raises:
        DataError: one does; a user with two vectors could not be asked for by row id.
    """
    if len(np.unique(sessions.row_ids)) != len(sessions):
        raise DataError(
            "a user occurs more than once among those to train on",
            column="row_ids",
            remedy="join the histories of a user into one.",
        )


def user_chunks(n: int, values_per_user: int, most_values: int = 1 << 24) -> Iterator[slice]:
    """Cut n users into slices that hold at most ``most_values`` numbers (128 MiB of float64)."""
    size = max(1, most_values // max(values_per_user, 1))
    return (slice(start, start + size) for start in range(0, n, size))
