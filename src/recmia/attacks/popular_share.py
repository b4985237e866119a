"""A rule without learning: members' lists hold fewer of the most popular items.

Control for Biased-MIA and DL-MIA where non-members are served popularity lists: what this rule
finds is which algorithm made a list, not who was trained on.
"""

from __future__ import annotations

import numpy as np

from recmia.attacks.base import Attack, Observations, check_membership, lists_of


class PopularShare(Attack):
    """Score = share of the list's places outside the popular items that observations name.

    Where they name none, as many items count as popular as a list has places: those that occur most
    often in the lists of the shadow's non-members, equals by the smaller id.
    """

    name = "popular-share"

    def fit(
        self, shadow: Observations, membership: np.ndarray, target: Observations | None = None
    ) -> PopularShare:
        """Fix the threshold halfway between the shadow's members and non-members."""
        membership = check_membership(membership, len(shadow))
        lists = lists_of(shadow, "The share of popular items")
        times = np.bincount(lists[~membership].ravel())
        times[0] = 0  # padding
        self.popular = np.argsort(-times, kind="stable")[: lists.shape[1]]
        scores = self.score(shadow)
        self.threshold = float((scores[membership].mean() + scores[~membership].mean()) / 2)
        return self

    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n] in [0, 1], higher is more likely a member."""
        popular = self.popular if observations.popular is None else observations.popular
        lists = lists_of(observations, "The share of popular items")
        return 1.0 - np.isin(lists, popular).mean(axis=1)
