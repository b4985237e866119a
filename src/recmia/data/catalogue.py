"""The catalogue of the synthetic click log: items, their popularity, and what follows what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recmia.seeds import generator

GINI = 0.89
# A small catalogue is made less unequal, or all clicks would go to fewer items than a list is long.
ITEMS_IN_PLAY = 60
# Items of a cluster on average, and preferred successors of an item: in its cluster, elsewhere.
CLUSTER, IN_CLUSTER, ELSEWHERE = 50, 12, 3


@dataclass(frozen=True)
class Catalogue:
    """Items and how they follow each other.

    Attributes:
        item_ids: int64 [n], as written to the log.
        popularity: float64 [n], sums to 1.
        category: int64 [n], 1 to 12.
        brand: int64 [n], 8 to 10 digits.
        row_ends: float64 [n + 1], cumulative transition mass before each item's successors.
        edge_ends: float64 [m], cumulative transition mass of all edges, ordered by item.
        successors: int32 [m], the item that each edge leads to.
    """

    item_ids: np.ndarray
    popularity: np.ndarray
    category: np.ndarray
    brand: np.ndarray
    row_ends: np.ndarray
    edge_ends: np.ndarray
    successors: np.ndarray

    def follow(self, current: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Preferred successor of each current item, from uniform numbers in [0, 1)."""
        low, high = self.row_ends[current], self.row_ends[current + 1]
        edges = np.searchsorted(self.edge_ends, low + uniform * (high - low), side="right")
        return self.successors[np.minimum(edges, len(self.successors) - 1)]


def draw_catalogue(items: int, clicks: int, seed: int) -> Catalogue:
    """Draw items, their popularity, clusters and preferred successors."""
    rng = generator(seed, "synthetic", "catalogue")
    item_ids = 214_000_000 + rng.choice(1_000_000, size=items, replace=False)
    popularity = _popularity(items, clicks)
    # Deal the items, by falling popularity, so that each cluster has popular and rare ones.
    n_clusters = max(1, round(items / CLUSTER))
    rounds = -(-items // n_clusters)
    dealt = rng.permuted(np.tile(np.arange(n_clusters), (rounds, 1)), axis=1)
    cluster = dealt.reshape(-1)[:items]
    transitions = _transitions(popularity, cluster, rng)
    category = rng.choice(12, size=n_clusters, p=_category_shares()) + 1
    brand = rng.integers(10**8, 10**10, size=n_clusters)
    ends = np.cumsum(transitions.data)
    return Catalogue(
        item_ids,
        popularity,
        category[cluster],
        brand[cluster],
        np.concatenate([[0.0], ends])[transitions.indptr],
        ends,
        transitions.indices.astype(np.int32),
    )


def _popularity(items: int, clicks: int) -> np.ndarray:
    """Zipf-Mandelbrot shares by falling popularity, bent to the wanted Gini coefficient.

    With one exponent for every size, twenty items of a small catalogue would hold half of all
    clicks; a steeper law spreads the same inequality over more of its popular items. A little is
    shared evenly, so that rare items occur. The coefficient is that of the items which a log of
    this size can be expected to show.
    """
    exponent, even = 1.5 + 10_000 / items, 0.02
    quantile = (np.arange(items) + 0.5) / items
    clicks = max(clicks, items)  # of fewer clicks than items nothing can be told
    wanted = max(0.3, min(GINI, 1 - ITEMS_IN_PLAY / items))
    low, high = -12.0, 6.0
    for _ in range(60):
        middle = (low + high) / 2
        decay = np.log1p(quantile / np.exp(middle))
        law = np.exp(exponent * (decay[0] - decay))
        shares = (1 - even) * law / law.sum() + even / items
        low, high = (middle, high) if _gini_shown(shares * clicks) > wanted else (low, middle)
    return shares


def _gini_shown(expected: np.ndarray) -> float:
    """Gini coefficient over the items that occur, from falling expected (Poisson) clicks [n]."""
    occurs = -np.expm1(-expected)
    ends = np.cumsum(expected)
    # Area below the Lorenz curve of the falling shares, which lies above the diagonal.
    area = np.sum(occurs * (ends - expected / 2)) / (occurs.sum() * ends[-1])
    return 2 * float(area) - 1


def _transitions(
    popularity: np.ndarray, cluster: np.ndarray, rng: np.random.Generator
) -> sparse.csr_matrix:
    """Sparse [n, n] transition mass with no self-loops; rows and columns sum to the popularity.

    Each item prefers a few items of its cluster and fewer elsewhere, and they it; scaling rows
    and columns in turn (Sinkhorn and Knopp, 1967) then makes the wanted popularity stationary.
    """
    items = len(popularity)
    taste = np.sqrt(popularity)
    order = np.argsort(cluster, kind="stable")
    ends = np.cumsum(taste[order])
    bounds = np.searchsorted(cluster[order], [cluster, cluster + 1])
    before = np.concatenate([[0.0], ends])
    low, high = before[bounds[0]][:, None], before[bounds[1]][:, None]
    near = np.searchsorted(ends, low + rng.random((items, IN_CLUSTER)) * (high - low), "right")
    near = order[np.minimum(near, items - 1)]
    far = rng.choice(items, size=(items, ELSEWHERE), p=popularity)
    liked = np.concatenate([near, far], axis=1)
    weight = rng.permuted(
        np.tile(1.0 / np.arange(1, liked.shape[1] + 1), (items, 1))[:, :IN_CLUSTER], axis=1
    )
    weight = np.concatenate([weight, np.full((items, ELSEWHERE), 0.1)], axis=1)
    source = np.repeat(np.arange(items), liked.shape[1])
    forward = sparse.coo_matrix(
        ((weight * popularity[:, None]).reshape(-1), (source, liked.reshape(-1))), (items, items)
    )
    matrix = (forward + 0.3 * forward.T).tocsr()
    matrix.setdiag(0)
    matrix.eliminate_zeros()
    matrix.sort_indices()
    rows = np.repeat(np.arange(items), np.diff(matrix.indptr))
    data = matrix.data
    for _ in range(60):
        data = data * (popularity / _sums(matrix.indices, data, items))[matrix.indices]
        data = data * (popularity / _sums(rows, data, items))[rows]
    matrix.data = data
    return matrix


def _sums(index: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    return np.maximum(np.bincount(index, weights=values, minlength=size), 1e-300)


def _category_shares() -> np.ndarray:
    """Categories 1 to 12 in the official sample."""
    counts = np.array([421, 302, 313, 55, 110, 57, 123, 45, 25, 16, 16, 4], dtype=float)
    return counts / counts.sum()
