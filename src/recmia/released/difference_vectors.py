"""z as the released code computes it: weights of recommendations that need not sum to one."""

from __future__ import annotations

from typing import Literal

import numpy as np

from recmia.released.noise import TOP_K
from recmia.released.splits import Histories

Weights = Literal["fixed", "rank", "rank of the list", "mean"]


def position_weights(kind: Weights, k: int) -> np.ndarray:
    """float32 [k], best recommendation first.

    - fixed: .01 each, whatever k (``DMDD/AttackModel/*.py``); shorter lists then count for less.
    - rank: (100 - j) / 5050 for j from 0, the 5050 hard-coded (``mlp_attack_model.py``).
    - rank of the list, mean: the text's sections 3.4 and 2.5, which sum to one.
    """
    if kind == "fixed":
        return np.full(k, 1 / TOP_K, dtype=np.float32)
    if kind == "mean":
        return np.full(k, 1 / k, dtype=np.float32)
    weights = (k if kind == "rank of the list" else TOP_K) - np.arange(k)
    return (weights / (k * (k + 1) / 2 if kind == "rank of the list" else 5050)).astype(np.float32)


def difference_vectors(
    centre: np.ndarray,
    lists: np.ndarray,
    others: np.ndarray,
    items: np.ndarray,
    weights: np.ndarray,
) -> np.ndarray:
    """float32 [n, l]: mean vector of the history minus the weighted sum of the list's vectors.

    Args:
        centre: float32 [n, l], mean vector of each history, members first (`noise.centres`).
        lists: int64 [m, K], of the m members.
        others: int64 [n - m, K] of all others, or [K] where they share one list.
        items: float32 [N, l].
        weights: float32 [k]; only the first k of each list are seen.
    """
    result, k = centre.copy(), len(weights)
    result[: len(lists)] -= _sums(lists[:, :k], items, weights)
    if others.ndim == 1:
        result[len(lists) :] -= weights @ items[others[:k]]
    else:
        result[len(lists) :] -= _sums(others[:, :k], items, weights)
    return result


def _sums(lists: np.ndarray, items: np.ndarray, weights: np.ndarray) -> np.ndarray:
    n, k = lists.shape
    rows = Histories(lists.ravel(), np.arange(n + 1) * k, len(items)).matrix
    rows.data = np.tile(weights, n)
    return rows @ items
