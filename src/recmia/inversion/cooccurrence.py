"""A guess without poisoning: who rated what goes with the sensitive items."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recmia.inversion.ratings import Ratings


def cooccurrence_scores(ratings: Ratings, sensitive: np.ndarray) -> np.ndarray:
    """How well the rest of each user's ratings goes with the sensitive items.

    The mean, over the items that a user rated and that are not sensitive, of the cosine between
    the item's raters and those of each sensitive item: what "people who rated this also rated"
    lists give away to somebody who knows the rest of a user's ratings.

    Args:
        ratings: the rating matrix.
        sensitive: int64, sensitive items.

    Returns:
        float64 [m], 0 for users without other ratings.
    """
    rated = (ratings.matrix > 0).astype(np.float64)
    count = np.asarray(rated.sum(axis=0))[0]
    together = (rated.T @ rated[:, sensitive]).toarray()
    norms = np.sqrt(np.maximum(count[:, None] * count[sensitive], 1.0))
    likeness = (together / norms).mean(axis=1)
    likeness[sensitive] = 0.0
    others = sparse.csr_matrix(np.ones((1, len(count))))
    others[0, sensitive] = 0.0
    rest = np.asarray((rated @ others.T).todense())[:, 0]
    return rated @ likeness / np.maximum(rest, 1.0)


def highest(scores: np.ndarray, size: int) -> np.ndarray:
    """bool [m]: the ``size`` users with the highest scores; of equals the first."""
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[np.argsort(-scores, kind="stable")[:size]] = True
    return chosen
