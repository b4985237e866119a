"""The attack of Chi et al. (IJCAI 2024): is a list nearer to one's own items or to popular ones?"""

from __future__ import annotations

import numpy as np

from recmia.attacks.base import Attack, Observations, lists_of
from recmia.attacks.difference_vectors import difference_vectors
from recmia.errors import DataError
from recmia.section import Count
from recmia.sessions import FIRST_ITEM

SMALLEST = 1e-4  # added to distances


class ShadowFree(Attack):
    """Is a list more like the unit's own items than like what a stranger is recommended?

    With v_h, v_r and v_b the mean vectors of the history, of the list and of the popular items,
    and the inverse Euclidean distance as similarity,

        S1 = 1 / |v_h - v_r|,  S2 = 1 / |v_r - v_b|,

    a unit is a member where S1 > S2. The score is S1 - S2 and the threshold 0, the paper's rule.
    Nothing is learned: neither a shadow recommender nor a label is looked at.

    The paper's text was out of reach; the definition is that of its authors' released program
    (XiaoxiaoChi-code/shadow-free-MIAs, attack/SFMD/attackModel/beauty_Bert4Rec.py), whose item
    vectors come from a factorisation of interactions as in Zhang et al. (CCS 2021). There, v_b is
    the mean of the 100 items with the most interactions of the target's members.

    What had to be chosen:

    * The popular items are those that the observations name. Where they name none, they are the
      items most frequent in all histories of the target that `fit` is given (of the shadow where
      it is given no target), members and non-members alike, since their labels are not known.
    * 0.0001 is added to every distance, so that none is 0. The program adds it to one distance of
      the non-members alone, which asks the label.
    * An empty history or list lies at the origin, as an unknown item's does in the program.
    * Two equal similarities, which are neither in the paper's rule, are called a member.

    Args:
        item_vectors: float32 [V, l], see `recmia.attacks.item_vectors.factorise`.
        popular_items: how many items count as popular where the observations name none.

    Attributes:
        popular: after `fit`, int64 [p], most frequent first, equals by the smaller id.
    """

    name = "shadow-free"
    source = (
        "X. Chi et al., Shadow-Free Membership Inference Attacks: Recommender Systems Are More "
        "Vulnerable Than You Thought, IJCAI 2024"
    )
    threshold = 0.0

    def __init__(
        self, *, item_vectors: np.ndarray | None = None, popular_items: Count = 100
    ) -> None:
        self.item_vectors, self.popular_items = item_vectors, popular_items

    def fit(
        self, shadow: Observations, membership: np.ndarray, target: Observations | None = None
    ) -> ShadowFree:
        """Count what is popular; ``membership`` is not looked at. See `Attack.fit`.

        Raises:
            DataError: lists or item vectors are missing.
        """
        seen = shadow if target is None else target
        self._vectors(seen)
        times = np.bincount(seen.histories.ravel(), minlength=FIRST_ITEM)[FIRST_ITEM:]
        order = np.argsort(-times, kind="stable")[: min(self.popular_items, (times > 0).sum())]
        self.popular = order + FIRST_ITEM
        return self

    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n], S1 - S2; above 0 for a member.

        Raises:
            DataError: lists, item vectors or popular items are missing, or an id has no vector.
        """
        vectors = self._vectors(observations)
        popular = self.popular if observations.popular is None else observations.popular
        if not (popular >= FIRST_ITEM).any():
            raise DataError(
                "The shadow-free attack needs popular items: none are named, and the histories "
                "that they would be counted in are empty.",
                column="popular",
                remedy="observe the recommender with what it recommends to anybody.",
            )
        none = np.zeros((len(observations), 0), dtype=np.int64)
        # A difference from nothing is the mean itself, and each unit's vector is made once.
        baseline = difference_vectors(popular[None], none[:1], vectors)
        lists = -difference_vectors(none, observations.lists, vectors)
        own = difference_vectors(observations.histories, none, vectors)
        return _similarity(own, lists) - _similarity(lists, baseline)

    def _vectors(self, observations: Observations) -> np.ndarray:
        lists_of(observations, "The shadow-free attack")
        if self.item_vectors is None:
            raise DataError(
                "The shadow-free attack needs item vectors.",
                remedy="factorise interactions (recmia.attacks.item_vectors) and pass the vectors.",
            )
        return self.item_vectors


def _similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """float64 [n], inverse Euclidean distance of float32 [n, l] and [n or 1, l]."""
    return 1 / (np.linalg.norm(a.astype(np.float64) - b, axis=1) + SMALLEST)
