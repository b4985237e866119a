"""Item vectors that were never trained, and the lists that follow from them.

The factorisation of the released code (``lfm_recommendations.py``) presets its error to 1 and
loops only while the error is at least 100, so it takes no step. What it returns are its starting
values: for the vector file, and for LFM on either side.
"""

from __future__ import annotations

import numpy as np
import torch

from recmia.networks import torch_generator
from recmia.released.splits import Histories

DIMENSIONS = 100
TOP_K = 100
_SCORES = 1 << 27  # held at once: 512 MB


def vectors(n_items: int, seed: int, dim: int = DIMENSIONS) -> np.ndarray:
    """float32 [n_items, dim], N(0, 1): the item vectors of a data set, for shadow and target."""
    draw = torch_generator(seed, "released", "vectors")
    return torch.empty(n_items, dim).normal_(generator=draw).numpy()


def factor_lists(n_users: int, n_items: int, seed: int, k: int = TOP_K) -> np.ndarray:
    """LFM's lists int64 [n_users, k]: the best of u v, users U(0, 1) and items N(0, 1).

    Drawn anew for each side. No record has any part in them, and what a user has may be listed.
    """
    return best_products(*factors(n_users, n_items, seed), k)


def factors(n_users: int, n_items: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Starting values of LFM, float32 [n_users, 100] and [n_items, 100]."""
    draw = torch_generator(seed, "released", "factors")
    users = torch.empty(n_users, DIMENSIONS).uniform_(generator=draw)
    items = torch.empty(n_items, DIMENSIONS).normal_(generator=draw)
    return users.numpy(), items.numpy()


def best_products(
    users: np.ndarray,
    items: np.ndarray,
    k: int = TOP_K,
    without: Histories | None = None,
    bias: np.ndarray | None = None,
) -> np.ndarray:
    """int64 [n, k]: for each user the items with the largest u v, best first.

    Args:
        users: float32 [n, l].
        items: float32 [N, l].
        k: length of the lists, at most N.
        without: histories of the same users, whose items are not listed.
        bias: float32 [N], added to each item's products.
    """
    matrix, parts = torch.from_numpy(items).T.contiguous(), []
    rows = max(1, _SCORES // len(items))
    for start in range(0, len(users), rows):
        scores = torch.from_numpy(users[start : start + rows]) @ matrix
        if bias is not None:
            scores += torch.from_numpy(bias)
        if without is not None:
            seen = without[start : start + rows]
            scores[torch.from_numpy(seen.users), torch.from_numpy(seen.items)] = -torch.inf
        parts.append(torch.topk(scores, min(k, len(items))).indices)
    return torch.cat(parts).numpy()


def nearest_lists(
    histories: Histories, items: np.ndarray, k: int = TOP_K, without: Histories | None = None
) -> np.ndarray:
    """Item's lists int64 [n, k]: items whose vectors lie nearest to the mean of the history's.

    Euclidean, nearest first; what a user has may be listed. No code of this recommender was
    released: the formula is what the authors' Amazon lists fit (shared cores of 51 of 100 items
    between two members, items that nobody touched in 62% of places).

    Args:
        histories: of n users.
        items: float32 [N, l], the item vectors that the attack uses as well.
        k: length of the lists.
        without: histories of the same users, whose items are not listed.
    """
    bias = -(items**2).sum(axis=1) / 2
    return best_products(centres(histories, items), items, k, without, bias)


def centres(histories: Histories, items: np.ndarray) -> np.ndarray:
    """float32 [n, l]: the mean vector of each history; an empty one lies at the origin."""
    total = histories.matrix @ items
    return total / np.maximum(histories.lengths, 1).astype(np.float32)[:, None]


def popular_items(histories: Histories, count: int) -> np.ndarray:
    """int64 [count]: the items of most users, most first, equals by the larger number.

    So the authors' popular lists are sorted, which are counted over the members of a side.
    """
    counts = np.bincount(histories.items, minlength=histories.n_items)
    return np.lexsort((np.arange(len(counts)), counts))[::-1][:count].copy()
