"""The adversary's utility: decoys near the sensitive items, everything else where it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recmia.errors import DataError


@dataclass(frozen=True)
class Utility:
    """Equation 5 for one choice of sensitive items and decoys; lower is better.

    Attributes:
        items: float64 [n, k], the item profile V before poisoning.
        sensitive: int64 [|X|], sensitive items.
        decoys: int64 [|Y|], decoys.
        camouflage: μ, the weight of leaving the item profile as it was.
    """

    items: np.ndarray
    sensitive: np.ndarray
    decoys: np.ndarray
    camouflage: float

    def __post_init__(self) -> None:
        both = np.concatenate([self.sensitive, self.decoys])
        if not len(self.sensitive) or not len(self.decoys) or len(np.unique(both)) < len(both):
            raise DataError("sensitive items and decoys must be given, distinct and disjoint.")

    def value(self, poisoned: np.ndarray) -> float:
        """R of equation 5 for a poisoned item profile V* [n, k]."""
        target = self.items[self.sensitive]
        linked = target[:, None] - poisoned[self.decoys][None]
        kept = target - poisoned[self.sensitive]
        change = poisoned - self.items
        return float(np.sum(linked**2) + np.sum(kept**2) + self.camouflage * np.sum(change**2))

    def gradient(self, poisoned: np.ndarray) -> np.ndarray:
        """Equation 15: float64 [n, k], derivative of R by V*."""
        change = 2 * self.camouflage * (poisoned - self.items)
        target = self.items[self.sensitive]
        change[self.sensitive] += 2 * (poisoned[self.sensitive] - target)
        linked = poisoned[self.decoys][:, None] - target[None]
        change[self.decoys] += 2 * linked.sum(axis=1)
        return change
