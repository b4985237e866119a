"""What an interval says of a claim; nothing but an interval decides."""

from __future__ import annotations

from typing import Literal

from recmia.experiments.rows import CONFIRMED, DEGENERATE, OPEN, REFUTED

MARGIN = 0.02  # two areas that differ by no more are called equal
Says = Literal["more", "less", "equal"]


def verdict(
    low: float | None, high: float | None, says: Says = "more", degenerate: float | None = None
) -> str:
    """Confirmed, refuted, open or degenerate.

    Args:
        low: lower limit of (first) - (second), or of (ours) - (what the paper states).
        high: upper limit; with no limits nothing is decided.
        says: what the paper says of that difference: above 0, below 0, or within `MARGIN` of 0.
        degenerate: share of seeds in which either side said the same of everybody; where it did
            in any, the difference is no comparison of two attacks, and no verdict is drawn.
    """
    if degenerate:
        return DEGENERATE
    if low is None or high is None:
        return OPEN
    if says == "equal":
        if low >= -MARGIN and high <= MARGIN:
            return CONFIRMED
        return REFUTED if low > MARGIN or high < -MARGIN else OPEN
    if says == "less":
        low, high = -high, -low
    return CONFIRMED if low > 0 else REFUTED if high < 0 else OPEN
