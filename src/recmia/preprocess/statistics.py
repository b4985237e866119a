"""Statistics of a cleaned click log: the columns of the proposal's Table 1, and repeats."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from recmia.preprocess.cleaning import DAY
from recmia.sessions import FIRST_ITEM

if TYPE_CHECKING:
    from recmia.data.settings import Preprocess


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
    return max(1, -(-(last - first) // DAY))


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


def summarise(
    n: Counter,
    sessions: int,
    catalogue: pl.DataFrame,
    times: tuple[int, int] | None,
    again: int,
    keys: str,
    settings: Preprocess,
    most: int = 0,
) -> dict[str, Any]:
    """The content of ``statistics.json``.

    Args:
        n: what cleaning counted, see `recmia.preprocess.cleaning`.
        sessions: number of sessions kept.
        catalogue: column clicks, for each item kept.
        times: first and last time in ms; None for a log without times.
        again: clicks on an item that the same session has clicked before.
        keys: what the log's keys name, ``session`` or ``user``.
        settings: the rules.
        most: clicks of the session or user that has most.
    """
    interactions = int(catalogue["clicks"].sum())
    cleaned = n["sessions"] - n["short_sessions"]
    cleaned_clicks = n["clicks"] - n["placeholder_clicks"] - n["untimed_clicks"]
    cleaned_clicks -= n["consecutive_repeats"]
    cleaned_clicks -= n["short_session_clicks"] + n["clicks_beyond_max_length"]
    return {
        "table_1": {
            "days": None if times is None else days_covered(*times),
            "items": len(catalogue),
            "sessions": sessions,
            "interactions": interactions,
            "mean_length": interactions / sessions,
            "gini": gini(catalogue["clicks"].to_numpy()),
        },
        "raw": {
            "clicks": n["clicks"],
            f"{keys}s": n["keys"],
            "items": n["items"],
            "sessions_before_cleaning": n["sessions"],
        },
        "dropped": {
            f"{keys}s_without_times": n["untimed_keys"],
            "clicks_without_times": n["untimed_clicks"],
            "consecutive_repeats": n["consecutive_repeats"],
            "short_sessions": n["short_sessions"],
            "short_session_clicks": n["short_session_clicks"],
            "sessions_cut_to_max_length": n["long_sessions"],
            "clicks_beyond_max_length": n["clicks_beyond_max_length"],
            "older_sessions": cleaned - sessions,
            "older_session_clicks": cleaned_clicks - interactions,
        },
        "reading": {
            "placeholder_clicks": n["placeholder_clicks"],
            "tied_clicks": n["tied_clicks"],
            "sessions_over_a_day": n["sessions_over_a_day"],
            "most_clicks_of_one": most,
        },
        "repeats": {
            "consecutive_share_of_raw_clicks": n["consecutive_repeats"] / n["clicks"],
            "revisit_share_of_interactions": again / interactions,
        },
        "vocabulary_size": len(catalogue) + FIRST_ITEM,
        "max_length": settings.max_length,
        "min_length": settings.min_length,
    }
