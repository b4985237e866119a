"""From scores to lists: best first, equals by the smaller id."""

from __future__ import annotations

import numpy as np

from recmia.sessions import FIRST_ITEM, Sessions


def ranked_lists(
    rows: np.ndarray, items: np.ndarray, scores: np.ndarray, n: int, k: int
) -> np.ndarray:
    """The k best candidates of each row.

    Args:
        rows: int [m], from 0.
        items: int [m], ids from 3.
        scores: float [m], higher is better.
        n: number of rows.
        k: length of the lists.

    Returns:
        int64 [n, k], padded with 0 where a row has fewer candidates.
    """
    order = np.lexsort((items, -scores, rows))
    rows, items = rows[order], items[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, np.arange(n))[rows]
    kept = rank < k
    lists = np.zeros((n, k), dtype=np.int64)
    lists[rows[kept], rank[kept]] = items[kept]
    return lists


def top_lists(scores: np.ndarray, histories: Sessions, k: int, exclude_seen: bool) -> np.ndarray:
    """The k best items of each row.

    Args:
        scores: float [n, V]; overwritten, to spare a copy.
        histories: of the same n users.
        k: length of the lists.
        exclude_seen: leave out what the user has.

    Returns:
        int64 [n, k], padded with 0 where fewer items qualify.
    """
    scores[:, :FIRST_ITEM] = -np.inf
    if exclude_seen:
        rows, columns = np.nonzero(histories.clicks)
        scores[rows, histories.clicks[rows, columns]] = -np.inf
    width = min(k, scores.shape[1])
    # The k-th best score, so that only what can be in the list is sorted.
    least = np.partition(scores, scores.shape[1] - width, axis=1)[:, scores.shape[1] - width]
    rows, items = np.nonzero((scores >= least[:, None]) & (scores > -np.inf))
    return ranked_lists(rows, items, scores[rows, items], len(scores), k)
