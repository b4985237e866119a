"""Difference vectors: where a history lies in item space, minus where its recommendations lie."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch.nn.functional import embedding_bag

from recmia.attacks.base import Attack, Observations, check_membership, lists_of
from recmia.errors import DataError
from recmia.sessions import PADDING

PositionWeights = Literal["mean", "linear"]
_RUN = 2_000_000  # items read at a time


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
    return difference_vectors_flat(
        *_flat(histories), *_flat(lists), item_vectors, position_weights=position_weights
    )


def difference_vectors_flat(
    history_items: np.ndarray,
    history_offsets: np.ndarray,
    list_items: np.ndarray,
    list_offsets: np.ndarray,
    item_vectors: np.ndarray,
    *,
    position_weights: PositionWeights = "mean",
    progress: Callable[[int], None] = lambda units: None,
) -> np.ndarray:
    """`difference_vectors` of histories and lists one after the other, without padding.

    Units are taken in runs of about two million items, so that memory beside the result stays
    below 100 MB however many units there are. Equal to the padded form, bit for bit.

    Args:
        history_items: integer [m], rows of ``item_vectors``: the histories one after the other.
        history_offsets: int64 [n + 1], where each history begins, and m.
        list_items: integer [r], the lists one after the other, best first.
        list_offsets: int64 [n + 1], where each list begins, and r.
        item_vectors: float32 [V, l].
        position_weights: "mean" or "linear".
        progress: called with the number of units done.

    Returns:
        float32 [n, l].
    """
    vectors = torch.from_numpy(np.ascontiguousarray(item_vectors, dtype=np.float32))
    n = len(history_offsets) - 1
    result = np.empty((n, vectors.shape[1]), dtype=np.float32)
    before = history_offsets + list_offsets  # items in front of each unit, of both kinds
    start = 0
    while start < n:
        end = int(np.searchsorted(before, before[start] + _RUN, side="right")) - 1
        units = slice(start, min(max(end, start + 1), n))
        centre = _weighted_sum(history_items, history_offsets, units, "mean", vectors)
        lists = _weighted_sum(list_items, list_offsets, units, position_weights, vectors)
        result[units] = (centre - lists).numpy()
        progress(units.stop - units.start)
        start = units.stop
    return result


class VectorAttack(Attack):
    """An attack that sees of a unit its difference vector and nothing else.

    It may be several models, trained side by side, that differ by their seeds: its score is then
    their mean.

    Attributes:
        item_vectors: float32 [V, l]; None where vectors are made elsewhere.
        position_weights: weights of the recommendations, "mean" or "linear".
    """

    item_vectors: np.ndarray | None
    position_weights: PositionWeights

    def fit(
        self,
        shadow: Observations,
        membership: np.ndarray,
        target: Observations | None = None,
    ) -> VectorAttack:
        """Learn from the shadow's lists; see `Attack.fit`."""
        membership = check_membership(membership, len(shadow))
        unlabelled = None if target is None else self._vectors(target)
        return self.fit_vectors(self._vectors(shadow), membership, unlabelled)

    def score(self, observations: Observations) -> np.ndarray:
        """float64 [n], the mean of the models' scores."""
        return self.score_each(self._vectors(observations)).mean(axis=0)

    @abstractmethod
    def fit_vectors(
        self, shadow: np.ndarray, membership: np.ndarray, target: np.ndarray | None = None
    ) -> VectorAttack:
        """Learn from difference vectors made elsewhere.

        Args:
            shadow: float32 [n, l].
            membership: bool [n], of the shadow's units.
            target: float32 [n', l], unlabelled.
        """

    @abstractmethod
    def score_each(self, vectors: np.ndarray) -> np.ndarray:
        """float64 [models, n]: each model's scores of difference vectors float32 [n, l]."""

    def _vectors(self, observations: Observations) -> np.ndarray:
        lists = lists_of(observations, "An attack on difference vectors")
        return difference_vectors(
            observations.histories, lists, self.item_vectors, self.position_weights
        )


def _flat(padded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Items [m] and offsets [n + 1] of rows padded with 0."""
    present = padded != PADDING
    return padded[present], np.concatenate([[0], np.cumsum(present.sum(axis=1))])


def _weighted_sum(
    items: np.ndarray,
    offsets: np.ndarray,
    units: slice,
    position_weights: PositionWeights,
    vectors: torch.Tensor,
) -> torch.Tensor:
    """[units, l]: vectors of each unit's items, with weights that sum to one."""
    ends = offsets[units.start : units.stop + 1].astype(np.int64)
    ids = torch.from_numpy(items[ends[0] : ends[-1]].astype(np.int64))
    ends -= ends[0]
    lengths = np.diff(ends)
    if position_weights == "mean":
        weights = np.repeat(np.float32(1) / np.maximum(lengths, 1).astype(np.float32), lengths)
    else:
        length = np.repeat(lengths, lengths)
        place = np.arange(len(ids)) - np.repeat(ends[:-1], lengths)
        weights = (length - place).astype(np.float32)
        weights /= (length * (length + 1) // 2).astype(np.float32)
    return embedding_bag(
        ids,
        vectors,
        torch.from_numpy(ends[:-1]),
        mode="sum",
        per_sample_weights=torch.from_numpy(weights),
    )
