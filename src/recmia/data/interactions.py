"""Interactions: who took which item, in time order, whatever the data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recmia.errors import DataError
from recmia.sessions import FIRST_ITEM, Sessions
from recmia.storage import read_arrays, write_arrays


@dataclass(frozen=True)
class Interactions:
    """Distinct (user, item) pairs, user by user, each user's in time order.

    Attributes:
        users: int64 [m], user numbers, rising from 0.
        items: int64 [m], item numbers from 3 in the order of the ids: a numbering by popularity
            would tell ties in a list who is popular beyond the members.
        user_ids: [n], the data set's own id of each user number.
        item_ids: [V - 3], the data set's own id of each item number, from 3 on.
    """

    users: np.ndarray
    items: np.ndarray
    user_ids: np.ndarray
    item_ids: np.ndarray

    def __len__(self) -> int:
        return len(self.users)

    @property
    def n_users(self) -> int:
        """Users, whether or not they have kept an interaction."""
        return len(self.user_ids)

    @property
    def vocabulary_size(self) -> int:
        """V: every item number is smaller."""
        return FIRST_ITEM + len(self.item_ids)

    def lengths(self) -> np.ndarray:
        """int64 [n_users], interactions of each user."""
        return np.bincount(self.users, minlength=self.n_users)

    def only(self, kept: np.ndarray) -> Interactions:
        """The interactions where ``kept`` (bool [m]); numbers stay as they are."""
        return Interactions(self.users[kept], self.items[kept], self.user_ids, self.item_ids)

    def frequent(self, least: int = 5) -> Interactions:
        """Items with at least ``least`` interactions, then users with at least ``least`` of these.

        One pass, as DL-MIA filters for sequential recommenders (KDD 2022, section 5): an item may
        afterwards have fewer, of the users who are left. Users and items are numbered anew. A slice
        that was filtered so already must not be filtered again, or more of it would go.

        Raises:
            DataError: nothing is left.
        """
        rows = np.bincount(self.items)[self.items] >= least
        rows &= np.bincount(self.users[rows], minlength=self.n_users)[self.users] >= least
        if not rows.any():
            raise DataError(
                f"no users and items are left that have at least {least} interactions.",
                remedy="lower the number, or use more data.",
            )
        user_numbers, users = np.unique(self.users[rows], return_inverse=True)
        item_numbers, items = np.unique(self.items[rows], return_inverse=True)
        user_ids, item_ids = self.user_ids[user_numbers], self.item_ids[item_numbers - FIRST_ITEM]
        return Interactions(users, items + FIRST_ITEM, user_ids, item_ids)

    def of(self, users: np.ndarray) -> Sessions:
        """Histories of ``users`` (int64 [n]), in that order; row ids are the user numbers.

        Padded to the longest of these histories (at least one column).
        """
        number = np.full(self.n_users, -1, dtype=np.int64)
        number[users] = np.arange(len(users))
        kept = number[self.users] >= 0
        rows, items = number[self.users[kept]], self.items[kept]
        # Users lie together, in another order perhaps; a stable sort keeps each one's time order.
        order = np.argsort(rows, kind="stable")
        rows, items = rows[order], items[order]
        lengths = np.bincount(rows, minlength=len(users))
        place = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        clicks = np.zeros((len(users), max(int(lengths.max(initial=0)), 1)), dtype=np.int64)
        clicks[rows, place] = items
        return Sessions(clicks, lengths.astype(np.int64), np.asarray(users, dtype=np.int64))


def numbered(
    users: np.ndarray, items: np.ndarray, user_ids: np.ndarray, item_ids: np.ndarray
) -> Interactions:
    """Interactions from pairs that are sorted by user, then by time.

    Args:
        users: int64 [m], places in ``user_ids``, each of which occurs.
        items: int64 [m], places in ``item_ids``, each of which occurs.
        user_ids: [n], the data set's own ids.
        item_ids: [V - 3], the data set's own ids.
    """
    _, first = np.unique(users * len(item_ids) + items, return_index=True)
    first.sort()
    users, items = users[first], items[first]
    return Interactions(users, items + FIRST_ITEM, user_ids, item_ids)


def save_interactions(interactions: Interactions, path: str | Path) -> Path:
    """Write interactions into one ``.npz``, atomically."""
    # Ids that are text come as objects, which only pickle could write.
    ids = {name: getattr(interactions, name) for name in ("user_ids", "item_ids")}
    ids = {
        name: found.astype(str) if found.dtype == object else found for name, found in ids.items()
    }
    return write_arrays(path, users=interactions.users, items=interactions.items, **ids)


def load_saved(path: str | Path) -> Interactions:
    """What `save_interactions` wrote."""
    return Interactions(**read_arrays(path))
