"""t-SNE pictures of high-dimensional features, the same every time."""

from __future__ import annotations

import numpy as np
from sklearn.manifold import TSNE
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from recmia.errors import DataError
from recmia.seeds import child_seed


def tsne_embedding(features: np.ndarray, *, perplexity: float, seed: int) -> np.ndarray:
    """t-SNE (van der Maaten and Hinton 2008) of standardised features, started from their PCA.

    Runs on one thread: sums that threads finish in another order change the picture.

    Args:
        features: float [n, F].
        perplexity: effective number of neighbours, below n.
        seed: root of the randomised PCA.

    Returns:
        float32 [n, 2].

    Raises:
        DataError: values that are not finite, or no more rows than the perplexity.
    """
    features = np.asarray(features, dtype=np.float64)
    if not np.isfinite(features).all():
        raise DataError("t-SNE needs finite features; some are NaN or infinite.")
    if len(features) <= perplexity:
        raise DataError(
            f"t-SNE with perplexity {perplexity:g} needs more than {len(features)} rows.",
            remedy="lower figures.perplexity or raise figures.tsne_sessions",
        )
    random_state = child_seed(seed, "tsne") % 2**32
    embedding = TSNE(2, perplexity=perplexity, init="pca", random_state=random_state)
    with threadpool_limits(1):
        return embedding.fit_transform(StandardScaler().fit_transform(features)).astype(np.float32)
