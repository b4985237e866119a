"""Whether a target's training sessions cover the items of a session.

An item that nobody was trained on gives a held-out session away without any memory of members: that
is coverage, not membership. What is left once such sessions are taken out is the attack's own.
"""

from __future__ import annotations

import numpy as np

from recmia.errors import DataError
from recmia.sessions import PADDING, Sessions


def least_holders(sessions: Sessions, trained: Sessions, n_items: int) -> np.ndarray:
    """Of a session's items the one that the fewest *other* sessions were trained on: how many.

    A trained session does not count for itself, nor for copies of it with a click replaced: of the
    items that it alone has it would else be covered, and a held-out session with such an item would
    not, so that rarity alone would tell the two apart.

    Args:
        sessions: n sessions, of at least one click each.
        trained: what the target learned from; equal row ids are copies of one session.
        n_items: vocabulary size V, ids 0 to V - 1.

    Returns:
        int64 [n].

    Raises:
        DataError: an item is outside the vocabulary, or a session has no click.
    """
    if max(sessions.clicks.max(initial=0), trained.clicks.max(initial=0)) >= n_items:
        raise DataError(f"An item is outside a vocabulary of {n_items}.")
    if sessions.lengths.min(initial=1) < 1:
        raise DataError("A session without clicks has no items to cover.")
    held = np.unique((trained.row_ids[:, None] * n_items + trained.clicks)[_clicked(trained)])
    holders = np.bincount(held % n_items, minlength=n_items)
    own = np.isin(sessions.row_ids[:, None] * n_items + sessions.clicks, held)
    others = holders[sessions.clicks] - own
    return np.where(_clicked(sessions), others, len(held) + 1).min(axis=1)


def all_trained_on(sessions: Sessions, trained: Sessions) -> np.ndarray:
    """bool [n]: every item of the session is in some trained session, its own one included.

    The rule that needs no model (the coverage baseline): "no" proves that a session is no member.
    """
    known = np.isin(sessions.clicks, trained.clicks[_clicked(trained)])
    return (known | ~_clicked(sessions)).all(axis=1)


def _clicked(sessions: Sessions) -> np.ndarray:
    return sessions.clicks != PADDING
