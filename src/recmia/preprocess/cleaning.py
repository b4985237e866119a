"""Cleaning in polars: clicks in order, histories cut, repeats and short sessions dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from recmia.data.times import UNKNOWN_TIME
from recmia.progress import track

# Clicks that are sorted together where the profile names no number of parts: some 600 MiB.
PART = 1 << 23
# Sessions that are put in order together, some 300 MiB; whole row groups of the output.
BLOCK = 1 << 21
DAY = 86_400_000


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


@dataclass(frozen=True)
class Cleaned:
    """Sessions that have been cleaned, out of memory.

    Attributes:
        sessions: columns ``session`` (row of the first click in the log, which tells sessions
            apart and does not depend on the parts), ``start`` and ``end`` (ms), ``length``,
            ``session_id`` and ``items``, a list.
        counts: what there was and what was dropped.
        largest: the key with most clicks, and how many.
    """

    sessions: tuple[pl.LazyFrame, ...]
    counts: Counter
    largest: tuple[str, int] = ("", 0)

    def order(self, most_recent: int | None) -> pl.DataFrame:
        """Columns ``start`` and ``session`` of the last sessions to start (or all), in order."""
        columns = ("start", "session")
        order = pl.concat([part.select(columns).collect() for part in self.sessions])
        return order.sort(columns).tail(most_recent or len(order))

    def catalogue(self, order: pl.DataFrame) -> pl.DataFrame:
        """Columns ``item`` and ``clicks`` of sessions in ``order``, most clicked items first."""
        kept = _from(order)
        counted = [
            part.filter(kept)
            .select(item=pl.col("items").explode())
            .collect()
            .group_by("item")
            .len()
            for part in self.sessions
        ]
        total = pl.concat(counted).group_by("item").agg(clicks=pl.col("len").sum())
        return total.sort("clicks", "item", descending=[True, False])

    def last(self, order: pl.DataFrame) -> int:
        """When the last of the sessions in ``order`` ended, in ms."""
        kept = _from(order)
        return max(
            part.filter(kept).select(pl.max("end").fill_null(-1)).collect().item()
            for part in self.sessions
        )

    def in_order(self, order: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The sessions in ``order``, in blocks."""
        for block in order.iter_slices(BLOCK):
            kept = _from(block) & ~_after(block)
            parts = [part.filter(kept).collect() for part in self.sessions]
            yield pl.concat(parts).sort("start", "session")


def in_part(part: int, parts: int) -> pl.Expr:
    """Whether a click is in a part: a function of its key alone, so that no session is split."""
    return pl.col("key").hash(seed=0) % parts == part


