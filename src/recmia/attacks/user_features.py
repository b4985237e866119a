"""Features of users made from item vectors: Zhang et al. (CCS 2021), section 3.5 and figure 10."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch.nn.functional import embedding_bag

from recmia.attacks.difference_vectors import PositionWeights, difference_vectors
from recmia.sessions import PADDING

Generator = Literal["Origin", "Concat10", "Concat20", "Concat100", "Hadamard", "Similarity"]
# First interactions and first recommendations that are put one after the other; None takes all.
CONCATENATED = {"Concat10": (10, 10), "Concat20": (20, 20), "Concat100": (20, None)}
CHUNK = 1 << 25  # numbers held at once


def user_features(
    generator: Generator,
    histories: np.ndarray,
    lists: np.ndarray,
    item_vectors: np.ndarray,
    position_weights: PositionWeights = "mean",
) -> np.ndarray:
    """One row of features a user.

    - Origin: the difference of the two centres (`difference_vectors`), width l.
    - Concat10, Concat20: vectors of the first 10 (20) interactions and as many recommendations.
    - Concat100: vectors of the first 20 interactions and of all k recommendations.
    - Hadamard: product over all interactions' vectors minus product over all recommendations',
      width l. Products of many numbers below one vanish; those that overflow are cut at e^80.
    - Similarity: for each recommendation the mean of its dot products with all interactions,
      width k.

    Missing interactions and recommendations count as zero vectors. Weights by position are a
    matter of Origin alone.

    Args:
        generator: name, as above.
        histories: int64 [n, L], padded on the right with 0.
        lists: int64 [n, k], best first, padded on the right with 0.
        item_vectors: float32 [V, l], zero in the row of padding.
        position_weights: weights of the recommendations.

    Returns:
        float32 [n, width].
    """
    if generator == "Origin":
        return difference_vectors(histories, lists, item_vectors, position_weights)
    if generator == "Hadamard":
        return (_product(histories, item_vectors) - _product(lists, item_vectors)).astype("f4")
    if generator == "Similarity":
        centres = difference_vectors(histories, np.zeros_like(lists), item_vectors)
        rows = max(1, CHUNK // (lists.shape[1] * item_vectors.shape[1]))
        parts = [
            np.einsum("nkl,nl->nk", item_vectors[lists[i : i + rows]], centres[i : i + rows])
            for i in range(0, len(lists), rows)
        ]
        return np.concatenate(parts).astype(np.float32)
    first_interactions, first_recommendations = CONCATENATED[generator]
    chosen = np.concatenate(
        [_first(histories, first_interactions), lists[:, :first_recommendations]], axis=1
    )
    return item_vectors[chosen].reshape(len(chosen), -1).astype(np.float32)


def _first(histories: np.ndarray, count: int) -> np.ndarray:
    """int64 [n, count]: the first interactions, padded where there are fewer."""
    short = max(0, count - histories.shape[1])
    return np.pad(histories[:, :count], ((0, 0), (0, short)), constant_values=PADDING)


def _product(ids: np.ndarray, item_vectors: np.ndarray) -> np.ndarray:
    """float64 [n, l]: product of the vectors of each row, through logarithms and signs."""
    vectors = torch.from_numpy(item_vectors.astype(np.float64))
    bags = torch.from_numpy(np.ascontiguousarray(ids))
    present = (bags != PADDING).double()
    # The logarithm of zero would turn padding's weight of zero into NaN; e^-745 is zero as well.
    logs = vectors.abs().log().clamp_min(-745.0)
    total = embedding_bag(bags, logs, mode="sum", per_sample_weights=present)
    negative = embedding_bag(bags, (vectors < 0).double(), mode="sum", per_sample_weights=present)
    return (torch.exp(total.clamp_max(80.0)) * (1 - 2 * (negative % 2))).numpy()
