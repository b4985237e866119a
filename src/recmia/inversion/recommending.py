"""Top-l lists from a factorisation, how good they are, and the rule that sets k, λ and l."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recmia.errors import DataError
from recmia.inversion.factorisation import Model, predictions
from recmia.inversion.ratings import Ratings

_CELLS = 1 << 22  # predicted ratings held at once: 32 MB


def top_items(model: Model, ratings: Ratings, length: int) -> np.ndarray:
    """The l items of each user with the highest predictions among those not rated (section 2.1).

    Args:
        model: users [m, k] and items [n, k].
        ratings: the users' ratings; what they rated is left out of their lists.
        length: l.

    Returns:
        int64 [m, l], best first.

    Raises:
        DataError: a user has fewer than l items left.
    """
    m, n = ratings.shape
    fewest = n - int(np.diff(ratings.matrix.indptr).max(initial=0))
    if fewest < length:
        raise DataError(
            f"a user has {fewest} items left to recommend, fewer than the list's {length}.",
            remedy=f"Ask for lists of at most {fewest} items.",
        )
    lists = np.empty((m, length), dtype=np.int64)
    block = max(1, _CELLS // n)
    for start in range(0, m, block):
        rows = slice(start, start + block)
        scores = model.users[rows] @ model.items.T
        scores[ratings.matrix[rows].nonzero()] = -np.inf
        best = np.argpartition(-scores, length - 1, axis=1)[:, :length]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        lists[rows] = np.take_along_axis(best, order, axis=1)
    return lists


@dataclass(frozen=True)
class Quality:
    """How good a recommender is on testing ratings (appendix B).

    Attributes:
        rmse: root of the mean squared error over the testing ratings.
        rmse_printed: equation 17 as printed: root of the sum, divided by the number of ratings.
        rmse_all: root of the mean squared error over every entry outside training, where an item
            that is not in testing counts as 0.
        precision: RSPre@l, equation 18.
        recall: RSRecl@l, equation 19, over users with testing ratings.
    """

    rmse: float
    rmse_printed: float
    rmse_all: float
    precision: float
    recall: float


def measure_quality(model: Model, training: Ratings, testing: Ratings, length: int) -> Quality:
    """Compare a model with testing ratings; see :class:`Quality`."""
    errors = predictions(testing.matrix, model) - testing.matrix.data
    lists = top_items(model, training, length)
    user = np.repeat(np.arange(len(lists)), length)
    found = np.asarray(testing.matrix[user, lists.ravel()]).reshape(lists.shape) > 0
    hits, wanted = found.sum(axis=1), np.diff(testing.matrix.indptr)
    known = wanted > 0
    return Quality(
        rmse=float(np.sqrt(np.mean(errors**2))),
        rmse_printed=float(np.sqrt(np.sum(errors**2)) / len(errors)),
        rmse_all=_rmse_all(model, training, errors, testing),
        precision=float(hits.mean() / length),
        recall=float((hits[known] / wanted[known]).mean()),
    )


def _rmse_all(model: Model, training: Ratings, errors: np.ndarray, testing: Ratings) -> float:
    # Squared predictions of all entries by the Gram matrices, less those of the stored ones.
    squares = np.sum((model.users.T @ model.users) * (model.items.T @ model.items))
    squares -= np.sum(predictions(training.matrix, model) ** 2)
    squares -= np.sum(predictions(testing.matrix, model) ** 2)
    m, n = training.shape
    return float(np.sqrt((squares + np.sum(errors**2)) / (m * n - training.matrix.nnz)))


def choose_length(qualities: dict[int, Quality]) -> int:
    """The l for which RSPre@l and RSRecl@l are closest, as a ratio (section 4.1)."""
    return min(
        qualities,
        key=lambda length: abs(
            np.log((qualities[length].precision + 1e-12) / (qualities[length].recall + 1e-12))
        ),
    )


def choose_model(rmse: dict[tuple[int, float], Sequence[float]]) -> tuple[int, float]:
    """The (k, λ) with the lowest mean RMSE over trainings (section 4.1)."""
    return min(rmse, key=lambda pair: float(np.mean(rmse[pair])))