def clean(clicks: pl.LazyFrame, cleaning: Cleaning, folder: Path, parts: int | None) -> Cleaned:
    """Clean a log, one part of its sessions or users after the other.

    Args:
        clicks: see `recmia.data.clicks.ClickLog.checked`.
        cleaning: the rules.
        folder: where the sessions are written.
        parts: number of parts; by size where None.
    """
    total = clicks.select(pl.len()).collect().item()
    parts = parts or -(-total // PART)
    sessions, items, counts, largest = [], [], Counter(), ("", 0)
    with track(parts, "cleaning") as progress:
        for part in range(parts):
            part_of_log = clicks if parts == 1 else clicks.filter(in_part(part, parts))
            found = part_of_log.collect(engine="streaming")
            items.append(found["item"].unique())
            largest = max(largest, _largest(found), key=lambda one: (one[1], one[0]))
            kept, counted = clean_part(found, cleaning)
            path = folder / f"sessions-{part:05d}.parquet"
            kept.write_parquet(path, compression="lz4")
            sessions.append(pl.scan_parquet(path, glob=False))
            counts.update(counted)
            progress.update()
    if counts["clicks"] != total:
        raise AssertionError(f"{counts['clicks']} clicks in the parts of a log of {total}")
    counts["items"] = pl.concat(items).n_unique()
    return Cleaned(tuple(sessions), counts, largest)


def clean_part(clicks: pl.DataFrame, cleaning: Cleaning) -> tuple[pl.DataFrame, Counter]:
    """Clean all clicks of some sessions or users.

    Args:
        clicks: columns key (null where it stands for nobody), item, time and row.
        cleaning: the rules.

    Returns:
        The sessions kept, see :class:`Cleaned`, and what was there and what was dropped.
    """
    n = Counter(clicks=len(clicks))
    n["placeholder_clicks"] = clicks["key"].null_count()
    if n["placeholder_clicks"]:
        clicks = clicks.drop_nulls("key")
    n["keys"] = clicks["key"].n_unique()
    if cleaning.timed:
        known = (pl.col("time") != UNKNOWN_TIME).all().over("key")
        if (clicks["time"] == UNKNOWN_TIME).any():
            clicks = clicks.filter(known)
        n["untimed_keys"] = n["keys"] - clicks["key"].n_unique()
        n["untimed_clicks"] = n["clicks"] - n["placeholder_clicks"] - len(clicks)
    # Clicks at the same time stay in the order of the log.
    clicks = clicks.sort("key", *(["time"] if cleaning.timed else []), "row")
    new = pl.col("key").ne_missing(pl.col("key").shift())
    if cleaning.timed:
        tie = ~new & (pl.col("time") == pl.col("time").shift())
        tied = (tie | tie.shift(-1)).fill_null(False)
        n["tied_clicks"] = clicks.select(tied.sum()).item()
    pause = pl.lit(False) if cleaning.gap is None else pl.col("time").diff() > cleaning.gap
    clicks = clicks.with_columns(first=new | pause.fill_null(False)).with_columns(
        number=pl.col("first").cum_sum(),
        repeat=~pl.col("first") & (pl.col("item") == pl.col("item").shift()),
    )
    lists = (
        clicks.filter(~pl.col("repeat"))
        .with_columns(pl.col("number").set_sorted())
        .group_by("number", maintain_order=True)
        .agg(length=pl.len().cast(pl.Int64), items=pl.col("item").tail(cleaning.max_length))
    )
    name = pl.col("key").cast(pl.String)
    if cleaning.gap is not None:
        ordinal = pl.col("number") - pl.col("number").first().over("key") + 1
        name = pl.concat_str(name, ordinal.cast(pl.String), separator=":")
    sessions = clicks.filter("first").select(
        session=pl.col("row").cast(pl.Int64), start="time", session_id=name
    )
    ends = clicks.filter(pl.col("first").shift(-1, fill_value=True)).select(end="time")
    sessions = pl.concat([sessions, ends, lists.drop("number")], how="horizontal")
    kept = sessions.filter(pl.col("length") >= cleaning.min_length)
    cut = kept.with_columns(pl.col("length").clip(upper_bound=cleaning.max_length))
    n["sessions"] = len(sessions)
    n["sessions_over_a_day"] = sessions.select((pl.col("end") - pl.col("start") > DAY).sum()).item()
    n["consecutive_repeats"] = int(clicks["repeat"].sum())
    n["short_sessions"] = len(sessions) - len(kept)
    n["short_session_clicks"] = int(sessions["length"].sum() - kept["length"].sum())
    n["long_sessions"] = int((kept["length"] > cleaning.max_length).sum())
    n["clicks_beyond_max_length"] = int(kept["length"].sum() - cut["length"].sum())
    return cut, n


def _largest(clicks: pl.DataFrame) -> tuple[str, int]:
    counted = clicks.lazy().drop_nulls("key").group_by("key").len()
    top = counted.filter(pl.col("len") == pl.max("len")).sort("key").head(1).collect()
    return (str(top["key"][0]), int(top["len"][0])) if len(top) else ("", 0)


def _from(order: pl.DataFrame) -> pl.Expr:
    """Whether a session starts with the first of ``order`` or after it."""
    start, session = order.row(0)
    same = (pl.col("start") == start) & (pl.col("session") >= session)
    return (pl.col("start") > start) | same


def _after(order: pl.DataFrame) -> pl.Expr:
    """Whether a session starts after the last of ``order``."""
    start, session = order.row(-1)
    same = (pl.col("start") == start) & (pl.col("session") > session)
    return (pl.col("start") > start) | same
