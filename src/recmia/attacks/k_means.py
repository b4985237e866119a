"""K-Means in the place of the learned attack: Zhang et al. (CCS 2021), tables 6 and 7."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans

from recmia.attacks.difference_vectors import PositionWeights, VectorAttack
from recmia.seeds import child_seed


class KMeansAttack(VectorAttack):
    """Two clusters of the difference vectors that are scored; no shadow, no labels.

    The paper does not say which cluster is the members'. It says that a smaller difference between
    interactions and recommendations makes a member likelier (section 1.1), so the cluster whose
    centre lies nearer to the origin is taken. Hard labels at the threshold are the clusters.

    Args:
        item_vectors: float32 [V, l], of the data set under attack.
        position_weights: weights of the recommendations, "mean" or "linear".
        seed: root seed of the ten starts.
    """

    name = "k-means"
    source = "M. Zhang et al., Membership Inference Attacks Against Recommender Systems, CCS 2021"
    threshold = 0.0

    def __init__(
        self,
        *,
        item_vectors: np.ndarray | None = None,
        position_weights: PositionWeights = "mean",
        seed: int,
    ) -> None:
        self.item_vectors, self.position_weights, self.seed = item_vectors, position_weights, seed

    def fit_vectors(
        self, shadow: np.ndarray, membership: np.ndarray, target: np.ndarray | None = None
    ) -> KMeansAttack:
        """Learn nothing."""
        return self

    def score_each(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [1, n]: distance to the other centre minus distance to the members' centre."""
        random_state = child_seed(self.seed, "k_means") % 2**32
        model = KMeans(n_clusters=2, n_init=10, random_state=random_state).fit(vectors)
        inner = int(np.linalg.norm(model.cluster_centers_, axis=1).argmin())
        distances = model.transform(vectors).astype(np.float64)
        return (distances[:, 1 - inner] - distances[:, inner])[None]
