"""Three disjoint sets of users: shadow, target and item vectors; members and non-members of each.

Zhang et al. (CCS 2021), section 3.1, "Preprocessing".
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recmia.data.interactions import Interactions, load_saved
from recmia.errors import DataError
from recmia.seeds import generator
from recmia.sessions import FIRST_ITEM, PADDING, Sessions
from recmia.storage import read_arrays, write_arrays

SIDES = ("shadow", "target")


@dataclass(frozen=True)
class Side:
    """The users of the shadow or of the target recommender; members come first.

    Attributes:
        seen: histories that recommender and adversary see, without the held-out items.
        held_out: the last items of the same users, in the same order, for HR@k.
        n_members: how many of them are members.
    """

    seen: Sessions
    held_out: Sessions
    n_members: int

    @property
    def membership(self) -> np.ndarray:
        """bool [n]."""
        return np.arange(len(self.seen)) < self.n_members

    @property
    def members(self) -> Sessions:
        """Histories that the recommender was trained on."""
        return self.seen[: self.n_members]


@dataclass(frozen=True)
class Cohorts:
    """One data set, split for one seed.

    Attributes:
        sides: "shadow" and "target".
        vectors: histories that item vectors are factorised from.
        vocabulary_size: V.
        facts: what was counted, for the report.
    """

    sides: dict[str, Side]
    vectors: Sessions
    vocabulary_size: int
    facts: dict[str, float]


def split(
    interactions: Interactions,
    *,
    seed: int,
    min_interactions: int,
    min_users: int,
    held_out_share: float,
) -> Cohorts:
    """Cut the users in three and each side in members and non-members.

    The vector set holds a third of all users, those with fewer than ``min_interactions`` first, and
    all of these. Of the others' histories the items that the vector set lacks are left out (the
    paper asks that it cover them); who still has ``min_interactions`` is dealt out to shadow and
    target, members and non-members, four equal cohorts. Where that leaves a side fewer than
    ``min_users``, the minimum is lowered to the largest number that does not.

    Args:
        interactions: of all users.
        seed: root of the shuffle.
        min_interactions: of a shadow or target user.
        min_users: that a side must have.
        held_out_share: of a history, the last.

    Raises:
        DataError: too few users for two sides, whatever the minimum.
    """
    lengths = interactions.lengths()
    shuffled = generator(seed, "biased-mia", "split").permutation(len(lengths))
    for minimum in range(min_interactions, 1, -1):
        active = shuffled[lengths[shuffled] >= minimum]
        short = max(0, len(lengths) // 3 - (len(lengths) - len(active)))
        of_vectors = np.setdiff1d(shuffled, active[short:])
        vectors = interactions.of(of_vectors)
        covered = np.zeros(interactions.vocabulary_size, dtype=bool)
        covered[vectors.clicks.ravel()] = True
        covered[PADDING] = False
        kept = interactions.only(covered[interactions.items])
        left = np.bincount(kept.users, minlength=len(lengths))
        eligible = active[short:][left[active[short:]] >= minimum]
        quarter = len(eligible) // 4
        if 2 * quarter >= min_users:
            break
    else:
        raise DataError(
            f"{len(lengths)} users are too few for two sides of {min_users}.",
            remedy="lower min_users, or take a larger data set",
        )
    sides = {}
    for number, name in enumerate(SIDES):
        users = eligible[2 * number * quarter : 2 * (number + 1) * quarter]
        sides[name] = Side(*hold_out(kept.of(users), held_out_share), quarter)
    _assert_disjoint(sides, vectors)
    hashes = np.concatenate([side.seen.hashes() for side in sides.values()])
    _, which, copies = np.unique(hashes, return_inverse=True, return_counts=True)
    users = eligible[: 4 * quarter]
    facts = {
        "users": len(lengths),
        "interactions": len(interactions),
        "items": interactions.vocabulary_size - FIRST_ITEM,
        "least interactions of a shadow or target user": minimum,
        "users in the vector set": len(of_vectors),
        "users of neither set": len(lengths) - len(of_vectors) - len(users),
        "members of each side": quarter,
        "non-members of each side": quarter,
        "share of interactions left out for want of an item vector": float(
            1 - left[users].sum() / lengths[users].sum()
        ),
        "share of users with another user's exact history": float((copies[which] > 1).mean()),
        "mean length of a seen history": float(
            np.concatenate([side.seen.lengths for side in sides.values()]).mean()
        ),
    }
    return Cohorts(sides, vectors, interactions.vocabulary_size, facts)


def hold_out(histories: Sessions, share: float) -> tuple[Sessions, Sessions]:
    """Cut each history: what comes first, and its last ``share`` (rounded; at least one is kept).

    Returns:
        Seen and held-out histories, both padded to the width they need.
    """
    kept = histories.lengths - np.round(histories.lengths * share).astype(np.int64)
    kept = np.maximum(kept, np.minimum(histories.lengths, 1))
    column = np.arange(histories.max_length)
    seen = np.where(column < kept[:, None], histories.clicks, PADDING)
    rest = histories.lengths - kept
    shifted = np.minimum(column + kept[:, None], histories.max_length - 1)
    held = np.where(
        column < rest[:, None], np.take_along_axis(histories.clicks, shifted, 1), PADDING
    )
    return tuple(
        Sessions(clicks[:, : max(int(lengths.max(initial=0)), 1)], lengths, histories.row_ids)
        for clicks, lengths in ((seen, kept), (held, rest))
    )


def shrunken(side: Side, share: float) -> Side:
    """The first ``share`` of the members and of the non-members (the data-size test)."""
    kept = round(side.n_members * share)
    others = round((len(side.seen) - side.n_members) * share)
    rows = np.concatenate([np.arange(kept), side.n_members + np.arange(others)])
    return Side(side.seen[rows], side.held_out[rows], kept)


def keep_split(path: Path, interactions: Path, **choices: Any) -> None:
    """Split the kept ``interactions`` (see `split`) and write the cohorts to ``path``."""
    made = split(load_saved(interactions), **choices)
    arrays = {
        "vocabulary_size": np.int64(made.vocabulary_size),
        "facts": np.array(list(made.facts)),
        "counts": np.array(list(made.facts.values()), dtype=np.float64),
        **_flat("vectors", made.vectors),
    }
    for name, side in made.sides.items():
        arrays[f"{name}|n_members"] = np.int64(side.n_members)
        arrays |= _flat(f"{name}|seen", side.seen) | _flat(f"{name}|held_out", side.held_out)
    write_arrays(path, **arrays)


def load_side(path: Path, name: str, share: float = 1.0) -> Side:
    """The users of one side of a kept split, or a share of them."""
    parts = [f"{name}|{part}" for part in ("seen", "held_out")]
    names = [f"{part}|{array}" for part in parts for array in ("items", "lengths", "row_ids")]
    saved = read_arrays(path, [*names, f"{name}|n_members"])
    side = Side(*(_padded(saved, part) for part in parts), int(saved[f"{name}|n_members"]))
    return side if share == 1 else shrunken(side, share)


def load_cohorts(path: Path) -> Cohorts:
    """The whole of a kept split."""
    saved = read_arrays(path)
    return Cohorts(
        {name: load_side(path, name) for name in SIDES},
        _padded(saved, "vectors"),
        int(saved["vocabulary_size"]),
        dict(zip(saved["facts"].tolist(), saved["counts"].tolist(), strict=True)),
    )


def load_vocabulary_size(path: Path) -> int:
    """V of a kept split."""
    return int(read_arrays(path, ["vocabulary_size"])["vocabulary_size"])


def _flat(name: str, histories: Sessions) -> dict[str, np.ndarray]:
    """Histories without their padding, which can be more than they are."""
    return {
        f"{name}|items": histories.clicks[histories.clicks != PADDING],
        f"{name}|lengths": histories.lengths,
        f"{name}|row_ids": histories.row_ids,
    }


def _padded(saved: dict[str, np.ndarray], name: str) -> Sessions:
    lengths = saved[f"{name}|lengths"]
    inside = np.arange(max(int(lengths.max(initial=0)), 1)) < lengths[:, None]
    clicks = np.zeros(inside.shape, dtype=np.int64)
    clicks[inside] = saved[f"{name}|items"]
    return Sessions(clicks, lengths, saved[f"{name}|row_ids"])


def _assert_disjoint(sides: dict[str, Side], vectors: Sessions) -> None:
    ids = np.concatenate([*(side.seen.row_ids for side in sides.values()), vectors.row_ids])
    assert len(np.unique(ids)) == len(ids), "a user is in two cohorts"
