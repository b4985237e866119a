"""Biased-MIA: the attack on recommendation lists of Zhang et al. (CCS 2021)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from recmia.attacks.difference_vectors import PositionWeights, VectorAttack
from recmia.attacks.stacked import train_stacked
from recmia.section import Count, Dropped, Positive
from recmia.seeds import child_seed

_STEPS_AN_EPOCH = 10_000
_LARGEST_STEP = 20  # beyond, what larger steps change has not been measured


class BiasedMIA(VectorAttack):
    """Difference vectors into a perceptron l-32-8-2 (sections 2.5 and 3.1).

    Trained on the shadow recommender with cross-entropy, SGD (0.01, momentum 0.7), 20 epochs,
    single steps, reshuffled every epoch. The paper's equations print the softmax straight after
    the second hidden layer, which has 8 units; with the output layer of two that its text and
    code name, it is applied once here. The score is the probability of membership, and a unit
    is called a member where it is the larger of the two: threshold one half. Several models are
    the same as one by one: `recmia.attacks.stacked` takes each step for all of them at once.

    Args:
        item_vectors: float32 [V, l], see `recmia.attacks.item_vectors.factorise`.
        position_weights: weights of the recommendations, "mean" or "linear".
        epochs: passes over the shadow units.
        learning_rate: of SGD.
        momentum: of SGD.
        batch_size: units a step, at so many times the learning rate; by `units_a_step` where None.
        models: that differ by their seeds.
        progress: called with 1 after each epoch.
        device: "cpu", "cuda" or "auto"; single steps are fastest on the CPU.
        seed: root seed of starting values and order.
    """

    name = "biased-mia"
    source = "M. Zhang et al., Membership Inference Attacks Against Recommender Systems, CCS 2021"
    threshold = 0.5

    def __init__(
        self,
        *,
        item_vectors: np.ndarray | None = None,
        position_weights: PositionWeights = "mean",
        epochs: Count = 20,
        learning_rate: Positive = 0.01,
        momentum: Dropped = 0.7,
        batch_size: Count | None = None,
        models: Count = 1,
        progress: Callable[[float], object] | None = None,
        device: str | torch.device = "cpu",
        seed: int,
    ) -> None:
        self.item_vectors, self.position_weights = item_vectors, position_weights
        self.epochs, self.batch_size = epochs, batch_size
        self.learning_rate, self.momentum = learning_rate, momentum
        self.progress, self.device = progress, device
        self.seeds = [child_seed(seed, "biased_mia")]
        if models > 1:
            self.seeds = [child_seed(seed, "biased_mia", number) for number in range(models)]

    def fit_vectors(
        self, shadow: np.ndarray, membership: np.ndarray, target: np.ndarray | None = None
    ) -> BiasedMIA:
        """Train on the shadow's difference vectors; see `VectorAttack.fit_vectors`."""
        models, batch_size = len(self.seeds), self.batch_size or units_a_step(len(shadow))
        self.stack = train_stacked(
            torch.from_numpy(shadow).expand(models, -1, -1),
            torch.from_numpy(membership).expand(models, -1),
            epochs=self.epochs,
            learning_rate=self.learning_rate * batch_size,
            momentum=self.momentum,
            batch_size=batch_size,
            seeds=self.seeds,
            device=self.device,
            progress=self.progress,
        )
        return self

    def score_each(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [models, n], probability of membership for difference vectors float32 [n, l]."""
        x = torch.from_numpy(vectors).expand(len(self.seeds), -1, -1)
        probabilities = self.stack.probabilities(x.to(self.stack.parameters.device))
        return probabilities[:, :, 1].double().cpu().numpy()


def units_a_step(units: int) -> int:
    """Units that a step takes where there are so many: one, as in the paper, below 20,000.

    200,000 units one by one would take four million steps, which must follow one another. A step
    of B units at B times the learning rate goes as far as B single steps and is as noisy (the
    linear scaling rule of Goyal et al. 2017). From 20,000 units on B is n // 10,000, at most 20.
    ``benchmarks/biased_mia.md`` shows that the result is that of single steps.
    """
    return min(max(1, units // _STEPS_AN_EPOCH), _LARGEST_STEP)
