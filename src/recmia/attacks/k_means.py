"""K-Means in the place of the learned attack: Zhang et al. (CCS 2021), tables 6 and 7."""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans

from recmia.seeds import child_seed

THRESHOLD = 0.0


def k_means_scores(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Two clusters of the target's difference vectors; no shadow, no labels.

    The paper does not say which cluster is the members'. It says that a smaller difference between
    interactions and recommendations makes a member likelier (section 1.1), so the cluster whose
    centre lies nearer to the origin is taken. Hard labels at `THRESHOLD` are the clusters.

    Args:
        vectors: float32 [n, l], difference vectors.
        seed: root seed of the ten starts.

    Returns:
        float64 [n]: distance to the other centre minus distance to the members' centre.
    """
    random_state = child_seed(seed, "k_means") % 2**32
    model = KMeans(n_clusters=2, n_init=10, random_state=random_state).fit(vectors)
    inner = int(np.linalg.norm(model.cluster_centers_, axis=1).argmin())
    distances = model.transform(vectors).astype(np.float64)
    return distances[:, 1 - inner] - distances[:, inner]
