"""The guess from co-occurrence without what each user's own ratings add to it."""

from __future__ import annotations

import numpy as np

from recmia.inversion.cooccurrence import cooccurrence_scores
from recmia.inversion.ratings import Ratings


def scores_from_others(ratings: Ratings, item: int) -> np.ndarray:
    """Co-occurrence scores with one sensitive item, each user's from everybody else's ratings.

    Whoever rated the item adds one to its count with each of her other items: where few rated
    those, that one gives her away by itself.

    Args:
        ratings: the rating matrix.
        item: the sensitive item.

    Returns:
        float64 [m].
    """
    rated = (ratings.matrix > 0).astype(np.float64)
    count = np.asarray(rated.sum(axis=0))[0]
    added = 1 / np.sqrt(np.maximum(count * count[item], 1.0))
    added[item] = 0.0
    own = ratings.raters(item)
    rest = np.asarray(rated.sum(axis=1))[:, 0] - own
    scores = cooccurrence_scores(ratings, np.array([item]))
    return scores - own * (rated @ added) / np.maximum(rest, 1.0)
