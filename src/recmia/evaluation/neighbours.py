"""Which sessions of one cohort have a near copy in another.

Every session is turned into 64-bit hashes of itself, its prefixes, and its variants with one
click left out or blanked; sessions are neighbours where such hashes meet. Time and memory grow
with (sessions x length), not with pairs of sessions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recmia.errors import DataError
from recmia.seeds import spread
from recmia.sessions import PADDING, Sessions

_ODD = 0x9E3779B97F4A7C15
_BLANK = np.array([np.iinfo(np.int64).max])  # an item id that no catalogue reaches


@dataclass(frozen=True)
class NeighbourKinds:
    """bool [n] masks over the first cohort; the kinds overlap.

    Attributes:
        identical: the same clicks in the same order.
        prefix: one of the two sessions goes on where the other ends.
        one_edit: one click substituted, inserted or left out.
    """

    identical: np.ndarray
    prefix: np.ndarray
    one_edit: np.ndarray

    @property
    def any(self) -> np.ndarray:
        """bool [n]: a neighbour of some kind."""
        return self.identical | self.prefix | self.one_edit


def neighbour_kinds(sessions: Sessions, others: Sessions) -> NeighbourKinds:
    """Find the sessions that have a neighbour among ``others``.

    Hashes have 64 bits: among 10,000 x 10,000 sessions of 20 clicks a false match has a
    probability of about 1e-7.

    Args:
        sessions: the cohort to mark.
        others: the cohort to look in; may have another width.

    Raises:
        DataError: a session without clicks.
    """
    if min(sessions.lengths.min(initial=1), others.lengths.min(initial=1)) < 1:
        raise DataError("A session without clicks has no neighbours.")
    width = max(sessions.max_length, others.max_length)
    ours, theirs = _Hashes.of(sessions, width), _Hashes.of(others, width)
    identical = np.isin(ours.whole, theirs.whole)
    prefix = np.isin(ours.whole, theirs.prefixes[theirs.proper])
    prefix |= (np.isin(ours.prefixes, theirs.whole) & ours.proper).any(axis=1)
    shorter = (np.isin(ours.left_out, theirs.whole) & ours.click).any(axis=1)
    longer = np.isin(ours.whole, theirs.left_out[theirs.click])
    # A blanked variant also meets the session's own identical copy: only further ones count.
    _, unique = np.unique(theirs.whole, return_index=True)
    blanked, counts = np.unique(theirs.blanked[unique][theirs.click[unique]], return_counts=True)
    met = np.zeros(ours.blanked.shape, dtype=np.int64)
    if len(blanked):
        place = np.minimum(np.searchsorted(blanked, ours.blanked), len(blanked) - 1)
        met = np.where(blanked[place] == ours.blanked, counts[place], 0)
    substituted = ((met > identical[:, None]) & ours.click).any(axis=1)
    return NeighbourKinds(identical, prefix, shorter | longer | substituted)


@dataclass(frozen=True)
class _Hashes:
    """Hashes of sessions and their variants: sums of mixed ids times powers of an odd base."""

    whole: np.ndarray  # uint64 [n]
    prefixes: np.ndarray  # uint64 [n, L], of the first 1 .. L clicks
    left_out: np.ndarray  # uint64 [n, L], without click i
    blanked: np.ndarray  # uint64 [n, L], click i replaced by a blank
    click: np.ndarray  # bool [n, L], position i is a click and not padding
    proper: np.ndarray  # bool [n, L], the prefix of i + 1 clicks is not the whole session

    @classmethod
    def of(cls, sessions: Sessions, width: int) -> _Hashes:
        clicks = np.full((len(sessions), width), PADDING, dtype=np.int64)
        clicks[:, : sessions.max_length] = sessions.clicks
        position = np.arange(width)
        click = position < sessions.lengths[:, None]
        power = np.cumprod(np.full(width + 1, _ODD, dtype=np.uint64))
        mixed = np.where(click, _mix(clicks), np.uint64(0))
        terms = mixed * power[1:]
        shifted = mixed * power[:-1]  # the same click one place earlier
        before = np.cumsum(terms, axis=1) - terms
        after = shifted.sum(axis=1, keepdims=True) - np.cumsum(shifted, axis=1)
        total = terms.sum(axis=1)
        length = _mix(np.arange(width + 1))
        own = length[sessions.lengths]
        return cls(
            whole=total + own,
            prefixes=before + terms + length[position + 1],
            left_out=before + after + length[sessions.lengths - 1][:, None],
            blanked=(total + own)[:, None] - terms + _mix(_BLANK) * power[1:],
            click=click,
            proper=position + 1 < sessions.lengths[:, None],
        )


def _mix(values: np.ndarray) -> np.ndarray:
    """Whole numbers, 0 too, spread over uint64."""
    return spread(values.astype(np.uint64) + np.uint64(_ODD))
