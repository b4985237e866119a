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

    def __init__(self, ratings: Ratings, components: int, seed: int) -> None:
        """Learn from honest users.

        Args:
            ratings: the rating matrix before poisoning; a user's row is the feature vector.
            components: principal components kept; the paper keeps k.
            seed: of the PCA's random solver.
        """
        rows = ratings.matrix.toarray()
        self._pca = PCA(components, svd_solver="randomized", random_state=seed % 2**32).fit(rows)
        features = self._pca.transform(rows)
        self.gamma = widest_kernel(features)
        self._svm = OneClassSVM(kernel="rbf", gamma=self.gamma, nu=NU).fit(features)

    def flagged(self, ratings: np.ndarray) -> np.ndarray:
        """bool [m']: which rows of ratings float [m', n] are taken for malicious."""
        return self._svm.predict(self._pca.transform(ratings)) < 0


def widest_kernel(features: np.ndarray) -> float:
    """γ for which the entries of the RBF Gram matrix vary most (section 4.3, after [28])."""
    squares = np.sum(features**2, axis=1)
    distance = np.maximum(squares[:, None] + squares[None] - 2 * features @ features.T, 0.0)
    above = distance[np.triu_indices(len(features), 1)]
    return float(max(_GAMMAS, key=lambda gamma: np.var(np.exp(-gamma * above))))
