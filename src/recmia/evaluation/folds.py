"""Folds that never split what belongs together."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from recmia.errors import DataError
from recmia.seeds import generator


def group_folds(groups: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Random folds of nearly equal size in which no group straddles two folds.

    Groups go, largest first and in random order among equals, to the fold that holds least.

    Args:
        groups: [n] of any dtype, equal for rows that stay together (identical sessions, a
            near-miss with its original: see :func:`link_groups`).
        n_folds: at least 2.
        seed: root of the random order.

    Returns:
        int64 [n], fold of each row, 0 to ``n_folds`` - 1. Sizes differ by at most the largest
        group; with enough single rows, by at most one.

    Raises:
        DataError: fewer groups than folds.
    """
    _, group_of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if n_folds < 2 or len(sizes) < n_folds:
        raise DataError(
            f"{len(sizes)} groups cannot fill {n_folds} folds.",
            remedy="use at least two folds, and at least as many unrelated sessions as folds",
        )
    rng = generator(seed, "group_folds")
    fold_of_group = np.empty(len(sizes), dtype=np.int64)
    load = np.zeros(n_folds, dtype=np.int64)
    for size in np.unique(sizes)[::-1]:
        alike = rng.permutation(np.flatnonzero(sizes == size))
        # Handing out equal groups one by one takes the smallest of these loads, in order.
        steps = load[:, None] + size * np.arange(len(alike))
        order = np.argsort(steps, axis=None, kind="stable")[: len(alike)]
        chosen = order // len(alike)
        fold_of_group[alike] = chosen
        load += size * np.bincount(chosen, minlength=n_folds)
    return fold_of_group[group_of_row]


def link_groups(*keys: np.ndarray) -> np.ndarray:
    """Groups of rows that are tied, directly or through others, by any of several keys.

    With the hash of the session and the row id of its original as keys, identical sessions and
    a near-miss with its original end in one group.

    Args:
        *keys: arrays [n] of any dtype; rows with an equal value in one of them are tied.

    Returns:
        int64 [n], group of each row, 0 to (number of groups - 1).
    """
    n = len(keys[0])
    codes = [np.unique(key, return_inverse=True)[1] for key in keys]
    if any(len(code) != n for code in codes):
        raise DataError(f"Keys of different lengths: {[len(code) for code in codes]}.")
    # Rows and key values are the two sides of a graph; a group is a connected component of it.
    offsets = n + np.cumsum([0] + [code.max(initial=-1) + 1 for code in codes])
    values = np.concatenate([code + start for code, start in zip(codes, offsets[:-1], strict=True)])
    rows = np.tile(np.arange(n), len(keys))
    edges = coo_matrix((np.ones(len(rows), dtype=np.int8), (rows, values)), shape=[offsets[-1]] * 2)
    _, component = connected_components(edges, directed=False)
    return np.unique(component[:n], return_inverse=True)[1].astype(np.int64)
