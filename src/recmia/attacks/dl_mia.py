"""DL-MIA: the attack on recommendation lists of Wang et al. (KDD 2022)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from recmia.attacks.base import best_threshold
from recmia.attacks.difference_vectors import PositionWeights, VectorAttack
from recmia.attacks.stacked_dl_mia import NAME, EncoderName, Schedule, StackedDLMIA
from recmia.errors import DataError
from recmia.section import Count, Dropped, Positive
from recmia.seeds import child_seed


class DLMIA(VectorAttack):
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
        epochs: of the joint stage.
        alternating_epochs: of the alternating stage, both kinds together; half as many where None.
        turn_epochs: epochs of one turn.
        latent_dim: d; l // 2 where None.
        decoder_hidden: size of the decoder's three hidden layers; l where None.
        batch_size: shadow units a step; by the rule above where None.
        learning_rate: of the encoder and decoder.
        attack_learning_rate: of the attack model.
        attack_momentum: of the attack model.
        score_learning_rate: of the truth-level scores.
        models: that differ by their seeds.
        progress: called after each epoch of either kind, with parts that add up to ``epochs``.
        device: "cpu", "cuda" or "auto".
        seed: root seed of starting values, order and latent draws.

    Attributes:
        truth_levels: after `fit`, float32 arrays p [models, n] of shadow and target.
    """

    name = "dl-mia"
    source = (
        "Z. Wang et al., Debiasing Learning for Membership Inference Attacks Against Recommender "
        "Systems, KDD 2022"
    )

    def __init__(
        self,
        *,
        item_vectors: np.ndarray | None = None,
        position_weights: PositionWeights = "mean",
        encoder: EncoderName = "disentangled",
        epochs: Count = 200,
        alternating_epochs: Annotated[int, Field(ge=0)] | None = None,
        turn_epochs: Count = 10,
        latent_dim: Count | None = None,
        decoder_hidden: Count | None = None,
        batch_size: Count | None = None,
        learning_rate: Positive = 1e-3,
        attack_learning_rate: Positive = 0.01,
        attack_momentum: Dropped = 0.7,
        score_learning_rate: Positive = 0.05,
        models: Count = 1,
        progress: Callable[[float], object] | None = None,
        device: str | torch.device = "cpu",
        seed: int,
    ) -> None:
        self.item_vectors, self.position_weights = item_vectors, position_weights
        alternating = epochs // 2 if alternating_epochs is None else alternating_epochs
        schedule = Schedule(
            encoder=encoder,
            pretrain_epochs=epochs,
            alternating_epochs=alternating,
            turn_epochs=turn_epochs,
            latent_dim=latent_dim,
            decoder_hidden=decoder_hidden,
            batch_size=batch_size,
            learning_rate=learning_rate,
            attack_learning_rate=attack_learning_rate,
            attack_momentum=attack_momentum,
            score_learning_rate=score_learning_rate,
        )
        part = epochs / (epochs + alternating)
        self.stack = StackedDLMIA(
            seeds=[seed] if models == 1 else [child_seed(seed, NAME, n) for n in range(models)],
            schedule=schedule,
            device=device,
            progress=None if progress is None else lambda done: progress(part * done),
        )

    def fit_vectors(
        self, shadow: np.ndarray, membership: np.ndarray, target: np.ndarray | None = None
    ) -> DLMIA:
        """Train on the shadow's difference vectors and the target's, which are unlabelled.

        Raises:
            DataError: the target's are missing, shapes do not fit, or training diverged.
        """
        if target is None:
            raise DataError(
                "DL-MIA adapts to the target: it needs the target's observations, unlabelled.",
                remedy="pass target=..., without membership.",
            )
        sides = [self._repeated(values) for values in (shadow, membership, target)]
        self.stack = self.stack.pretrain(*sides).alternate()
        self.threshold = best_threshold(self.score_each(shadow).mean(axis=0), membership)
        self.truth_levels = self.stack.truth_levels
        return self

    def score_each(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [models, n], probability of membership for difference vectors float32 [n, l]."""
        return self.stack.score(self._repeated(vectors))

    def features(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Invariant and specific features (posterior centres), float32 [models, n, d] each."""
        return self.stack.features(self._repeated(vectors))

    def _repeated(self, values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, (len(self.stack.seeds), *values.shape))
