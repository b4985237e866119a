"""What a defended interface shows of a session, from log-probabilities and places of its clicks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recmia.papers.frontier import names
from recmia.papers.frontier.observing import views_of
from recmia.sessions import Sessions


@dataclass(frozen=True)
class Shown:
    """What is seen of a model.

    Attributes:
        title: of the defence; "" where it shows its scores as they are.
        top_k: length of the lists, where they are all that is seen.
        decimals: that probabilities are rounded to, where they are.
        randomised: whether the lists are random ones of popular items.
    """

    title: str = ""
    top_k: int | None = None
    decimals: int | None = None
    randomised: bool = False

    @property
    def serving(self) -> str:
        """In words of the result column."""
        if self.top_k is None:
            return names.SCORES
        return names.interface(names.TOP_K, self.top_k)


def seen_of(
    low: np.ndarray, place: np.ndarray, lengths: np.ndarray, shown: Shown
) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihood and signal of each session, float64 [n], see `views_of`.

    Args:
        low: float [n, L], of `recmia.papers.frontier.observing.click_scores`.
        place: int64 [n, L], of the same.
        lengths: int64 [n].
        shown: the interface.
    """
    if shown.decimals is not None:
        low = rounded(low, shown.decimals)
    no_weights = np.ones(len(low))
    view = names.SCORES if shown.top_k is None else names.TOP_K
    return views_of(low, place, lengths, no_weights, shown.top_k or 1)[view]


def rounded(low: np.ndarray, decimals: int) -> np.ndarray:
    """Log-probabilities as they are read off rounded probabilities.

    One that is shown as 0 or 1 lies within half a step of it, and is taken to lie in the middle of
    what is left, a quarter of a step away.

    Args:
        low: float, natural logarithms; NaN stays.
        decimals: of the probabilities.
    """
    quarter = 10.0**-decimals / 4
    return np.log(np.clip(np.round(np.exp(low), decimals), quarter, 1 - quarter))


def gain(ranks: np.ndarray, k: int) -> np.ndarray:
    """NDCG@20 of lists that are cut after k places, float64 [n].

    Args:
        ranks: int [n], places of the last click on lists of 20; 0 where it is not there.
        k: places that are shown.
    """
    return np.where((ranks > 0) & (ranks <= k), 1 / np.log2(1 + np.maximum(ranks, 1)), 0.0)


def places_on(lists: np.ndarray, clicks: np.ndarray) -> np.ndarray:
    """Place of each click on its list, from 1, or one beyond the list's length: int64 [n].

    Args:
        lists: int64 [n, k].
        clicks: int64 [n].
    """
    found = lists == clicks[:, None]
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1, lists.shape[1] + 1)


def served_before(sessions: Sessions, click: int) -> Sessions:
    """Sessions that have a later click than the first ``click``, as they were before it.

    Their row ids differ from one click to the next, for lists that are drawn by row id.
    """
    rows = np.flatnonzero(sessions.lengths > click)
    return Sessions(
        sessions.clicks[rows, :click],
        np.full(len(rows), click),
        sessions.row_ids[rows] * sessions.max_length + click,
    )
