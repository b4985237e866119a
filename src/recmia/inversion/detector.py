"""The recommender's detector of malicious users: PCA and a one-class SVM (section 4.3)."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.svm import OneClassSVM

from recmia.inversion.ratings import Ratings

# The mass of a Gaussian beyond three standard deviations, rounded as in section 4.3.
NU = 0.003
_GAMMAS = np.geomspace(1e-4, 10, 26)


class Detector:
    """Tells users who rate unlike the users that it was trained on."""

    def __init__(
        self,
        ratings: Ratings,
        components: int | None,
        seed: int,
        *,
        gamma: float | None = None,
        others: np.ndarray | None = None,
        standardised: bool = False,
    ) -> None:
        """Learn from honest users.

        Args:
            ratings: the rating matrix before poisoning; a user's row is the feature vector.
            components: principal components kept; the paper keeps k. None for the ratings as
                they are.
            seed: of the PCA's random solver.
            gamma: γ of the kernel; None for that by which the Gram matrix varies most.
            others: float [any, n], users that the PCA sees too, but not the SVM.
            standardised: whether every item is brought to one variance before the PCA.
        """
        rows = ratings.matrix.toarray()
        spread = rows.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1.0) if standardised else np.ones(len(spread))
        self._pca = None
        if components is not None:
            seen = rows if others is None else np.vstack([rows, others])
            self._pca = PCA(components, svd_solver="randomized", random_state=seed % 2**32)
            self._pca.fit(seen / self._spread)
        features = self._features(rows)
        self.gamma = widest_kernel(features) if gamma is None else gamma
        self._svm = OneClassSVM(kernel="rbf", gamma=self.gamma, nu=NU).fit(features)

    def _features(self, rows: np.ndarray) -> np.ndarray:
        scaled = rows / self._spread
        return scaled if self._pca is None else self._pca.transform(scaled)

    def flagged(self, ratings: np.ndarray) -> np.ndarray:
        """bool [m']: which rows of ratings float [m', n] are taken for malicious."""
        return self._svm.predict(self._features(ratings)) < 0


class UnusualCount:
    """Tells users who rated fewer or more items than any honest user: a rule without a model."""

    def __init__(self, ratings: Ratings) -> None:
        """Learn from honest users."""
        counts = np.diff(ratings.matrix.indptr)
        self.fewest, self.most = int(counts.min()), int(counts.max())

    def flagged(self, ratings: np.ndarray) -> np.ndarray:
        """bool [m']: which rows of ratings float [m', n] are taken for malicious."""
        counts = (ratings > 0).sum(axis=1)
        return (counts < self.fewest) | (counts > self.most)


def widest_kernel(features: np.ndarray) -> float:
    """γ for which the entries of the RBF Gram matrix vary most (section 4.3, after [28])."""
    squares = np.sum(features**2, axis=1)
    distance = np.maximum(squares[:, None] + squares[None] - 2 * features @ features.T, 0.0)
    above = distance[np.triu_indices(len(features), 1)]
    return float(max(_GAMMAS, key=lambda gamma: np.var(np.exp(-gamma * above))))
