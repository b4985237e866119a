"""A rule without learning: members' lists hold fewer of the most popular items.

Control for Biased-MIA and DL-MIA where non-members are served popularity lists: what this rule
finds is which algorithm made a list, not who was trained on.
"""

from __future__ import annotations

import numpy as np

from recmia.attacks.base import Observations


class PopularShare:
    """Score = share of the list outside the most popular items.

    Args:
        popular_items: int64 [N], the most popular items.
    """

    name = "share of the list among the most popular"

    def __init__(self, popular_items: np.ndarray) -> None:
        self.popular_items = popular_items
        self.threshold = np.nan

    def fit(
        self, shadow: Observations, membership: np.ndarray, target: Observations | None = None
    ) -> PopularShare:
        """Fix the threshold halfway between the shadow's members and non-members."""
        scores = self.score(shadow)
        self.threshold = float((scores[membership].mean() + scores[~membership].mean()) / 2)
        return self

    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n] in [0, 1], higher is more likely a member."""
        return 1.0 - np.isin(observations.lists, self.popular_items).mean(axis=1)
