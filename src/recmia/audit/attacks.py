"""Attacks that an audit of lists can run: several seeds of each, trained side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch

from recmia.attacks.biased_mia import BiasedMIA
from recmia.attacks.stacked import train_stacked
from recmia.seeds import child_seed

_STEPS_AN_EPOCH = 10_000


class ListAttack(Protocol):
    """What an audit asks of an attack; see ``ATTACKS``.

    Attributes:
        threshold: a mean score of at least this is called a member, fixed on the shadow side.
    """

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
        labels. ``progress`` is called with 1 after each epoch.
        """

    def score_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [seeds, m]: the higher, the more likely a member."""


class StackedBiasedMIA:
    """`recmia.attacks.biased_mia.BiasedMIA` of several seeds, whose steps are taken together.

    Up to 20,000 shadow users the steps are single, as in the paper. With more, a step takes
    n // 10,000 users (see ``batch_size_for``).

    Args:
        epochs: passes over the shadow users; the paper takes 20.
        seeds: models, each with its own starting values and order.
        seed: root of them.
    """

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
        self.stack = train_stacked(
            torch.from_numpy(shadow).expand(models, -1, -1),
            torch.from_numpy(membership).expand(models, -1),
            epochs=self.epochs,
            batch_size=batch_size_for(len(shadow)),
            seeds=self.seeds,
            progress=progress,
        )
        return self

    def score_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [seeds, m], probability of membership."""
        x = torch.from_numpy(vectors).expand(len(self.seeds), -1, -1)
        return self.stack.probabilities(x)[:, :, 1].double().numpy()


def batch_size_for(users: int) -> int:
    """Users a step: one up to 20,000 users, then as many as keep an epoch near 10,000 steps.

    200,000 users one by one would take four million steps, which must follow one another. What
    the larger steps change is measured in ``benchmarks/biased_mia.md``.
    """
    return max(1, users // _STEPS_AN_EPOCH)


ATTACKS: dict[str, type[ListAttack]] = {"biased": StackedBiasedMIA}
