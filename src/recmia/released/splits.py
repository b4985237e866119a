"""Who is a member in the released code: records are dealt out, and people are members by number."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from recmia.data.interactions import Interactions, load_saved
from recmia.errors import DataError
from recmia.seeds import generator
from recmia.sessions import FIRST_ITEM, PADDING, Sessions
from recmia.storage import read_arrays, write_arrays

SHADOW, TARGET = "shadow", "target"
PARTS = (SHADOW, TARGET, "vectors")


@dataclass(frozen=True)
class Histories:
    """Items of users, one user after the other.

    Attributes:
        items: int64 [m], numbers from 0.
        offsets: int64 [n + 1], where each user's begin, and m.
        n_items: every number is smaller.
    """

    items: np.ndarray
    offsets: np.ndarray
    n_items: int

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, users: slice) -> Histories:
        """The histories of users that follow one another."""
        first, last, _ = users.indices(len(self))
        offsets = self.offsets[first : last + 1]
        return Histories(self.items[offsets[0] : offsets[-1]], offsets - offsets[0], self.n_items)

    @property
    def lengths(self) -> np.ndarray:
        """int64 [n]."""
        return np.diff(self.offsets)

    @property
    def users(self) -> np.ndarray:
        """int64 [m], whose each item is."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def matrix(self) -> sparse.csr_matrix:
        """float32 [n, n_items], 1 where a user has an item."""
        ones = np.ones(len(self.items), dtype=np.float32)
        return sparse.csr_matrix((ones, self.items, self.offsets), (len(self), self.n_items))

    def padded(self, row_ids: np.ndarray | None = None) -> Sessions:
        """The same in the study's form, whose item numbers begin at 3; row ids int64 [n]."""
        inside = np.arange(max(int(self.lengths.max(initial=0)), 1)) < self.lengths[:, None]
        clicks = np.full(inside.shape, PADDING, dtype=np.int64)
        clicks[inside] = self.items + FIRST_ITEM
        return Sessions(clicks, self.lengths, np.arange(len(self)) if row_ids is None else row_ids)

    def joined(self, other: Histories) -> Histories:
        """These users, then the others."""
        return Histories(
            np.concatenate([self.items, other.items]),
            np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]]),
            self.n_items,
        )


def histories_of(users: np.ndarray, items: np.ndarray, n_users: int, n_items: int) -> Histories:
    """Histories from pairs int64 [m] in any order; each user's keep theirs."""
    order = np.argsort(users, kind="stable")
    counts = np.bincount(users, minlength=n_users)
    return Histories(items[order], np.concatenate([[0], np.cumsum(counts)]), n_items)


def plain_lists(lists: np.ndarray) -> np.ndarray:
    """Lists int64 [n, k] of the study's item numbers in ours, from 0.

    Where a list ends early its last item takes the free places.
    """
    last = np.maximum.accumulate((lists > 0) * np.arange(lists.shape[1]), axis=1)
    return np.maximum(np.take_along_axis(lists, last, 1) - FIRST_ITEM, 0)


@dataclass(frozen=True)
class Split:
    """The parts of one data set; user i of every part is the same person.

    Attributes:
        shadow: histories that the shadow recommenders are trained on, members first.
        target: the same of the target's.
        vectors: what item vectors would be factorised from.
        n_members: the first so many users of shadow and target are members.
        numbers: int64 [n], the data set's numbers of the shadow's users.
    """

    shadow: Histories
    target: Histories
    vectors: Histories
    n_members: int
    numbers: np.ndarray

    def side(self, name: str) -> Histories:
        """By name."""
        return getattr(self, name)


def split_records(
    interactions: Interactions, *, least: int, seed: int, people: bool = False
) -> Split:
    """Deal the records of active users out to shadow, target and vectors, each with chance 1/3.

    So the files of the authors were made (ML-1M: 3,938 users with at least 3 x 20 ratings, shares
    .3335 and .3331): the text has users dealt out. Nobody is dropped afterwards. The first half of
    the users, by their numbers, are members on both sides.

    Args:
        interactions: of all users.
        least: records of a user who is kept.
        seed: root seed.
        people: deal users out, as the text has it, for comparison: user i of one part is then
            another person than user i of another part.

    Raises:
        DataError: fewer than four users are left.
    """
    kept = np.flatnonzero(interactions.lengths() >= least)
    if len(kept) < 4 * (3 if people else 1):
        raise DataError(
            f"{len(kept)} users have {least} records or more: too few.",
            remedy="lower the least number of records.",
        )
    number = np.full(interactions.n_users, -1)
    number[kept] = np.arange(len(kept))
    users, items = number[interactions.users], interactions.items - FIRST_ITEM
    users, items = users[users >= 0], items[users >= 0]
    n_items, draw = interactions.vocabulary_size - FIRST_ITEM, generator(seed, "released", "split")
    if people:
        order, third = draw.permutation(len(kept)), len(kept) // 3
        part, place = np.full(len(kept), -1), np.zeros(len(kept), dtype=np.int64)
        part[order[: 3 * third]] = np.arange(3 * third) // third
        place[order[: 3 * third]] = np.arange(3 * third) % third
        of_record, users, n = part[users], place[users], third
        kept = kept[order[:third]]
    else:
        of_record, n = draw.integers(0, 3, size=len(users)), len(kept)
    found = [
        histories_of(users[of_record == which], items[of_record == which], n, n_items)
        for which in range(3)
    ]
    return Split(*found, n_members=n // 2, numbers=kept)


def keep_split(
    path: Path, interactions: Path, *, least: int, seed: int, people: bool = False
) -> None:
    """Write `split_records` of kept interactions."""
    save_split(path, split_records(load_saved(interactions), least=least, seed=seed, people=people))


def save_split(path: Path, split: Split) -> None:
    """Write a split, for `load_split`."""
    arrays = {"n_members": np.int64(split.n_members), "n_items": np.int64(split.shadow.n_items)}
    arrays["numbers"] = split.numbers
    for name in PARTS:
        part = split.side(name)
        arrays |= {f"{name}|items": part.items, f"{name}|offsets": part.offsets}
    write_arrays(path, **arrays)


def load_split(path: Path) -> Split:
    """What `save_split` wrote."""
    saved = read_arrays(path)
    parts = [
        Histories(saved[f"{n}|items"], saved[f"{n}|offsets"], int(saved["n_items"])) for n in PARTS
    ]
    return Split(*parts, int(saved["n_members"]), saved["numbers"])
