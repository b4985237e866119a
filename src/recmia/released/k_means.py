"""K-Means with the fault of the released code (``cluster_attack_model.py`` of Zhang et al.)."""

from __future__ import annotations

import numba
import numpy as np

from recmia.seeds import generator

MOST_ROUNDS = 300


def clusters(vectors: np.ndarray, seed: int) -> np.ndarray:
    """bool [n]: who is called a member.

    The division of a centre stands inside the loop over users: for each user of the cluster
    t <- (t + z) / count, and t / count again for every other user, so that centres collapse to
    almost nothing. The cluster of the second starting user is called the members', without a
    reason. Rounds end when no label changes.

    Args:
        vectors: float32 [n, l], difference vectors of the target.
        seed: of the two starting users.
    """
    start = generator(seed, "released", "k-means").choice(len(vectors), 2, replace=False)
    centres, labels = vectors[start].astype(np.float64), None
    for _ in range(MOST_ROUNDS):
        gaps = [((vectors - centre) ** 2).sum(axis=1) for centre in centres]
        found = gaps[1] < gaps[0]
        if labels is not None and np.array_equal(found, labels):
            break
        labels = found
        centres = _centres(vectors.astype(np.float64), labels)
    return labels


@numba.njit
def _centres(vectors, labels):
    counts = np.array([(~labels).sum(), labels.sum()])
    totals = np.zeros((2, vectors.shape[1]))
    for i in range(len(vectors)):
        own = 1 if labels[i] else 0
        totals[own] += vectors[i]
        for which in range(2):
            if counts[which]:
                totals[which] /= counts[which]
    return totals
