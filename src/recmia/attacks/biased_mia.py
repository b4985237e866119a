"""Biased-MIA: the attack on recommendation lists of Zhang et al. (CCS 2021)."""

from __future__ import annotations

import numpy as np
import torch

from recmia.attacks.base import Attack, Observations, check_membership
from recmia.attacks.difference_vectors import PositionWeights, observed_difference_vectors
from recmia.attacks.stacked import train_stacked
from recmia.seeds import child_seed


class BiasedMIA(Attack):
    """Difference vectors into a perceptron l-32-8-2 (sections 2.5 and 3.1).

    Trained on the shadow recommender with cross-entropy, SGD (0.01, momentum 0.7), 20 epochs,
    single steps, reshuffled every epoch. The paper's equations print the softmax straight after
    the second hidden layer, which has 8 units; with the output layer of two that its text and
    code name, it is applied once here. The score is the probability of membership, and a unit
    is called a member where it is the larger of the two: threshold one half.

    Args:
        item_vectors: float32 [V, l], see `recmia.attacks.item_vectors.factorise`.
        position_weights: weights of the recommendations, "mean" or "linear".
        epochs: passes over the shadow units.
        learning_rate: of SGD.
        momentum: of SGD.
        batch_size: units a step; the paper takes single steps.
        device: "cpu", "cuda" or "auto"; single steps are fastest on the CPU.
        seed: root seed of starting values and order.
    """

    name = "biased_mia"
    threshold = 0.5

    def __init__(
        self,
        *,
        item_vectors: np.ndarray,
        position_weights: PositionWeights = "mean",
        epochs: int = 20,
        learning_rate: float = 0.01,
        momentum: float = 0.7,
        batch_size: int = 1,
        device: str | torch.device = "cpu",
        seed: int,
    ) -> None:
        self.item_vectors, self.position_weights = item_vectors, position_weights
        self.epochs, self.batch_size = epochs, batch_size
        self.learning_rate, self.momentum = learning_rate, momentum
        self.device, self.seed = device, seed

    def fit(
        self,
        shadow: Observations,
        membership: np.ndarray,
        target: Observations | None = None,
    ) -> BiasedMIA:
        """Train on the shadow's lists; see `Attack.fit`."""
        membership = check_membership(membership, len(shadow))
        return self.fit_vectors(self._vectors(shadow), membership)

    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n], probability of membership."""
        return self.score_vectors(self._vectors(observations))

    def fit_vectors(self, vectors: np.ndarray, membership: np.ndarray) -> BiasedMIA:
        """Train on difference vectors made elsewhere: float32 [n, l] and bool [n]."""
        self.stack = train_stacked(
            torch.from_numpy(vectors).unsqueeze(0),
            torch.from_numpy(membership).unsqueeze(0),
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            momentum=self.momentum,
            batch_size=self.batch_size,
            seeds=[child_seed(self.seed, self.name)],
            device=self.device,
        )
        return self

    def score_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [n], probability of membership for difference vectors float32 [n, l]."""
        x = torch.from_numpy(vectors).unsqueeze(0).to(self.stack.parameters.device)
        return self.stack.probabilities(x)[0, :, 1].double().cpu().numpy()

    def _vectors(self, observations: Observations) -> np.ndarray:
        return observed_difference_vectors(observations, self.item_vectors, self.position_weights)
