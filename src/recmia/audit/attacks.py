"""Attacks that an audit of lists can run: several seeds of each, trained side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

import numpy as np
import torch

from recmia.attacks.base import best_threshold
from recmia.attacks.biased_mia import BiasedMIA
from recmia.attacks.stacked import train_stacked
from recmia.attacks.stacked_dl_mia import NAME, Schedule, StackedDLMIA
from recmia.seeds import child_seed

LEARNING_RATE = 0.01  # of single steps: Zhang et al. (CCS 2021), section 3.1
_STEPS_AN_EPOCH = 10_000
_LARGEST_STEP = 20  # beyond, what larger steps change has not been measured


class ListAttack(Protocol):
    """What an audit asks of an attack; see ``ATTACKS``.

    Attributes:
        source: the paper.
        default_epochs: as the paper has them.
        threshold: a mean score of at least this is called a member, fixed on the shadow side.
    """

    source: ClassVar[str]
    default_epochs: ClassVar[int]
    threshold: float

    def __init__(self, *, epochs: int, seeds: int, seed: int) -> None: ...

    def fit_vectors(
        self,
        shadow: np.ndarray,
        membership: np.ndarray,
        target: np.ndarray,
        progress: Callable[[float], object] | None = None,
    ) -> ListAttack:
        """Train on the shadow side's difference vectors float32 [n, l] and membership bool [n].

        ``target`` holds the target's, float32 [m, l], for attacks that look at them without
        labels. ``progress`` is called after each epoch, with parts that add up to ``epochs``.
        """

    def score_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [seeds, m]: the higher, the more likely a member."""


class StackedBiasedMIA:
    """`recmia.attacks.biased_mia.BiasedMIA` of several seeds, whose steps are taken together.

    Below 20,000 shadow users the steps are single, as in the paper; with more they are larger
    (see ``step_for``).

    Args:
        epochs: passes over the shadow users; the paper takes 20.
        seeds: models, each with its own starting values and order.
        seed: root of them.
    """

    source = "M. Zhang et al., Membership Inference Attacks Against Recommender Systems, CCS 2021"
    default_epochs = 20
    threshold = BiasedMIA.threshold

    def __init__(self, *, epochs: int, seeds: int, seed: int) -> None:
        self.epochs = epochs
        self.seeds = [child_seed(seed, BiasedMIA.name, number) for number in range(seeds)]

    def fit_vectors(
        self,
        shadow: np.ndarray,
        membership: np.ndarray,
        target: np.ndarray,
        progress: Callable[[float], object] | None = None,
    ) -> StackedBiasedMIA:
        """Train; see `ListAttack.fit_vectors`. The target is not looked at."""
        models = len(self.seeds)
        batch_size, learning_rate = step_for(len(shadow))
        self.stack = train_stacked(
            torch.from_numpy(shadow).expand(models, -1, -1),
            torch.from_numpy(membership).expand(models, -1),
            epochs=self.epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seeds=self.seeds,
            progress=progress,
        )
        return self

    def score_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [seeds, m], probability of membership."""
        x = torch.from_numpy(vectors).expand(len(self.seeds), -1, -1)
        return self.stack.probabilities(x)[:, :, 1].double().numpy()


def step_for(users: int) -> tuple[int, float]:
    """Users a step and the learning rate for so many shadow users.

    200,000 users one by one would take four million steps, which must follow one another. A step
    of B users at B times the learning rate goes as far as B single steps and is as noisy (the
    linear scaling rule of Goyal et al. 2017); one user below 20,000 users, then n // 10,000, at
    most 20. ``benchmarks/biased_mia.md`` shows that the result is that of single steps.
    """
    batch_size = min(max(1, users // _STEPS_AN_EPOCH), _LARGEST_STEP)
    return batch_size, LEARNING_RATE * batch_size


class AuditedDLMIA:
    """`recmia.attacks.dl_mia.DLMIA` of several seeds, trained side by side.

    It adapts to the target's difference vectors; no label of the target is handed to it.

    Args:
        epochs: of the first stage; the second takes half as many, as in the paper (200 and 100).
        seeds: models, each with its own starting values, order and draws.
        seed: root of them.
    """

    source = (
        "Z. Wang et al., Debiasing Learning for Membership Inference Attacks Against Recommender "
        "Systems, KDD 2022"
    )
    default_epochs = 200

    def __init__(self, *, epochs: int, seeds: int, seed: int) -> None:
        self.schedule = Schedule(pretrain_epochs=epochs, alternating_epochs=epochs // 2)
        self.epochs = epochs
        self.seeds = [child_seed(seed, NAME, number) for number in range(seeds)]

    def fit_vectors(
        self,
        shadow: np.ndarray,
        membership: np.ndarray,
        target: np.ndarray,
        progress: Callable[[float], object] | None = None,
    ) -> AuditedDLMIA:
        """Train; see `ListAttack.fit_vectors`."""
        part = self.epochs / (self.epochs + self.epochs // 2)
        stack = StackedDLMIA(
            seeds=self.seeds,
            schedule=self.schedule,
            progress=None if progress is None else lambda epochs: progress(part * epochs),
        )
        sides = [self._repeated(values) for values in (shadow, membership, target)]
        self.stack = stack.pretrain(*sides).alternate()
        self.threshold = best_threshold(self.score_vectors(shadow).mean(axis=0), membership)
        return self

    def score_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [seeds, m], probability of membership."""
        return self.stack.score(self._repeated(vectors))

    def _repeated(self, values: np.ndarray) -> np.ndarray:
        return np.broadcast_to(values, (len(self.seeds), *values.shape))


ATTACKS: dict[str, type[ListAttack]] = {"biased": StackedBiasedMIA, "dl-mia": AuditedDLMIA}
