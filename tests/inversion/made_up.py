"""Small rating matrices that the tests share."""

from __future__ import annotations

import numpy as np

from recmia.inversion.ratings import Ratings, Scale, make_ratings


def from_dense(dense: np.ndarray, scale: Scale, zeros_observed: bool = False) -> Ratings:
    """Ratings with an entry wherever ``dense`` is above zero."""
    users, items = dense.nonzero()
    return make_ratings(users, items, dense[users, items], dense.shape, scale, zeros_observed)


def tastes(users: int, items: int, groups: int, rated: int, seed: int) -> np.ndarray:
    """float64 [users, items] of 0 and 1: each user visits items of her group, and a few others."""
    rng = np.random.default_rng(seed)
    own = np.arange(users)[:, None] % groups == np.arange(items)[None] % groups
    order = rng.random((users, items)) / np.where(own, 8.0, 1.0)
    return (order <= np.partition(order, rated - 1, axis=1)[:, rated - 1 : rated]).astype(float)
