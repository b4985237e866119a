"""Three disjoint sets of users: shadow, target and item vectors; members and non-members of each.

Zhang et al. (CCS 2021), section 3.1, "Preprocessing".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recmia.data.interactions import Interactions, load_interactions
from recmia.data.synthetic_interactions import synthetic_interactions
from recmia.errors import DataError
from recmia.experiments.study import Study
from recmia.papers.biased_mia.settings import BiasedMIAStudy
from recmia.seeds import child_seed, generator
from recmia.sessions import FIRST_ITEM, PADDING, Sessions

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


def load_data_set(study: Study, letter: str) -> Interactions:
    """Interactions of the data set that the profile calls ``letter``.

    Raises:
        DataError: its files are missing or wrong.
    """
    settings = study.settings.biased_mia
    data = settings.datasets[letter]
    if data.source == "synthetic":
        loaded = synthetic_interactions(
            users=data.users,
            items=data.items,
            mean_length=data.mean_length,
            seed=child_seed(study.settings.root_seed, "biased-mia", "data", letter),
        )
    else:
        loaded = load_interactions(data.source, study.paths.data, known_times=settings.sequential)
    return loaded.frequent(data.least) if data.least > 1 else loaded


def split(interactions: Interactions, settings: BiasedMIAStudy, seed: int) -> Cohorts:
    """Cut the users in three and each side in members and non-members.

    The vector set holds a third of all users, those with fewer than ``min_interactions`` first, and
    all of these. Of the others' histories the items that the vector set lacks are left out (the
    paper asks that it cover them); who still has ``min_interactions`` is dealt out to shadow and
    target, members and non-members, four equal cohorts. Where that leaves a side fewer than
    ``min_users``, the minimum is lowered to the largest number that does not.

    Args:
        interactions: of all users.
        settings: section ``biased_mia``.
        seed: root of the shuffle.

    Raises:
        DataError: too few users for two sides, whatever the minimum.
    """
    lengths = interactions.lengths()
    shuffled = generator(seed, "biased-mia", "split").permutation(len(lengths))
    for minimum in range(settings.min_interactions, 1, -1):
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
        if 2 * quarter >= settings.min_users:
            break
    else:
        raise DataError(
            f"{len(lengths)} users are too few for two sides of {settings.min_users}.",
            remedy="lower biased_mia.min_users, or take a larger data set",
        )
    sides = {}
    for number, name in enumerate(SIDES):
        users = eligible[2 * number * quarter : 2 * (number + 1) * quarter]
        sides[name] = Side(*hold_out(kept.of(users), settings.held_out_share), quarter)
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


def _assert_disjoint(sides: dict[str, Side], vectors: Sessions) -> None:
    ids = np.concatenate([*(side.seen.row_ids for side in sides.values()), vectors.row_ids])
    assert len(np.unique(ids)) == len(ids), "a user is in two cohorts"
