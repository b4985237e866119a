"""One side of an audit, shadow or target: its files as flat arrays of the users to be audited."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from recmia.audit.matching import check_spelling
from recmia.audit.tables import AuditTable, find, read_table
from recmia.audit.vectors import ItemSpace, places, sorted_ids
from recmia.data.kinds import Whole
from recmia.errors import DataError

INTERACTIONS, RECOMMENDATIONS, MEMBERSHIP = (
    "interactions.csv",
    "recommendations.csv",
    "membership.csv",
)
REASONS = (
    "without interactions",
    "without a list",
    "no interaction with an item that has a vector",
    "no listed item that has a vector",
    "without membership",
)


@dataclass(frozen=True)
class Side:
    """What is known of n users, sorted by their ids so that no file's order shows.

    Attributes:
        users: strings [n].
        history_items: int32 [m], places in the item space, the histories one after the other.
        history_offsets: int64 [n + 1].
        list_items: int32 [r], the lists one after the other, best first.
        list_offsets: int64 [n + 1].
        membership: bool [n]; None without ``membership.csv``. False where not labelled.
        labelled: bool [n], whose membership is known.
        counts: numbers of users, interactions and recommendations.
        skipped: what was left out, by reason.
    """

    users: pa.Array
    history_items: np.ndarray
    history_offsets: np.ndarray
    list_items: np.ndarray
    list_offsets: np.ndarray
    membership: np.ndarray | None
    labelled: np.ndarray
    counts: dict[str, Any]
    skipped: dict[str, Any]

    def __len__(self) -> int:
        return len(self.users)


def read_side(
    folder: Path,
    space: ItemSpace,
    *,
    top_k: int | None,
    labels: bool,
    progress: Callable[[int], None] = lambda size: None,
) -> Side:
    """Read and check the files of one side.

    Ranks order a list, not the file. An interaction that repeats counts each time. Items without a
    vector are left out; users without interactions, without a list, or with nothing left of
    either, are skipped and counted, each under the first reason that applies.

    Args:
        folder: holds ``interactions.csv``, ``recommendations.csv`` and ``membership.csv``.
        space: the items that have vectors.
        top_k: places of each list to look at; None for all.
        labels: users without membership are skipped, and the file is needed (the shadow side).
        progress: called with 1 after each of the two large files.

    Raises:
        DataError: a file is wrong, or nobody is left.
    """
    pair = ["user_id", "item_id"]
    interactions = read_table(find(folder, INTERACTIONS), pair, checked=True)
    progress(1)
    lists = read_table(find(folder, RECOMMENDATIONS), pair, {"rank": Whole()})
    progress(1)
    labelling, membership = None, find(folder, MEMBERSHIP)
    if labels or membership.exists():
        labelling = read_table(membership, ["user_id"], {"member": Whole()})
        _check_membership(labelling)
    files = [file for file in (interactions, lists, labelling) if file is not None]
    for file in files[1:]:
        check_spelling(file, "user_id", interactions.ids["user_id"].names, INTERACTIONS)
    for file in files[:2]:
        check_spelling(file, "item_id", space.items, "the item vectors")
    everybody = sorted_ids(*(file.ids["user_id"].names for file in files))
    user, item = _coded(interactions, everybody, space)
    list_user, list_item = _coded(lists, everybody, space)
    order = _list_order(lists, list_user)
    list_user, list_item = list_user[order], list_item[order]
    within = lists.numbers["rank"][order] <= (top_k or len(lists))
    listed = within & (list_item >= 0)
    member = np.full(len(everybody), -1, dtype=np.int64)
    if labelling is not None:
        ids = labelling.ids["user_id"]
        member[places(ids.names, everybody)[ids.codes]] = labelling.numbers["member"]

    has = [
        _present(user, everybody),
        _present(list_user, everybody),
        _present(user[item >= 0], everybody),
        _present(list_user[listed], everybody),
        member >= 0 if labels else np.ones(len(everybody), dtype=bool),
    ]
    kept = np.logical_and.reduce(has)
    if not kept.any():
        raise DataError(
            f"none of the {len(everybody):,} users can be audited: {_counted(has)}.",
            file=lists.path, column="user_id",
            remedy="check that the files write users and items in the same way.",
        )  # fmt: skip
    number = np.cumsum(kept) - 1
    used, shown = (item >= 0) & kept[user], listed & kept[list_user]
    # By user, then item: sums of vectors must not depend on the order of the file.
    pairs = np.sort(number[user[used]] * len(space.items) + item[used])
    owner, history = np.divmod(pairs, len(space.items))
    list_lengths = np.bincount(number[list_user[shown]])
    return Side(
        users=everybody.filter(pa.array(kept)),
        history_items=history.astype(np.int32),
        history_offsets=_offsets(np.bincount(owner)),
        list_items=list_item[shown].astype(np.int32),
        list_offsets=_offsets(list_lengths),
        membership=None if labelling is None else member[kept] == 1,
        labelled=member[kept] >= 0,
        counts={
            "users": len(everybody),
            "users_audited": int(kept.sum()),
            "members": int((member[kept] == 1).sum()),
            "nonmembers": int((member[kept] == 0).sum()),
            "membership_unknown": int((member[kept] < 0).sum()),
            "interactions": len(interactions),
            "interactions_used": len(pairs),
            "recommendations": len(lists),
            "recommendations_used": int(shown.sum()),
            "list_length": {"least": int(list_lengths.min()), "most": int(list_lengths.max())},
        },
        skipped={
            "users": {reason: int(n) for reason, n in zip(REASONS, _missing(has), strict=True)},
            "items_without_a_vector": len(_unknown(interactions, space, lists)),
            "interactions_without_a_vector": int((item < 0).sum()),
            "recommendations_without_a_vector": int((within & (list_item < 0)).sum()),
            "recommendations_below_top_k": int((~within).sum()),
            "columns": {file.path.name: list(file.ignored) for file in files if file.ignored},
        },
    )


def _check_membership(file: AuditTable) -> None:
    member, ids = file.numbers["member"], file.ids["user_id"]
    wrong = np.flatnonzero((member != 0) & (member != 1))
    if len(wrong):
        raise file.error(
            wrong[0], "member", f"{member[wrong[0]]} is neither 0 nor 1.",
            "write 1 for users whose data the recommender was trained on, 0 for others.",
        )  # fmt: skip
    if len(ids.names) < len(ids.codes):
        row = np.setdiff1d(np.arange(len(file)), np.unique(ids.codes, return_index=True)[1])[0]
        name = ids.names[int(ids.codes[row])].as_py()
        raise file.error(row, "user_id", f"user '{name}' is there twice.", "keep one row a user.")


def _list_order(file: AuditTable, user: np.ndarray) -> np.ndarray:
    """int64 [r]: rows by user, whose places are int64 [r], then rank.

    Raises:
        DataError: a user's ranks are not 1, 2, 3 and so on, or an item is in a list twice.
    """
    users, items, rank = file.ids["user_id"], file.ids["item_id"], file.numbers["rank"]
    outside = np.flatnonzero((rank < 1) | (rank > len(file)))
    if len(outside):
        row = outside[0]
        raise file.error(
            row, "rank", f"rank {rank[row]} in a file of {len(file):,} recommendations.",
            "number each user's list 1, 2, 3 and so on, 1 the best.",
        )  # fmt: skip
    order = np.argsort(user * (len(file) + 1) + rank, kind="stable")
    lengths = np.bincount(user)
    begin = np.cumsum(lengths) - lengths
    place = np.arange(1, len(file) + 1) - begin[user[order]]
    wrong = np.flatnonzero(rank[order] != place)
    if len(wrong):
        row, due = order[wrong[0]], place[wrong[0]]
        name = users.names[int(users.codes[row])].as_py()
        problem = (
            f"rank {rank[row]} is there twice" if rank[row] < due else f"rank {due} is missing"
        )
        raise file.error(
            row, "rank", f"{problem} in the list of user '{name}'.",
            "number each user's list 1, 2, 3 and so on; where lines were left out, number it anew.",
        )  # fmt: skip
    key = user * len(items.names) + items.codes
    in_order = np.sort(key)
    twice = np.flatnonzero(in_order[1:] == in_order[:-1])
    if len(twice):
        row = np.flatnonzero(key == in_order[twice[0]])[1]
        name, item = (ids.names[int(ids.codes[row])].as_py() for ids in (users, items))
        raise file.error(
            row, "item_id", f"item '{item}' is twice in the list of user '{name}'.",
            "keep its better rank and number the list anew.",
        )  # fmt: skip
    return order


def _coded(
    file: AuditTable, everybody: pa.Array, space: ItemSpace
) -> tuple[np.ndarray, np.ndarray]:
    """int64 [m]: places of users among everybody and of items in the space, -1 for no vector."""
    users, items = file.ids["user_id"], file.ids["item_id"]
    return (
        places(users.names, everybody)[users.codes],
        places(items.names, space.items)[items.codes],
    )


def _unknown(interactions: AuditTable, space: ItemSpace, lists: AuditTable) -> pa.Array:
    names = sorted_ids(interactions.ids["item_id"].names, lists.ids["item_id"].names)
    return names.filter(pa.array(places(names, space.items) < 0))


def _present(codes: np.ndarray, everybody: pa.Array) -> np.ndarray:
    return np.bincount(codes, minlength=len(everybody)) > 0


def _offsets(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)])


def _missing(has: list[np.ndarray]) -> list[int]:
    """Users that fall under each reason, and under none before it."""
    left, counts = np.ones_like(has[0]), []
    for present in has:
        counts.append(int((left & ~present).sum()))
        left &= present
    return counts


def _counted(has: list[np.ndarray]) -> str:
    pairs = zip(_missing(has), REASONS, strict=True)
    return "; ".join(f"{n:,} {reason}" for n, reason in pairs if n)
