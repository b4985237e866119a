"""Rating matrices: what is observed, the scale that ratings are given on, and the split."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recmia.errors import DataError
from recmia.seeds import generator


@dataclass(frozen=True)
class Scale:
    """The ratings that a user can give: multiples of a step; zero is no rating.

    Attributes:
        highest: largest rating, the paper's Λ.
        step: distance between ratings, and the lowest of them.
    """

    highest: float
    step: float

    def round(self, ratings: np.ndarray) -> np.ndarray:
        """Nearest rating that can be given (section 4.2); below half a step that is none."""
        return np.minimum(np.round(ratings / self.step) * self.step, self.highest)


VISITS = Scale(1.0, 1.0)
HALF_STARS = Scale(5.0, 0.5)


@dataclass(frozen=True)
class Ratings:
    """The rating matrix M and which of its entries count as observed (the paper's Ω).

    Attributes:
        matrix: CSR float64 [m, n] in canonical form; a stored entry is a rating above zero.
        scale: the ratings that can be given.
        zeros_observed: whether an entry that is not stored counts as an observed zero. Equation 2
            sums over observed entries; section 4.1 writes 0 where a venue was not visited.
    """

    matrix: sparse.csr_matrix
    scale: Scale
    zeros_observed: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of users and items, m and n."""
        return self.matrix.shape

    @property
    def transposed(self) -> Ratings:
        """The same ratings, items by users."""
        return replace(self, matrix=self.matrix.T.tocsr())

    def with_users(self, ratings: np.ndarray) -> Ratings:
        """The same ratings with more users below (equation 3): ``ratings`` is float [m', n]."""
        return replace(
            self, matrix=sparse.vstack([self.matrix, sparse.csr_matrix(ratings)], format="csr")
        )

    def of_users(self, users: np.ndarray) -> Ratings:
        """The rows of some users: positions or a mask [m]."""
        return replace(self, matrix=self.matrix[users])

    def raters(self, item: int) -> np.ndarray:
        """bool [m]: who rated the item at all."""
        return self.matrix[:, [item]].toarray()[:, 0] > 0

    def high_raters(self, items: np.ndarray) -> np.ndarray:
        """bool [m]: who gave any of the items the highest rating (the paper's U_X)."""
        return (self.matrix[:, items].toarray() >= self.scale.highest).any(axis=1)

    def mean_items(self) -> float:
        """Items that a user rated, on average."""
        return self.matrix.nnz / self.shape[0]


def make_ratings(
    users: np.ndarray,
    items: np.ndarray,
    values: np.ndarray,
    shape: tuple[int, int],
    scale: Scale,
    zeros_observed: bool = False,
) -> Ratings:
    """Ratings from triples.

    Args:
        users: int [N], from 0.
        items: int [N], from 0.
        values: float [N], above zero.
        shape: numbers of users and items.
        scale: the ratings that can be given.
        zeros_observed: see :class:`Ratings`.

    Raises:
        DataError: a value is not above zero, or a user rated an item twice.
    """
    if not (values > 0).all():
        raise DataError("a rating is not above zero: zero stands for no rating.")
    matrix = sparse.csr_matrix((values.astype(np.float64), (users, items)), shape=shape)
    if matrix.nnz != len(values):
        raise DataError("a user rated an item more than once.")
    matrix.sum_duplicates()
    return Ratings(matrix, scale, zeros_observed)


def split_ratings(ratings: Ratings, share: float, seed: int) -> tuple[Ratings, Ratings]:
    """Split each user's ratings at random into training and testing (section 4.1).

    Args:
        ratings: all ratings.
        share: part of each user's ratings for training, rounded to whole ratings.
        seed: root seed.

    Returns:
        Training and testing ratings, of the same shape.
    """
    matrix = ratings.matrix
    user = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    order = np.lexsort((generator(seed, "split").random(matrix.nnz), user))
    place = np.arange(matrix.nnz) - matrix.indptr[user]  # within the user, in the new order
    count = np.diff(matrix.indptr)[user]
    training = np.zeros(matrix.nnz, dtype=bool)
    training[order] = place < np.round(share * count)

    def part(chosen: np.ndarray) -> Ratings:
        triples = (matrix.data[chosen], (user[chosen], matrix.indices[chosen]))
        return replace(ratings, matrix=sparse.csr_matrix(triples, shape=matrix.shape))

    return part(training), part(~training)
