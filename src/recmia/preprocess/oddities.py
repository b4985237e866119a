"""What is odd about a log, in sentences: what was left out, what the order of a file decided."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LARGE = 0.5  # share of all clicks that nobody has by himself
_PER_KEY = 20  # clicks of a key that looks like a default, over the mean
# Where nobody is logged in: 0, -1, zeros of a UUID, or a word.
_DEFAULT = (
    r"-?[0-]+(\.0)?|-1(\.0)?|anonymous|anon|guest|unknown|undefined|default|deleted|test|-|\?"
)


def is_default(key: Any) -> bool:
    """Whether an id looks like what a system writes where there is none."""
    return bool(re.fullmatch(_DEFAULT, str(key).strip(), re.IGNORECASE))


def is_nobody(key: Any, its_clicks: int, clicks: int, keys: int) -> bool:
    """Whether the most frequent session or user is rather a default than one of the others.

    Args:
        key: its id.
        its_clicks: clicks that it has.
        clicks: of all.
        keys: sessions or users.
    """
    many = its_clicks > LARGE * clicks or its_clicks * keys > _PER_KEY * clicks
    return keys > 1 and many and is_default(key)


def oddities(statistics: Mapping[str, Any]) -> list[str]:
    """What ``statistics.json`` says that a person should know before believing the rest.

    Args:
        statistics: see `recmia.preprocess.statistics.summarise`.
    """
    raw, dropped, reading = (statistics[name] for name in ("raw", "dropped", "reading"))
    clicks, key = raw["clicks"], "users" if "users" in raw else "sessions"
    kept, found = clicks - reading["placeholder_clicks"], []
    if reading["placeholder_clicks"]:
        found.append(
            f"{_share(reading['placeholder_clicks'], clicks)} clicks stand under a placeholder "
            "(data.placeholders) and were left out."
        )
    if statistics["table_1"]["days"] is None:
        found.append("The log has no times: all clicks are in the order of the file.")
    elif reading["tied_clicks"]:
        most = reading["tied_clicks"] > kept / 2
        found.append(
            f"{_share(reading['tied_clicks'], kept)} clicks have the same time as another of the "
            "same "
            + key[:-1]
            + ": the order of the file decided which comes first"
            + (". Map a finer time if the log has one." if most else ".")
        )
    if reading["most_clicks_of_one"] > LARGE * kept and raw[key] > 1:
        found.append(
            f"One {key[:-1]} has {_share(reading['most_clicks_of_one'], kept)} clicks: is its id "
            "a default? If so, name it in data.placeholders."
        )
    if reading["sessions_over_a_day"]:
        found.append(
            f"{_share(reading['sessions_over_a_day'], raw['sessions_before_cleaning'])} sessions "
            "last for more than a day: are their ids used again, or unique with a user only "
            "(then map both, session and user)?"
        )
    if dropped["clicks_beyond_max_length"] > kept / 4:
        found.append(
            f"{_share(dropped['clicks_beyond_max_length'], kept)} clicks were cut away, as "
            "sessions keep their last preprocess.max_length only."
        )
    return found


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / max(whole, 1):.0%})"
