"""DL-MIA's two stages for many models of equal shape, trained side by side."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from recmia.attacks.base import best_threshold
from recmia.attacks.disentanglement import Autoencoder, DisentangledAutoencoder
from recmia.attacks.gaussian_autoencoders import BetaVAE, FactorVAE
from recmia.attacks.stacked_layers import StackedLayers, apply_layers
from recmia.device import resolve_device
from recmia.errors import DataError
from recmia.networks import torch_generator

EncoderName = Literal["disentangled", "beta-vae", "factor-vae"]
ENCODERS: dict[str, type[Autoencoder]] = {
    kind.name: kind for kind in (DisentangledAutoencoder, BetaVAE, FactorVAE)
}
NAME = "dl_mia"
Stack = TypeVar("Stack", bound="StackedDLMIA")


@dataclass(frozen=True)
class Schedule:
    """How DL-MIA is trained: section 4, and our choices where it is silent (see `DLMIA`).

    Attributes:
        encoder: family of the latents, a name in ``ENCODERS``: the paper's or a variant of Table 2.
        pretrain_epochs: of the joint stage.
        alternating_epochs: of the alternating stage, both kinds together.
        turn_epochs: epochs of one turn.
        latent_dim: d; l // 2 where None.
        decoder_hidden: size of the decoder's three hidden layers; l where None.
        batch_size: shadow units a step; where None so many that an epoch has ``steps`` of them,
            from 32 to 1,024.
        steps: an epoch.
        learning_rate: of the encoder and decoder (Adam).
        attack_learning_rate: of the attack model (SGD).
        attack_momentum: of the attack model.
        score_learning_rate: of the truth-level scores (Adam).
    """

    encoder: EncoderName = "disentangled"
    pretrain_epochs: int = 200
    alternating_epochs: int = 100
    turn_epochs: int = 10
    latent_dim: int | None = None
    decoder_hidden: int | None = None
    batch_size: int | None = None
    steps: int = 20
    learning_rate: float = 1e-3
    attack_learning_rate: float = 0.01
    attack_momentum: float = 0.7
    score_learning_rate: float = 0.05

    def __post_init__(self) -> None:
        if self.encoder not in ENCODERS:
            raise DataError(f"Encoder '{self.encoder}': choose one of {', '.join(ENCODERS)}.")


class _Networks:
    """Autoencoder and attack model of M models with their optimisers: what is copied as one."""

    def __init__(
        self, width: int, schedule: Schedule, starts: list[torch.Generator], device: torch.device
    ) -> None:
        d = schedule.latent_dim or max(2, width // 2)
        hidden = schedule.decoder_hidden or width
        self.autoencoder = ENCODERS[schedule.encoder](width, d, hidden, starts, device)
        self.attack_model = StackedLayers([(2 * d, 32), (32, 8), (8, 2)], starts, device)
        self.optimisers = (
            torch.optim.Adam(self.autoencoder.parameters, lr=schedule.learning_rate, fused=True),
            torch.optim.SGD(
                [self.attack_model.parameters],
                lr=schedule.attack_learning_rate,
                momentum=schedule.attack_momentum,
            ),
        )

    def margins(self, features: Tensor) -> Tensor:
        """[M, n]: logit of membership for joined latents [M, n, 2 d]."""
        logits = apply_layers(features, self.attack_model.layers())
        return logits[..., 1] - logits[..., 0]

    def step(self, loss: Tensor) -> None:
        """Descend a sum over models, whose parameters are apart."""
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        loss.backward()
        for optimiser in self.optimisers:
            optimiser.step()


class StackedDLMIA:
    """M models of `DLMIA`, one a seed, on difference vectors of equal numbers of units.

    Each model has its own data, starting values, order and draws, so its result depends on its
    own data and seed, not on its neighbours (up to rounding: products of other sizes add up in
    another order). `pretrain` is the first stage, whose result can be scored as it is (the
    ablation "-Reweight"); `alternate` goes on from it and leaves it as it was, so that several
    second stages can start from one first stage.

    No method takes the target's membership.

    Args:
        seeds: M root seeds.
        schedule: how.
        device: "cpu", "cuda" or "auto".
        progress: called with 1 after each epoch of either kind.

    Attributes:
        thresholds: float64 [M], with the best balanced accuracy on each model's shadow units.
        truth_levels: after `alternate`, float32 arrays p [M, n] of shadow and target.
    """

    def __init__(
        self,
        *,
        seeds: Sequence[int],
        schedule: Schedule | None = None,
        device: str | torch.device = "cpu",
        progress: Callable[[float], object] | None = None,
    ) -> None:
        self.seeds, self.schedule = list(seeds), schedule or Schedule()
        self.device, self.progress = resolve_device(device), progress

    def pretrain(
        self: Stack, shadow: np.ndarray, membership: np.ndarray, target: np.ndarray
    ) -> Stack:
        """First stage of Algorithm 1 (lines 3 to 8): L_BCE - L_ELBO, equations 3 and 5.

        Args:
            shadow: float32 [M, n, l], difference vectors; a view that repeats one [n, l] will do.
            membership: bool [M, n], of the shadow units.
            target: float32 [M, n', l], unlabelled.

        Raises:
            DataError: shapes do not fit each other, or training diverged.
        """
        if not (
            shadow.ndim == target.ndim == 3
            and len(shadow) == len(target) == len(self.seeds)
            and shadow.shape[2] == target.shape[2]
            and membership.shape == shadow.shape[:2]
        ):
            raise DataError(
                f"Vectors [M, n, l] and [M, n', l], membership [M, n] and M seeds do not fit: "
                f"{shadow.shape}, {target.shape}, {membership.shape}, {len(self.seeds)}."
            )
        self.membership = membership
        self._standardise(shadow, target)
        self._x = [self._standardised(shadow), self._standardised(target)]
        # +1 for members and -1 for others: the cross-entropy of a margin m is softplus(-sign m).
        self._sign = self._on_device(membership).float() * 2 - 1
        self._networks = _Networks(
            shadow.shape[2], self.schedule, self._generators("start", "cpu"), self.device
        )
        self._begin("pretraining")
        ones = [torch.ones(part.shape[:2], device=self.device) for part in self._x]
        for _ in range(self.schedule.pretrain_epochs):
            self._epoch(ones)
        self._set_thresholds()
        return self

    def alternate(self: Stack) -> Stack:
        """Second stage of Algorithm 1 (lines 9 to 20), in a copy; see `pretrain`."""
        after = self._copied(type(self))
        after._alternate()
        return after

    def score(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [M, n], probability of membership for difference vectors float32 [M, n, l]."""
        return self._probabilities(self._standardised(vectors))

    def features(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Invariant and specific features (posterior centres) float32 [M, n, d] of [M, n, l].

        Of the all-Gaussian variants, whose features have no such names, two halves.
        """
        with torch.no_grad():
            centre = self._networks.autoencoder.encode(self._standardised(vectors)).centre
        invariant, specific = centre.chunk(2, dim=-1)
        return invariant.cpu().numpy(), specific.cpu().numpy()

    def _copied(self, kind: type[Stack]) -> Stack:
        after = kind.__new__(kind)
        after.__dict__ = self.__dict__ | {"_networks": copy.deepcopy(self._networks)}
        return after

    def _begin(self, stage: str) -> None:
        """Orders and draws of a stage of its own, so that it is the same after any other."""
        self._order = self._generators(f"{stage}, order", "cpu")
        self._noise = self._generators(f"{stage}, noise", self.device)

    def _generators(self, name: str, device: str | torch.device) -> list[torch.Generator]:
        return [torch_generator(seed, NAME, name, device=device) for seed in self.seeds]

    def _epoch(self, weights: list[Tensor]) -> None:
        """One pass over shadow and target on equation 12; with weights of one, 3 and 5."""
        n = self._x[0].shape[1]
        size = self.schedule.batch_size or min(1024, max(32, n // self.schedule.steps))
        steps = math.ceil(n / size)
        model = torch.arange(len(self.seeds), device=self.device).unsqueeze(1)
        shuffled = []
        for x, weight in zip(self._x, weights, strict=True):
            orders = [torch.randperm(x.shape[1], generator=draw) for draw in self._order]
            rows = torch.stack(orders).to(self.device)
            parts = (x[model, rows], weight[model, rows], rows)
            shuffled.append([part.tensor_split(steps, dim=1) for part in parts])
        for x, weight, rows in zip(
            *(zip(*sides, strict=True) for sides in zip(*shuffled, strict=True)), strict=True
        ):
            self._step(torch.cat(x, dim=1), torch.cat(weight, dim=1), rows[0], rows[1])
        self._tell()

    def _step(self, x: Tensor, weight: Tensor, rows: Tensor, target_rows: Tensor) -> None:
        """A step on equation 12: vectors [M, b + b', l] of shadow rows [M, b], target's [M, b']."""
        networks, n = self._networks, rows.shape[1]
        latents = networks.autoencoder.encode(x)
        drawn = latents.sample(self._noise)
        evidence = (weight * networks.autoencoder.loss(x, latents, drawn)).sum(1)
        errors = self._membership_loss(x, drawn, weight, rows, target_rows)
        # Each model's loss is a mean over its shadow units.
        networks.step((evidence / n + errors).sum())
        networks.autoencoder.after_step(drawn, self._noise)

    def _membership_loss(
        self, x: Tensor, drawn: Tensor, weight: Tensor, rows: Tensor, target_rows: Tensor
    ) -> Tensor:
        """[M]: L'_BCE, over shadow units only, of draws [M, b + b', 2 d]; see `_step`."""
        n = rows.shape[1]
        margins = self._networks.margins(drawn[:, :n])
        return (weight[:, :n] * softplus(-self._sign.gather(1, rows) * margins)).mean(1)

    def _alternate(self) -> None:
        self._begin("alternating")
        with torch.no_grad():
            # f^dis, as pre-training left it.
            self._disentangled = [self._networks.autoencoder.encode(x).centre for x in self._x]
        draws = self._generators("truth levels", "cpu")
        truth = [
            torch.stack(
                [torch.empty(x.shape[1]).uniform_(0.9, 1.1, generator=draw) for draw in draws]
            ).to(self.device)
            for x in self._x
        ]
        refine = torch.optim.Adam(truth, lr=self.schedule.score_learning_rate)
        for turn, epochs in enumerate(self._turns()):
            if turn % 2 == 0:
                self._model_turn(truth, epochs)
            else:
                self._truth_turn(truth, refine, epochs)
        self.truth_levels = tuple(p.cpu().numpy() for p in truth)
        self._set_thresholds()

    def _turns(self) -> list[int]:
        """Epochs of each turn, the model's first."""
        whole, rest = divmod(self.schedule.alternating_epochs, self.schedule.turn_epochs)
        return [self.schedule.turn_epochs] * whole + [rest] * (rest > 0)

    def _model_turn(self, truth: list[Tensor], epochs: int) -> None:
        """Lines 10 to 15: the reweighted loss, equation 12."""
        weights = [p / p.mean(dim=1, keepdim=True) for p in truth]
        for _ in range(epochs):
            self._epoch(weights)

    def _truth_turn(self, truth: list[Tensor], refine: torch.optim.Optimizer, epochs: int) -> None:
        """Lines 16 to 19: the truth-level scores, equations 9 and 11."""
        errors = self._errors()
        for _ in range(epochs):
            # Equation 11 with lambda_j = 1 / N_j; its gradient in p is written out.
            for p, (biased, accurate) in zip(truth, errors, strict=True):
                p.grad = 2 * biased * (p * biased - accurate) / p.shape[1]
            refine.step()
            for p in truth:
                p.clamp_min_(0.01)
            self._tell()

    def _errors(self) -> list[tuple[Tensor, Tensor]]:
        """Cross-entropies [M, n] of f^dis and f^rew, for shadow and target, y_target predicted."""
        with torch.no_grad():
            networks = self._networks
            after = [networks.margins(networks.autoencoder.encode(x).centre) for x in self._x]
            before = [networks.margins(part) for part in self._disentangled]
        cuts = self._on_device(self._best_thresholds(after[0])).to(after[1].dtype)
        signs = self._sign, (after[1] >= cuts.unsqueeze(1)).float() * 2 - 1
        return [
            (softplus(-sign * m), softplus(-sign * m_rew))
            for m, m_rew, sign in zip(before, after, signs, strict=True)
        ]

    def _set_thresholds(self) -> None:
        scores = self._probabilities(self._x[0])
        if not np.isfinite(scores).all():
            raise DataError(
                "DL-MIA diverged: some scores are not numbers.",
                remedy="lower its learning rates, or look for outliers among the vectors.",
            )
        self.thresholds = self._best_thresholds(scores)

    def _best_thresholds(self, scores: np.ndarray | Tensor) -> np.ndarray:
        pairs = zip(np.asarray(torch.as_tensor(scores).cpu()), self.membership, strict=True)
        return np.array([best_threshold(values, member) for values, member in pairs])

    @torch.no_grad()
    def _probabilities(self, x: Tensor) -> np.ndarray:
        margins = self._networks.margins(self._networks.autoencoder.encode(x).centre)
        return torch.sigmoid(margins.double()).cpu().numpy()

    def _standardise(self, shadow: np.ndarray, target: np.ndarray) -> None:
        """Mean and deviation [M, 1, l] of each coordinate over shadow and target together."""
        both = np.concatenate([shadow, target], axis=1)
        self.mean = both.mean(axis=1, dtype=np.float64, keepdims=True)
        deviation = both.std(axis=1, dtype=np.float64, keepdims=True)
        self.inverse_deviation = np.where(deviation > 0, 1 / np.maximum(deviation, 1e-12), 0.0)

    def _standardised(self, vectors: np.ndarray) -> Tensor:
        x = (vectors - self.mean) * self.inverse_deviation
        return self._on_device(x.astype(np.float32))

    def _on_device(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(self.device)

    def _tell(self) -> None:
        if self.progress is not None:
            self.progress(1)
