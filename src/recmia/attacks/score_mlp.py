"""The proposal's attack: a multilayer perceptron on features of the recommender's scores."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from recmia.attacks.base import Attack, Observations, check_membership, score_features_of
from recmia.device import resolve_device
from recmia.networks import Perceptron, torch_generator
from recmia.section import Count, Dropped, NotNegative, Positive

# Deviations below this share of the mean (or of 1) are rounding, not information.
CONSTANT = 1e-4
# Standardised features are cut here, in deviations.
FARTHEST = 10.0


class ScoreMLP(Attack):
    """Binary classifier of score features (proposal, section 3 and section 5.2).

    Features are standardised with the mean and deviation of the units it learns from (a constant
    feature becomes 0) and cut at ten deviations. Members and non-members weigh the same in the
    binary cross-entropy, whatever their numbers. The score is the probability of membership and
    the threshold is one half: with equal weights this is the point where the training loss is
    indifferent, so nothing of the units under attack enters it.

    Args:
        hidden: sizes of the hidden layers.
        epochs: passes over the training units, reshuffled each time.
        batch_size: units a step.
        learning_rate: of AdamW.
        weight_decay: of AdamW.
        dropout: share of hidden units dropped in training.
        device: "cpu", "cuda" or "auto".
        seed: root seed of starting values, order and dropout.
    """

    name = "score-mlp"
    threshold = 0.5

    def __init__(
        self,
        *,
        hidden: tuple[Count, ...] = (64, 32),
        epochs: Count = 60,
        batch_size: Count = 256,
        learning_rate: Positive = 1e-3,
        weight_decay: NotNegative = 1e-4,
        dropout: Dropped = 0.0,
        device: str | torch.device = "cpu",
        seed: int,
    ) -> None:
        self.hidden, self.epochs, self.batch_size = hidden, epochs, batch_size
        self.learning_rate, self.weight_decay, self.dropout = learning_rate, weight_decay, dropout
        self.device = resolve_device(device)
        self.seed = seed

    def fit(
        self,
        shadow: Observations,
        membership: np.ndarray,
        target: Observations | None = None,
    ) -> ScoreMLP:
        """Train the network; see `Attack.fit`."""
        features = score_features_of(shadow, "The MLP attack")
        membership = check_membership(membership, len(shadow))
        self.mean = features.mean(axis=0, dtype=np.float64)
        deviation = features.std(axis=0, dtype=np.float64)
        # A column that is constant for one model, such as the entropy before the first click,
        # leaves rounding noise here; scaled up to one, it would drown all else where another
        # model has another constant.
        varies = deviation > CONSTANT * np.maximum(1.0, np.abs(self.mean))
        self.inverse_deviation = np.where(varies, 1 / np.where(varies, deviation, 1), 0.0)
        x = self._standardised(features)
        y = torch.from_numpy(membership.astype(np.float32)).to(self.device)
        share = membership.mean()
        weight = torch.where(y > 0, float(0.5 / share), float(0.5 / (1 - share)))

        order = torch_generator(self.seed, "score_mlp", "order")
        self.network = Perceptron(
            (features.shape[1], *self.hidden, 1),
            torch_generator(self.seed, "score_mlp", "start"),
            self.dropout,
            torch_generator(self.seed, "score_mlp", "dropout", device=self.device),
        ).to(self.device)
        optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        for _ in range(self.epochs):
            shuffled = torch.randperm(len(y), generator=order).to(self.device)
            for batch in shuffled.split(self.batch_size):
                logits = self.network(x[batch]).squeeze(1)
                loss = binary_cross_entropy_with_logits(logits, y[batch], weight=weight[batch])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        self.network.eval()
        return self

    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n], probability of membership."""
        x = self._standardised(score_features_of(observations, "The MLP attack"))
        with torch.no_grad():
            logits = self.network(x).squeeze(1).double()
        return torch.sigmoid(logits).cpu().numpy()

    def _standardised(self, features: np.ndarray) -> torch.Tensor:
        x = (features - self.mean) * self.inverse_deviation
        # Beyond what was learned from, a network's output runs away with the input.
        x = np.clip(x, -FARTHEST, FARTHEST)
        return torch.from_numpy(x.astype(np.float32)).to(self.device)
