"""What the sequential recommenders share: last items, batches of like length, chance, and lists."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from recmia.errors import DataError
from recmia.recommenders.base import Recommender
from recmia.recommenders.lists import top_lists
from recmia.seeds import child_seed
from recmia.sessions import FIRST_ITEM, PADDING, Sessions

# Sequences are sorted by length within this many batches: little padding, yet their make-up
# changes from epoch to epoch.
BATCHES_SORTED_TOGETHER = 64
# Sequences whose scores of the whole catalogue are held at once: 40 MB at 20,000 items.
SCORED_TOGETHER = 512


def check_filled(sessions: Sessions) -> None:
    """Check that every history has an item.

    Raises:
        DataError: one is empty.
    """
    if len(sessions) and sessions.lengths.min() == 0:
        raise DataError(
            f"the history of row {sessions.row_ids[sessions.lengths.argmin()]} is empty",
            column="lengths",
            remedy="give those users a popularity list.",
        )


def check_items(sessions: Sessions, vocabulary_size: int) -> None:
    """Check that every click is an item of the vocabulary.

    Raises:
        DataError: an id lies outside the vocabulary.
    """
    clicks = sessions.clicks[sessions.clicks != PADDING]
    if len(clicks) and (clicks.min() < FIRST_ITEM or clicks.max() >= vocabulary_size):
        raise DataError(
            f"item ids must lie in {FIRST_ITEM}..{vocabulary_size - 1}; "
            f"found {clicks.min()}..{clicks.max()}",
            column="clicks",
            remedy="give the recommender the vocabulary size of the whole data set.",
        )


def check_sequences(sessions: Sessions, vocabulary_size: int) -> None:
    """Check that every sequence holds items of the vocabulary, and at least one.

    Raises:
        DataError: an id lies outside the vocabulary, or a sequence is empty.
    """
    check_filled(sessions)
    check_items(sessions, vocabulary_size)


def last_items(sessions: Sessions, width: int) -> np.ndarray:
    """int64 [n, width]: the last items of each sequence, shorter ones padded on the left with 0."""
    places = sessions.lengths[:, None] - width + np.arange(width)
    items = np.take_along_axis(sessions.clicks, np.maximum(places, 0), axis=1)
    return np.where(places >= 0, items, PADDING)


def length_batches(
    lengths: np.ndarray, batch_size: int, draw: np.random.Generator
) -> list[np.ndarray]:
    """Places of sequences, in batches of nearly one length and in random order.

    Args:
        lengths: int64 [n].
        batch_size: sequences of a batch; the last one of a pool of sorted batches may be smaller.
        draw: source of the order.
    """
    order = draw.permutation(len(lengths))
    pool = batch_size * BATCHES_SORTED_TOGETHER
    batches = []
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches += [part[i : i + batch_size] for i in range(0, len(part), batch_size)]
    return [batches[i] for i in draw.permutation(len(batches))]


@contextmanager
def own_chance(device: torch.device, seed: int, *names: str) -> Iterator[None]:
    """Let PyTorch's layers and dropout draw from the named child of ``seed`` inside the block.

    They know no other generator than the global one, which is afterwards as it was.
    """
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(child_seed(seed, *names))
        yield


def drop(x: torch.Tensor, share: float) -> torch.Tensor:
    """``x`` with a random share of its entries 0 and the others scaled up.

    The same as PyTorch's dropout, whose random bits cost three times as much on a CPU.
    """
    if share == 0:
        return x
    return x * ((torch.rand_like(x) >= share) / (1 - share))


def ranked_by(
    score: Callable[[Sessions], torch.Tensor],
    sessions: Sessions,
    k: int,
    vocabulary_size: int,
    exclude_seen: bool,
) -> np.ndarray:
    """Lists by scores of the whole catalogue, computed for sequences of like length together.

    Args:
        score: float32 [b, V] of b sequences, whose clicks are cut to the longest of them.
        sessions: the histories, in any order.
        k: length of the lists.
        vocabulary_size: V.
        exclude_seen: leave out the items of each history.

    Returns:
        int64 [n, k], best first, equals by the smaller id, padded with 0 where fewer qualify.

    Raises:
        DataError: an id lies outside the vocabulary, or a history is empty.
    """
    check_sequences(sessions, vocabulary_size)
    lists = np.zeros((len(sessions), k), dtype=np.int64)
    order = np.argsort(sessions.lengths, kind="stable")
    for start in range(0, len(order), SCORED_TOGETHER):
        rows = order[start : start + SCORED_TOGETHER]
        part = sessions[rows]
        part = Sessions(part.clicks[:, : part.lengths.max()], part.lengths, part.row_ids)
        with torch.inference_mode():
            scores = score(part).float().cpu().numpy()
        lists[rows] = top_lists(scores, part, k, exclude_seen)
    return lists


class RankedByHistory(Recommender):
    """A recommender whose scores follow from the history alone, so that it knows no users."""

    vocabulary_size: int

    @abstractmethod
    def _scores(self, sessions: Sessions) -> torch.Tensor:
        """float32 [b, V] of b sequences."""

    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        """Items that follow each history, of anybody; see `Recommender.recommend`.

        Raises:
            DataError: an id is out of range, or a history is empty.
        """
        return ranked_by(self._scores, sessions, k, self.vocabulary_size, exclude_seen)
