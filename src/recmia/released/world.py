"""Who is served what in one data set as released, but for what a draw decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recmia.released.noise import popular_items
from recmia.released.splits import SHADOW, TARGET, Histories, Split, load_split
from recmia.sessions import FIRST_ITEM
from recmia.storage import read_arrays

ITEM, FACTORS, NCF, CONTENT = "item-neighbours", "lfm", "ncf", "content-based"
KINDS = (ITEM, FACTORS, NCF, CONTENT)
SIDES = (SHADOW, TARGET)


@dataclass(frozen=True)
class Users:
    """The users of one recommender on one side, members first.

    Attributes:
        histories: what the attack sees of them.
        n_members: the first so many are members.
        lists: int64 [n_members, K] of members, None where a draw decides them.
        popular: int64 [C], best first: non-members get the first, or random ones of more.
        own_space: item numbers mean something else than those of the other recommenders, as NCF's
            dense numbers do, so that they get vectors of their own.
    """

    histories: Histories
    n_members: int
    lists: np.ndarray | None
    popular: np.ndarray
    own_space: bool = False

    @property
    def membership(self) -> np.ndarray:
        """bool [n]."""
        return np.arange(len(self.histories)) < self.n_members


@dataclass(frozen=True)
class World:
    """One data set.

    Attributes:
        split: its records.
        users: kind of recommender and side to its users.
        ranked: the same for hit rates, where these were measured on other files.
        texts: float32 [n_items, l], item vectors made from texts; None where there are none.
    """

    split: Split
    users: Mapping[tuple[str, str], Users]
    ranked: Mapping[tuple[str, str], Users] = field(default_factory=dict)
    texts: np.ndarray | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Recommenders that there are."""
        return tuple(kind for kind in KINDS if (kind, SHADOW) in self.users)


def world_of(split: Split, candidates: int, **lists: Mapping[str, np.ndarray]) -> World:
    """The recipe's world.

    NCF's network is trained on the shadow's file for all users. Its lists of the first half serve
    the shadow's members, those of the second half the target's; its non-members are the same
    people's records in the target's file.

    Args:
        split: the records.
        candidates: popular items that are kept.
        lists: of ``ncf`` "lists" and "popular" (`recmia.released.neural_cf.keep_lists`), of
            ``content`` "shadow" and "target" (`recmia.released.content.keep_lists`), of ``texts``
            "vectors" float32 [V, l] in the study's numbering, which begins at 3.
    """
    half, content = split.n_members, lists.get("content", {})
    users = {}
    for side in SIDES:
        histories = split.side(side)
        popular = popular_items(histories[:half], candidates)
        for kind in (ITEM, FACTORS, *([CONTENT] if content else [])):
            users[kind, side] = Users(
                histories, half, content[side] if kind == CONTENT else None, popular
            )
    if ncf := lists.get("ncf"):
        for side, rows in ((SHADOW, slice(0, half)), (TARGET, slice(half, len(split.shadow)))):
            members, others = split.shadow[rows], split.target[rows]
            users[NCF, side] = Users(
                members.joined(others), len(members), ncf["lists"][rows], ncf["popular"]
            )
    texts = lists["texts"]["vectors"][FIRST_ITEM:] if "texts" in lists else None
    return World(split, users, texts=texts)


def load_world(candidates: int, split: Path, **lists: Path) -> World:
    """The same from kept results."""
    read = {name: read_arrays(path) for name, path in lists.items()}
    return world_of(load_split(split), candidates, **read)
