"""DL-MIA: the attack on recommendation lists of Wang et al. (KDD 2022)."""

from __future__ import annotations

import numpy as np
import torch

from recmia.attacks.base import Attack, Observations, check_membership
from recmia.attacks.difference_vectors import PositionWeights, observed_difference_vectors
from recmia.attacks.stacked_dl_mia import EncoderName, Schedule, StackedDLMIA
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
        encoder: family of the latents: the paper's, or a variant of its Table 2.
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
        encoder: EncoderName = "disentangled",
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
        schedule = Schedule(
            encoder=encoder,
            pretrain_epochs=pretrain_epochs,
            alternating_epochs=alternating_epochs,
            turn_epochs=turn_epochs,
            latent_dim=latent_dim,
            decoder_hidden=decoder_hidden,
            batch_size=batch_size,
            learning_rate=learning_rate,
            attack_learning_rate=attack_learning_rate,
            attack_momentum=attack_momentum,
            score_learning_rate=score_learning_rate,
        )
        self.stack = StackedDLMIA(seeds=[seed], schedule=schedule, device=device)

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
        pretrained = self.stack.pretrain(shadow[None], membership[None], target[None])
        self.stack = pretrained.alternate()
        self.threshold = float(self.stack.thresholds[0])
        self.truth_levels = tuple(p[0] for p in self.stack.truth_levels)
        return self

    def score_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [n], probability of membership for difference vectors float32 [n, l]."""
        return self.stack.score(vectors[None])[0]

    def features(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Invariant and specific features (posterior centres) float32 [n, d] of vectors [n, l]."""
        invariant, specific = self.stack.features(vectors[None])
        return invariant[0], specific[0]

    def _vectors(self, observations: Observations) -> np.ndarray:
        return observed_difference_vectors(observations, self.item_vectors, self.position_weights)
