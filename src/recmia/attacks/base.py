"""What the adversary may see, and what every attack offers: the membership game's two sides."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recmia.errors import DataError


@dataclass(frozen=True)
class Observations:
    """What an adversary sees of n units (sessions or users). Membership is never part of it.

    Attributes:
        row_ids: int64 [n], which unit each row is.
        histories: int64 [n, L], the unit's items in time order, padded on the right with 0.
        lengths: int64 [n], items in each history, from 0 to L.
        lists: int64 [n, k], ranked recommendations, best first, padded on the right with 0;
            None where the recommender's lists were not asked for.
        score_features: float32 [n, F], functions of the recommender's scores; column 0 is the
            mean log-probability of the session's items. None where scores are not exposed.
        popular: int64 [p], what everybody is recommended of whom the recommender knows nothing;
            None where nobody looked.

    Raises:
        DataError: an array has another shape or type, or a length does not fit its history.
    """

    row_ids: np.ndarray
    histories: np.ndarray
    lengths: np.ndarray
    lists: np.ndarray | None = None
    score_features: np.ndarray | None = None
    popular: np.ndarray | None = None

    def __post_init__(self) -> None:
        n = len(self.row_ids)
        _check("row_ids", self.row_ids, np.int64, 1, n)
        _check("histories", self.histories, np.int64, 2, n)
        _check("lengths", self.lengths, np.int64, 1, n)
        if n and (self.lengths.min() < 0 or self.lengths.max() > self.histories.shape[1]):
            raise DataError(
                f"lengths must lie in 0..{self.histories.shape[1]}, the width of the histories.",
                column="lengths",
            )
        if self.lists is not None:
            _check("lists", self.lists, np.int64, 2, n)
        if self.score_features is not None:
            _check("score_features", self.score_features, np.float32, 2, n)
        if self.popular is not None:
            _check("popular", self.popular, np.int64, 1, len(self.popular))

    def __len__(self) -> int:
        return len(self.row_ids)

    def __getitem__(self, rows) -> Observations:
        """Select units by position: a slice, a boolean mask or an index array."""
        return Observations(
            self.row_ids[rows],
            self.histories[rows],
            self.lengths[rows],
            None if self.lists is None else self.lists[rows],
            None if self.score_features is None else self.score_features[rows],
            self.popular,
        )


class Attack(ABC):
    """A membership inference attack.

    Constructors take by name what they need of ``item_vectors``, ``seed`` and ``device``, and
    settings that have defaults; see `recmia.attacks.registry`.

    Attributes:
        name: in profiles and on the command line.
        source: the paper; "" for none.
        threshold: set by `fit` on the shadow side; a score of at least this is called a member.
    """

    name: ClassVar[str]
    source: ClassVar[str] = ""
    threshold: float

    @abstractmethod
    def fit(
        self,
        shadow: Observations,
        membership: np.ndarray,
        target: Observations | None = None,
    ) -> Attack:
        """Learn from units whose membership the adversary knows.

        Args:
            shadow: observations of the shadow recommender (or, for an upper bound, of the part
                of the target's units that is given away).
            membership: bool [n], True where the shadow recommender was trained on the unit.
            target: observations of the target recommender without labels, for transductive
                attacks; the others do not look at it.

        Returns:
            The attack itself.

        Raises:
            DataError: observations that the attack needs are missing or have the wrong shape.
        """

    @abstractmethod
    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n]: the higher, the more likely a member."""


def check_membership(membership: np.ndarray, n: int) -> np.ndarray:
    """Return ``membership`` if it is a bool array [n] with members and non-members.

    Raises:
        DataError: it is not.
    """
    _check("membership", membership, np.bool_, 1, n)
    if membership.all() or not membership.any():
        raise DataError(
            f"An attack learns from members and non-members; got {int(membership.sum())} members "
            f"among {n} units.",
            column="membership",
        )
    return membership


def lists_of(observations: Observations, attack: str) -> np.ndarray:
    """The lists [n, k].

    Raises:
        DataError: they are missing.
    """
    if observations.lists is None:
        raise DataError(
            f"{attack} needs recommendation lists.",
            column="lists",
            remedy="observe the recommender with its top-k lists.",
        )
    return observations.lists


def score_features_of(observations: Observations, attack: str) -> np.ndarray:
    """The score features [n, F], finite and at least one column.

    Raises:
        DataError: they are missing, empty or not finite.
    """
    features = observations.score_features
    if features is None or features.shape[1] == 0:
        raise DataError(
            f"{attack} needs the recommender's scores.",
            column="score_features",
            remedy="observe the recommender with score features, or use an attack on lists.",
        )
    if not np.isfinite(features).all():
        row, column = np.argwhere(~np.isfinite(features))[0]
        raise DataError(
            f"Score feature {column} is {features[row, column]}.",
            line=int(row) + 1,
            column="score_features",
            remedy="check that the recommender's training did not diverge.",
        )
    return features


def best_threshold(scores: np.ndarray, membership: np.ndarray) -> float:
    """Threshold with the largest balanced accuracy, halfway between two observed scores.

    Balanced accuracy is (TPR + 1 - FPR) / 2 with "member" for scores of at least the threshold;
    of several best thresholds the highest is taken. Where all scores are equal, that score.

    Args:
        scores: float [n].
        membership: bool [n].
    """
    order = np.argsort(-scores, kind="stable")
    ordered, member = scores[order], membership[order]
    gain = np.cumsum(member) / member.sum() - np.cumsum(~member) / (~member).sum()
    cuts = np.flatnonzero(ordered[:-1] > ordered[1:])
    if len(cuts) == 0:
        return float(ordered[0])
    best = cuts[np.argmax(gain[cuts])]
    return float(ordered[best] / 2 + ordered[best + 1] / 2)


def _check(name: str, array: np.ndarray, dtype: type, ndim: int, n: int) -> None:
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != ndim:
        found = (
            f"{array.dtype} of shape {array.shape}"
            if isinstance(array, np.ndarray)
            else type(array).__name__
        )
        raise DataError(
            f"{name} must be a {ndim}-dimensional array of {np.dtype(dtype).name}; got {found}.",
            column=name,
        )
    if len(array) != n:
        raise DataError(f"{name} has {len(array)} rows where there are {n} units.", column=name)
