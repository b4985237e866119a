"""DL-MIA: the attack on recommendation lists of Wang et al. (KDD 2022)."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from recmia.attacks.base import Attack, Observations, best_threshold, check_membership
from recmia.attacks.difference_vectors import PositionWeights, observed_difference_vectors
from recmia.attacks.disentanglement import DisentangledAutoencoder
from recmia.attacks.networks import Perceptron, resolve_device, torch_generator
from recmia.errors import DataError


class DLMIA(Attack):
    """Disentangled difference vectors with truth-level weights (sections 3 and 4, Algorithm 1).

    A linear encoder gives each difference vector, of shadow and target alike, a Gaussian
    (invariant) and a von Mises-Fisher (specific) latent; a decoder reconstructs it; a perceptron
    2d-32-8-2 tells members from the joined latents. Encoder, decoder (Adam, 1e-3) and attack model
    (SGD, 0.01, momentum 0.7) train jointly on L_BCE - L_ELBO, then in turns of ten epochs on the
    reweighted loss (equation 12) and on the truth-level scores p (equation 11).

    The target's membership cannot reach training: `fit` takes its observations, which hold none,
    and puts the attack's own predictions in the place of its labels.

    Where the paper is silent or leaves a choice open, the simplest stable one is taken:

    * Difference vectors are standardised by coordinate over shadow and target together, since the
      likelihood has unit variance.
    * d is half of l for each latent, so the attack model has the l inputs of the earlier paper.
      kappa is a softplus, sigma an exponential of the linear layer's output.
    * Sums over units become means over shadow units, with the relative weights of the terms kept.
      Batches hold a twentieth of the shadow units, between 32 and 1,024, and the same share of
      the target's, so an epoch sees each unit once in about twenty steps.
    * One draw of the latents a step in training; their means in scoring and in equation 11. Means
      are less spread than draws, which shifts the probabilities, so the threshold is not one half
      but the one with the best balanced accuracy on the shadow units.
    * p starts from U(0.9, 1.1) and is refined by Adam (0.05), one step of the whole of equation
      11 an epoch, not below 0.01, so that the weights below stay defined. f^dis comes from the
      encoder as pre-training left it, f' from the current one; the target's labels are predicted
      anew at the start of each turn.
    * The linear layer from p to w is p over its mean in the recommender, fixed: equation 12 would
      only shrink a layer that is trained by it.
    * The 100 alternating epochs count the epochs of both kinds: five turns of each.

    Args:
        item_vectors: float32 [V, l], see `recmia.attacks.item_vectors.factorise`.
        position_weights: weights of the recommendations; the paper has "mean".
        pretrain_epochs: of the joint stage.
        alternating_epochs: of the alternating stage, both kinds together.
        turn_epochs: epochs of one turn.
        latent_dim: d; l // 2 where None.
        decoder_hidden: size of the decoder's three hidden layers; l where None.
        batch_size: shadow units a step; by the rule above where None.
        learning_rate: of the encoder and decoder.
        attack_learning_rate: of the attack model.
        attack_momentum: of the attack model.
        score_learning_rate: of the truth-level scores.
        device: "cpu", "cuda" or "auto".
        seed: root seed of starting values, order and latent draws.

    Attributes:
        truth_levels: after `fit`, float32 arrays p of shadow and target.
    """

    name = "dl_mia"

    def __init__(
        self,
        *,
        item_vectors: np.ndarray,
        position_weights: PositionWeights = "mean",
        pretrain_epochs: int = 200,
        alternating_epochs: int = 100,
        turn_epochs: int = 10,
        latent_dim: int | None = None,
        decoder_hidden: int | None = None,
        batch_size: int | None = None,
        learning_rate: float = 1e-3,
        attack_learning_rate: float = 0.01,
        attack_momentum: float = 0.7,
        score_learning_rate: float = 0.05,
        device: str | torch.device = "cpu",
        seed: int,
    ) -> None:
        self.item_vectors, self.position_weights = item_vectors, position_weights
        self.pretrain_epochs, self.alternating_epochs = pretrain_epochs, alternating_epochs
        self.turn_epochs, self.batch_size = turn_epochs, batch_size
        self.latent_dim, self.decoder_hidden = latent_dim, decoder_hidden
        self.learning_rate, self.score_learning_rate = learning_rate, score_learning_rate
        self.attack_learning_rate = attack_learning_rate
        self.attack_momentum = attack_momentum
        self.device, self.seed = resolve_device(device), seed

    def fit(
        self,
        shadow: Observations,
        membership: np.ndarray,
        target: Observations | None = None,
    ) -> DLMIA:
        """Train on the shadow's lists with labels and the target's without; see `Attack.fit`."""
        if target is None:
            raise DataError(
                "DL-MIA adapts to the target: it needs the target's observations, unlabelled.",
                remedy="pass target=..., without membership.",
            )
        membership = check_membership(membership, len(shadow))
        return self.fit_vectors(self._vectors(shadow), membership, self._vectors(target))

    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n], probability of membership."""
        return self.score_vectors(self._vectors(observations))

    def fit_vectors(self, shadow: np.ndarray, membership: np.ndarray, target: np.ndarray) -> DLMIA:
        """Train on difference vectors made elsewhere.

        Args:
            shadow: float32 [n, l].
            membership: bool [n], of the shadow units.
            target: float32 [n', l], unlabelled.
        """
        both = np.concatenate([shadow, target])
        self.mean = both.mean(axis=0, dtype=np.float64)
        deviation = both.std(axis=0, dtype=np.float64)
        self.inverse_deviation = np.where(deviation > 0, 1 / np.maximum(deviation, 1e-12), 0.0)
        x = [self._standardised(shadow), self._standardised(target)]
        y = torch.from_numpy(membership.astype(np.int64)).to(self.device)

        width = shadow.shape[1]
        latent_dim = self.latent_dim or max(2, width // 2)
        start = torch_generator(self.seed, self.name, "start")
        self.autoencoder = DisentangledAutoencoder(
            width, latent_dim, self.decoder_hidden or width, start
        ).to(self.device)
        self.attack_model = Perceptron((2 * latent_dim, 32, 8, 2), start).to(self.device)
        self._optimisers = (
            torch.optim.Adam(self.autoencoder.parameters(), lr=self.learning_rate),
            torch.optim.SGD(
                self.attack_model.parameters(),
                lr=self.attack_learning_rate,
                momentum=self.attack_momentum,
            ),
        )
        self._order = torch_generator(self.seed, self.name, "order")
        self._noise = torch_generator(self.seed, self.name, "noise", device=self.device)

        ones = [torch.ones(len(part), device=self.device) for part in x]
        for _ in range(self.pretrain_epochs):
            self._epoch(x, y, ones)
        self._alternate(x, y)
        self.threshold = best_threshold(self.score_vectors(shadow), membership)
        return self

    def score_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [n], probability of membership for difference vectors float32 [n, l]."""
        with torch.no_grad():
            latents = self.autoencoder.encode(self._standardised(vectors))
            logits = self.attack_model(latents.centre).double()
        return torch.softmax(logits, dim=1)[:, 1].cpu().numpy()

    def features(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Invariant and specific features (posterior means) float32 [n, d] of vectors [n, l]."""
        with torch.no_grad():
            latents = self.autoencoder.encode(self._standardised(vectors))
        return latents.mean.cpu().numpy(), latents.direction.cpu().numpy()

    def _epoch(self, x: list[Tensor], y: Tensor, weights: list[Tensor]) -> None:
        """One pass over shadow and target on equation 12; with weights of one, 3 and 5."""
        size = self.batch_size or min(1024, max(32, len(x[0]) // 20))
        steps = math.ceil(len(x[0]) / size)
        shuffled = [torch.randperm(len(part), generator=self._order) for part in x]
        batches = [s.to(self.device).tensor_split(steps) for s in shuffled]
        for rows, target_rows in zip(*batches, strict=True):
            batch = torch.cat([x[0][rows], x[1][target_rows]])
            weight = torch.cat([weights[0][rows], weights[1][target_rows]])
            latents = self.autoencoder.encode(batch)
            drawn = latents.sample(self._noise)
            evidence = weight @ self.autoencoder.negative_elbo(batch, latents, drawn)
            logits = self.attack_model(drawn[: len(rows)])
            errors = cross_entropy(logits, y[rows], reduction="none")
            loss = (weights[0][rows] @ errors + evidence) / len(rows)
            for optimiser in self._optimisers:
                optimiser.zero_grad()
            loss.backward()
            for optimiser in self._optimisers:
                optimiser.step()

    def _alternate(self, x: list[Tensor], y: Tensor) -> None:
        """Second stage of Algorithm 1 (lines 9 to 20)."""
        with torch.no_grad():
            disentangled = [self.autoencoder.encode(part).centre for part in x]
        draw = torch_generator(self.seed, self.name, "truth levels")
        truth = [
            torch.empty(len(part)).uniform_(0.9, 1.1, generator=draw).to(self.device) for part in x
        ]
        refine = torch.optim.Adam(truth, lr=self.score_learning_rate)
        for epoch in range(self.alternating_epochs):
            turn, within = divmod(epoch, self.turn_epochs)
            if turn % 2 == 0:
                if within == 0:
                    weights = [p / p.mean() for p in truth]
                self._epoch(x, y, weights)
                continue
            if within == 0:
                errors = self._errors(x, y, disentangled)
            # Equation 11 with lambda_j = 1 / N_j; its gradient in p is written out.
            for p, (biased, accurate) in zip(truth, errors, strict=True):
                p.grad = 2 * biased * (p * biased - accurate) / len(p)
            refine.step()
            for p in truth:
                p.clamp_min_(0.01)
        self.truth_levels = tuple(p.cpu().numpy() for p in truth)

    def _errors(
        self, x: list[Tensor], y: Tensor, disentangled: list[Tensor]
    ) -> list[tuple[Tensor, Tensor]]:
        """Cross-entropies of f^dis and of f^rew, for shadow and target, with y_target predicted."""
        with torch.no_grad():
            after = [self.attack_model(self.autoencoder.encode(part).centre) for part in x]
            before = [self.attack_model(part) for part in disentangled]
        margins = [(logits[:, 1] - logits[:, 0]).cpu().numpy() for logits in after]
        predicted = margins[1] >= best_threshold(margins[0], y.bool().cpu().numpy())
        labels = y, torch.from_numpy(predicted).long().to(self.device)
        return [
            tuple(cross_entropy(logits, target, reduction="none") for logits in pair)
            for *pair, target in zip(before, after, labels, strict=True)
        ]

    def _standardised(self, vectors: np.ndarray) -> Tensor:
        x = (vectors - self.mean) * self.inverse_deviation
        return torch.from_numpy(x.astype(np.float32)).to(self.device)

    def _vectors(self, observations: Observations) -> np.ndarray:
        return observed_difference_vectors(observations, self.item_vectors, self.position_weights)
