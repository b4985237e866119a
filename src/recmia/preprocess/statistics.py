"""Statistics of a cleaned click log: the columns of the proposal's Table 1, and repeats."""

from __future__ import annotations

import numpy as np

_DAY = 86_400_000


def gini(counts: np.ndarray) -> float:
    """Gini index of item popularity: 0 where all items are clicked alike, near 1 where one is.

    With counts in rising order x_1 <= ... <= x_n,

        G = 2 * sum_i(i * x_i) / (n * sum_i(x_i)) - (n + 1) / n.

    Args:
        counts: clicks of each item, int [n], n >= 1, not all 0.
    """
    x = np.sort(np.asarray(counts, dtype=np.float64))
    n = len(x)
    return float(2 * (np.arange(1, n + 1) * x).sum() / (n * x.sum()) - (n + 1) / n)


def days_covered(first: int, last: int) -> int:
    """Days begun between two times in milliseconds, at least 1.

    YooChoose (2014-04-01T03:00 to 2014-09-30T03:00) covers 182.
    """
    return max(1, -(-(last - first) // _DAY))


def revisits(clicks: np.ndarray, block: int = 1 << 18) -> int:
    """Clicks on an item that the same session has clicked before.

    Args:
        clicks: int [n, L], padded with 0.
        block: sessions looked at together, to bound memory.
    """
    total = 0
    for start in range(0, len(clicks), block):
        ordered = np.sort(clicks[start : start + block], axis=1)
        total += int(((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != 0)).sum())
    return total
