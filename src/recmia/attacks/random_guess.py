"""The floor: a guess that looks at nothing."""

from __future__ import annotations

import numpy as np

from recmia.attacks.base import Attack, Observations, check_membership
from recmia.seeds import generator
from recmia.storage import content_hash


class RandomGuess(Attack):
    """Scores from U(0, 1) and a threshold of one half.

    The draw depends on the seed and on the row ids, so that scoring two cohorts one after the
    other gives them different numbers.

    Args:
        seed: root seed.
    """

    name = "random-guess"
    threshold = 0.5

    def __init__(self, *, seed: int) -> None:
        self.seed = seed

    def fit(
        self,
        shadow: Observations,
        membership: np.ndarray,
        target: Observations | None = None,
    ) -> RandomGuess:
        """Learn nothing; see `Attack.fit`."""
        check_membership(membership, len(shadow))
        return self

    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n], uniform on [0, 1)."""
        draw = generator(self.seed, "random_guess", content_hash(observations.row_ids))
        return draw.random(len(observations))
