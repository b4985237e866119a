"""What the loop of the released factorisation would have done, had it run: compiled."""

from __future__ import annotations

import numba
import numpy as np

from recmia.released.splits import Histories
from recmia.seeds import generator


def descend(
    users: np.ndarray,
    items: np.ndarray,
    histories: Histories,
    *,
    passes: int,
    seed: int,
    learning_rate: float = 0.01,
    decay: float = 1.0,
    regularisation: float = 0.01,
) -> None:
    """Factorise in place, entry by entry, on ones and as many drawn zeros.

    Users in order, of each the items in order, errors r - u v, one step a rating (lines 31 to 46
    of ``lfm_recommendations.py``). Zeros are drawn once, over all items, never a user's own.

    Args:
        users: float32 [n, l], starting values; changed.
        items: float32 [N, l], starting values; changed.
        histories: of the n users.
        passes: over all ratings; 20 in the text.
        seed: of the zeros.
        learning_rate: of the first pass.
        decay: factor of the learning rate a pass.
        regularisation: L2 penalty.
    """
    draw = generator(seed, "released", "zeros")
    owners = histories.users
    drawn = draw.integers(0, histories.n_items, size=len(owners))
    known = np.sort(owners * histories.n_items + histories.items)
    codes = owners * histories.n_items + drawn
    place = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    kept = known[place] != codes
    rows = np.concatenate([owners, owners[kept]])
    columns = np.concatenate([histories.items, drawn[kept]])
    ratings = (np.arange(len(rows)) < len(owners)).astype(np.float32)
    order = np.lexsort((columns, rows))
    rows, columns, ratings = rows[order], columns[order], ratings[order]
    for number in range(passes):
        rate = np.float32(learning_rate * decay**number)
        _pass(users, items, rows, columns, ratings, rate, np.float32(regularisation))


@numba.njit(fastmath=True)
def _pass(users, items, rows, columns, ratings, rate, regularisation):
    width = users.shape[1]
    for e in range(len(rows)):
        u, v = users[rows[e]], items[columns[e]]
        error = ratings[e]
        for j in range(width):
            error -= u[j] * v[j]
        for j in range(width):
            before = u[j]
            u[j] += rate * (error * v[j] - regularisation * before)
            v[j] += rate * (error * before - regularisation * v[j])
