"""Cleaning of one shard: clicks in order, histories cut, repeats and short sessions dropped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recmia.data.times import UNKNOWN_TIME
from recmia.preprocess.shards import read_shard, shard_of, write_table


@dataclass(frozen=True)
class Cleaning:
    """How sessions are made and cleaned.

    Attributes:
        timed: clicks have times.
        gap: milliseconds of inactivity that end a session; None where keys are sessions.
        max_length: clicks kept of a session, the last ones.
        min_length: sessions with fewer clicks after dropping repeats are dropped.
    """

    timed: bool
    gap: float | None
    max_length: int
    min_length: int


COUNTS = (
    "clicks",
    "keys",
    "untimed_keys",
    "untimed_clicks",
    "sessions",
    "consecutive_repeats",
    "short_sessions",
    "short_session_clicks",
    "long_sessions",
    "clicks_beyond_max_length",
)


def clean_shard(path: Path, index: int, n_shards: int, cleaning: Cleaning) -> dict[str, int]:
    """Clean a shard; write its kept clicks and its sessions beside it.

    A session is identified by ``session``, the row of its first click, which does not depend on
    the shards. ``<name>.kept`` holds the kept clicks, sorted by session and order, in columns
    ``place`` (int32, row of the session's entry in the other file) and ``item``;
    ``<name>.sessions`` holds ``session``, ``start``, ``end`` (ms), ``length``, ``session_id``;
    ``<name>.items`` the distinct items before cleaning.

    Args:
        path: a shard of raw clicks, in log order; deleted at the end.
        index: its number.
        n_shards: number of shards.
        cleaning: the rules.

    Returns:
        What was there and what was dropped, by the names in ``COUNTS``.
    """
    clicks = read_shard(path)
    # Were a session in two shards, both halves would pass for sessions: never trust that.
    if (shard_of(clicks["key"], n_shards) != index).any():
        raise AssertionError(f"{path} holds clicks of another shard")
    keys, names = _codes(clicks["key"])
    items, catalogue = _codes(clicks["item"])
    time, row = clicks["time"].to_numpy(), clicks["row"].to_numpy()
    n = dict.fromkeys(COUNTS, 0) | {"clicks": len(keys), "keys": len(names)}
    if cleaning.timed:
        untimed = np.zeros(len(names), dtype=bool)
        untimed[keys[time == UNKNOWN_TIME]] = True
        known = ~untimed[keys]
        n["untimed_keys"], n["untimed_clicks"] = int(untimed.sum()), int((~known).sum())
        keys, items, time, row = keys[known], items[known], time[known], row[known]
    # Stable, and shards keep the order of the log: clicks at the same time stay in that order.
    order = np.lexsort((time, keys))
    keys, items, time, row = keys[order], items[order], time[order], row[order]

    first = np.ones(len(keys), dtype=bool)
    first[1:] = keys[1:] != keys[:-1]
    new_key = first.copy()
    if cleaning.gap is not None:
        first[1:] |= np.diff(time) > cleaning.gap
    repeat = np.zeros(len(keys), dtype=bool)
    repeat[1:] = (items[1:] == items[:-1]) & ~first[1:]
    session = np.cumsum(first) - 1
    last = np.append(first[1:], True) if len(first) else first
    lengths = np.bincount(session[~repeat], minlength=int(first.sum()))
    n["sessions"], n["consecutive_repeats"] = len(lengths), int(repeat.sum())

    keep = lengths >= cleaning.min_length
    n["short_sessions"], n["short_session_clicks"] = int((~keep).sum()), int(lengths[~keep].sum())
    kept_lengths = np.minimum(lengths[keep], cleaning.max_length)
    n["long_sessions"] = int((lengths[keep] > cleaning.max_length).sum())
    n["clicks_beyond_max_length"] = int(lengths[keep].sum() - kept_lengths.sum())
    left = ~repeat & keep[session]
    session_left = session[left]
    # Clicks from this one to the end of its session, so that the last ones can be told.
    ends = np.cumsum(lengths[keep])
    place = (np.cumsum(keep) - 1)[session_left]
    to_end = ends[place] - np.arange(len(place))
    recent = to_end <= cleaning.max_length
    table = pa.table(
        {
            "place": pa.array(place[recent].astype(np.int32)),
            "item": catalogue.take(pa.array(items[left][recent])),
        }
    )
    write_table(table, path.with_suffix(".kept"))
    write_table(pa.table({"item": catalogue}), path.with_suffix(".items"))
    ids = pc.cast(names.take(pa.array(keys[first][keep])), pa.string())
    if cleaning.gap is not None:
        ordinal = _ordinal(new_key[first])[keep]
        ids = pc.binary_join_element_wise(ids, pc.cast(pa.array(ordinal), pa.string()), ":")
    sessions = pa.table(
        {
            "session": row[first][keep],
            "start": time[first][keep],
            "end": time[last][keep],
            "length": kept_lengths.astype(np.int64),
            "session_id": ids,
        }
    )
    write_table(sessions, path.with_suffix(".sessions"))
    path.unlink()
    return n


def _codes(values: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Codes of values in order of first appearance, and the distinct values."""
    encoded = values.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return encoded.indices.to_numpy(), encoded.dictionary


def _ordinal(starts: np.ndarray) -> np.ndarray:
    """1, 2, 3, ... anew from each True."""
    places = np.arange(len(starts))
    return places - np.maximum.accumulate(np.where(starts, places, 0)) + 1
