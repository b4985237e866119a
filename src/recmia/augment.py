"""Augmentation by similar items: one random click of each session becomes a similar item.

Source: proposal, section 3, "Data Augmentation".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recmia.sessions import PADDING, Sessions


@dataclass(frozen=True)
class SimilarItems:
    """The nearest items of every item.

    Attributes:
        neighbours: int64 [V, k], most similar first, padded with 0 where an item has fewer.
        similarity: float32 [V, k], cosine in (0, 1], 0 where padded.
    """

    neighbours: np.ndarray
    similarity: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """int64 [V], neighbours that each item has."""
        return (self.neighbours != PADDING).sum(axis=1)


def similar_items(sessions: Sessions, vocabulary_size: int, k: int) -> SimilarItems:
    """Cosine similarity of the columns of the binary session-item matrix, k nearest each.

    Ties go to the smaller id, which is the more frequent item. An item is not its own neighbour.
    """
    rows, columns = np.nonzero(sessions.clicks)
    items = sessions.clicks[rows, columns]
    matrix = sparse.csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, items)),
        shape=(len(sessions), vocabulary_size),
    )
    matrix.data[:] = 1.0  # duplicates were summed; the matrix says whether, not how often
    norms = np.sqrt(np.asarray(matrix.sum(axis=0)).ravel())
    pairs = (matrix.T @ matrix).tocoo()
    off_diagonal = pairs.row != pairs.col
    item, other = pairs.row[off_diagonal], pairs.col[off_diagonal]
    cosine = pairs.data[off_diagonal] / (norms[item] * norms[other])
    order = np.lexsort((other, -cosine, item))
    item, other, cosine = item[order], other[order], cosine[order]
    starts = np.searchsorted(item, np.arange(vocabulary_size))
    rank = np.arange(len(item)) - starts[item]
    near = rank < k
    neighbours = np.full((vocabulary_size, k), PADDING, dtype=np.int64)
    similarity = np.zeros((vocabulary_size, k), dtype=np.float32)
    neighbours[item[near], rank[near]] = other[near]
    similarity[item[near], rank[near]] = cosine[near]
    return SimilarItems(neighbours, similarity)


@dataclass(frozen=True)
class Replaced:
    """Sessions with one click replaced.

    Attributes:
        sessions: the replaced sessions; ``row_ids`` are those of the originals.
        origin: int64 [m], position of each one's original in the input.
        position: int64 [m], the click that was replaced.
        first_draw_forbidden: share of first draws that were a forbidden (existing) session.
        dropped: sessions for which no admissible replacement was found.
    """

    sessions: Sessions
    origin: np.ndarray
    position: np.ndarray
    first_draw_forbidden: float
    dropped: int


def replace_one_item(
    sessions: Sessions,
    similar: SimilarItems,
    rng: np.random.Generator,
    *,
    forbidden: np.ndarray,
    attempts: int = 50,
) -> Replaced:
    """Replace one random click of each session by one of its item's nearest neighbours.

    Args:
        sessions: n sessions.
        similar: nearest items.
        rng: source of the random choices.
        forbidden: uint64 hashes of sessions that must not come out, such as the sessions that a
            model is trained on: a replacement that is a member is no non-member.
        attempts: draws for each session before it is dropped.

    Returns:
        Replaced sessions, all outside ``forbidden``; two of them may be identical, as two members
        may. A replacement never equals the click before or after it: cleaning removes consecutive
        repeats, so one would betray the edit.
    """
    counts = similar.counts
    n, width = sessions.clicks.shape
    result = sessions.clicks.copy()
    position = np.zeros(n, dtype=np.int64)
    replaceable = counts[sessions.clicks] > 0
    waiting = np.flatnonzero(replaceable.any(axis=1))
    done = np.zeros(n, dtype=bool)
    first_draw_forbidden = 0.0
    for attempt in range(attempts):
        if not len(waiting):
            break
        clicks = sessions.clicks[waiting].copy()
        rows = np.arange(len(waiting))
        # The largest of uniform draws over the replaceable clicks picks one of them uniformly.
        draws = np.where(replaceable[waiting], rng.random((len(waiting), width)), -1.0)
        at = draws.argmax(axis=1)
        old = clicks[rows, at]
        new = similar.neighbours[old, (rng.random(len(waiting)) * counts[old]).astype(np.int64)]
        before = np.where(at > 0, clicks[rows, np.maximum(at - 1, 0)], PADDING)
        after = np.where(at < width - 1, clicks[rows, np.minimum(at + 1, width - 1)], PADDING)
        clicks[rows, at] = new
        drawn = Sessions(clicks, sessions.lengths[waiting], sessions.row_ids[waiting]).hashes()
        exists = np.isin(drawn, forbidden)
        if attempt == 0:
            first_draw_forbidden = float(exists.mean())
        good = ~exists & (new != before) & (new != after)
        accepted = waiting[good]
        result[accepted], position[accepted] = clicks[good], at[good]
        done[accepted] = True
        waiting = waiting[~good]
    origin = np.flatnonzero(done)
    replaced = Sessions(result[origin], sessions.lengths[origin], sessions.row_ids[origin])
    return Replaced(replaced, origin, position[origin], first_draw_forbidden, int(n - len(origin)))
