"""Difference vectors: where a history lies in item space, minus where its recommendations lie."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch.nn.functional import embedding_bag

from recmia.attacks.base import Observations
from recmia.errors import DataError
from recmia.sessions import PADDING

PositionWeights = Literal["mean", "linear"]


def difference_vectors(
    histories: np.ndarray,
    lists: np.ndarray,
    item_vectors: np.ndarray,
    position_weights: PositionWeights = "mean",
) -> np.ndarray:
    """z = mean vector of the interactions - (weighted) mean vector of the recommendations.

    Zhang et al. (CCS 2021), section 2.5, step 2; Wang et al. (KDD 2022), equation 2. With
    "linear" weights the recommendation at rank r of k weighs (k - r + 1) / (1 + ... + k) (CCS
    2021, section 3.4). A click that repeats counts each time. An empty history or list lies at
    the origin.

    Vectors are summed where they are read, so memory stays at n x l rather than n x k x l.

    Args:
        histories: int64 [n, L], padded with 0.
        lists: int64 [n, k], best first, padded on the right with 0.
        item_vectors: float32 [V, l].
        position_weights: "mean" or "linear".

    Returns:
        float32 [n, l].

    Raises:
        DataError: an id has no vector, or the weights are of another kind.
    """
    if position_weights not in ("mean", "linear"):
        raise DataError(f"Position weights are 'mean' or 'linear'; got '{position_weights}'.")
    for name, ids in (("histories", histories), ("lists", lists)):
        if ids.size and (ids.min() < 0 or ids.max() >= len(item_vectors)):
            raise DataError(
                f"Item ids must lie in 0..{len(item_vectors) - 1}, the rows of the item vectors; "
                f"found {ids.min()}..{ids.max()}.",
                column=name,
            )
    vectors = torch.from_numpy(np.ascontiguousarray(item_vectors, dtype=np.float32))
    weights = _list_weights(lists != PADDING, position_weights)
    centre = _weighted_sum(histories, _list_weights(histories != PADDING, "mean"), vectors)
    return (centre - _weighted_sum(lists, weights, vectors)).numpy()


def observed_difference_vectors(
    observations: Observations, item_vectors: np.ndarray, position_weights: PositionWeights
) -> np.ndarray:
    """float32 [n, l]: `difference_vectors` of observations.

    Raises:
        DataError: the observations hold no lists.
    """
    if observations.lists is None:
        raise DataError(
            "Attacks on difference vectors need recommendation lists.",
            column="lists",
            remedy="observe the recommender with its top-k lists.",
        )
    return difference_vectors(
        observations.histories, observations.lists, item_vectors, position_weights
    )


def _list_weights(present: np.ndarray, kind: PositionWeights) -> np.ndarray:
    """float32 [n, k]: weights that sum to one over the places that hold an item."""
    if kind == "mean":
        weights = present.astype(np.float32)
    else:
        rank = np.cumsum(present, axis=1, dtype=np.float32)
        weights = np.where(present, rank[:, -1:] - rank + 1, np.float32(0))
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1)


def _weighted_sum(ids: np.ndarray, weights: np.ndarray, vectors: torch.Tensor) -> torch.Tensor:
    ids, weights = torch.from_numpy(np.ascontiguousarray(ids)), torch.from_numpy(weights)
    return embedding_bag(ids, vectors, mode="sum", per_sample_weights=weights)
