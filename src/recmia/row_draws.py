"""Random numbers that belong to a user: the same whoever else is asked for, and in what order."""

from __future__ import annotations

import numpy as np

from recmia.seeds import child_seed, spread

_ODD = np.uint64(0x9E3779B97F4A7C15)


def row_uniform(row_ids: np.ndarray, places: np.ndarray, seed: int, *names: str) -> np.ndarray:
    """Uniform numbers that depend on seed, names, row id and place alone (SplitMix64 as a hash).

    A generator would give them in the order of the rows; a control that must not care for that
    order takes them from here.

    Args:
        row_ids: int64, broadcast against ``places``.
        places: int64, which draw of the row.
        seed: root seed.
        names: of the child of ``seed`` (see `recmia.seeds`).

    Returns:
        float64 on [0, 1), of the broadcast shape.
    """
    key = spread(row_ids.astype(np.uint64) + np.uint64(child_seed(seed, *names)))
    bits = spread(key + places.astype(np.uint64) * _ODD)
    return (bits >> np.uint64(11)) * 2.0**-53
