"""The loss threshold attack: what was trained on has the lower loss."""

from __future__ import annotations

import numpy as np

from recmia.attacks.base import (
    Attack,
    Observations,
    best_threshold,
    check_membership,
    score_features_of,
)


class LossThreshold(Attack):
    """Yeom et al. (CSF 2018), Adversary 1, on sessions.

    The score is minus the loss, which is the mean log-probability of the session's items: column
    0 of the score features. The threshold maximises balanced accuracy on the shadow side.

    """

    name = "loss-threshold"
    source = "S. Yeom et al., Privacy Risk in Machine Learning, CSF 2018"

    def fit(
        self,
        shadow: Observations,
        membership: np.ndarray,
        target: Observations | None = None,
    ) -> LossThreshold:
        """Fix the threshold; see `Attack.fit`."""
        membership = check_membership(membership, len(shadow))
        self.threshold = best_threshold(self.score(shadow), membership)
        return self

    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n], mean log-probability."""
        return score_features_of(observations, "The loss threshold")[:, 0].astype(np.float64)
