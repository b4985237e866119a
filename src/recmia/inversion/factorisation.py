"""Alternating least squares on explicit ratings (equations 2 to 4), all rows of a side at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recmia.inversion.ratings import Ratings
from recmia.seeds import generator


@dataclass(frozen=True)
class Model:
    """The paper's Θ.

    Attributes:
        users: float64 [m, k], the user profile U.
        items: float64 [n, k], the item profile V, transposed.
    """

    users: np.ndarray
    items: np.ndarray


@dataclass(frozen=True)
class Fit:
    """A factorisation with the objective after every sweep (U, then V), which never rises."""

    model: Model
    objective: list[float]


def normal_matrices(ratings: Ratings, factors: np.ndarray, regularisation: float) -> np.ndarray:
    """Left side of equation 13 for every row: λI + Σ f fᵀ over the row's observed entries.

    Args:
        ratings: rows to solve for.
        factors: float64 [columns, k].
        regularisation: λ.

    Returns:
        float64 [rows, k, k], or [1, k, k] where zeros are observed and all rows share one matrix.
    """
    k = factors.shape[1]
    if ratings.zeros_observed:
        return (factors.T @ factors + regularisation * np.eye(k))[None]
    # The sum over a row's entries is a sparse product with the upper triangles of f fᵀ.
    upper = np.triu_indices(k)
    triangles = _pattern(ratings.matrix) @ (factors[:, upper[0]] * factors[:, upper[1]])
    matrices = np.empty((ratings.shape[0], k, k))
    matrices[:, upper[0], upper[1]] = triangles
    matrices[:, upper[1], upper[0]] = triangles
    matrices[:, np.arange(k), np.arange(k)] += regularisation
    return matrices


def solve_rows(ratings: Ratings, factors: np.ndarray, regularisation: float) -> np.ndarray:
    """Best profile of every row while the other side is fixed (equation 13): float64 [rows, k]."""
    matrices = normal_matrices(ratings, factors, regularisation)
    right = ratings.matrix @ factors
    if len(matrices) == 1:
        return np.linalg.solve(matrices[0], right.T).T
    return np.linalg.solve(matrices, right[..., None])[..., 0]


def objective(ratings: Ratings, model: Model, regularisation: float) -> float:
    """Equation 2: squared error over the observed entries plus λ·‖Θ‖²."""
    observed, predicted = ratings.matrix.data, predictions(ratings.matrix, model)
    if ratings.zeros_observed:
        # ‖UV‖² without the m x n matrix: the trace of the product of the two Gram matrices.
        all_squares = np.sum((model.users.T @ model.users) * (model.items.T @ model.items))
        error = all_squares + np.sum(observed * (observed - 2 * predicted))
    else:
        error = np.sum((observed - predicted) ** 2)
    return float(error + regularisation * (np.sum(model.users**2) + np.sum(model.items**2)))


def predictions(matrix: sparse.csr_matrix, model: Model) -> np.ndarray:
    """float64 [entries]: predicted ratings where ``matrix`` stores one, in its order."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return np.einsum("ij,ij->i", model.users[rows], model.items[matrix.indices])


def initial_items(n: int, factors: int, seed: int) -> np.ndarray:
    """float64 [n, k]: item profile drawn uniformly from [0, 1), where a training starts."""
    return generator(seed, "initial item profile").random((n, factors))


def factorise(
    ratings: Ratings,
    start: np.ndarray,
    *,
    regularisation: float,
    sweeps: int,
    tolerance: float,
) -> Fit:
    """Alternating least squares from an item profile.

    Args:
        ratings: what to factorise.
        start: float64 [n, k], item profile to start from.
        regularisation: λ of equation 2.
        sweeps: most sweeps; in one, U is solved, then V.
        tolerance: stop once a sweep lowers the objective by less than this share of it.
    """
    columns, items, history = ratings.transposed, start, []
    for _ in range(sweeps):
        users = solve_rows(ratings, items, regularisation)
        items = solve_rows(columns, users, regularisation)
        history.append(objective(ratings, Model(users, items), regularisation))
        if len(history) > 1 and history[-2] - history[-1] <= tolerance * history[-2]:
            break
    return Fit(Model(users, items), history)


def _pattern(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    ones = np.ones(matrix.nnz)
    return sparse.csr_matrix((ones, matrix.indices, matrix.indptr), shape=matrix.shape)
