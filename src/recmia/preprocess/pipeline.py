"""Preprocessing from end to end."""

from __future__ import annotations

import errno
import importlib.util
import os
import shutil
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recmia.data.clicks import ClickLog, open_clicks
from recmia.errors import DataError, SettingsError
from recmia.preprocess import encoding, output
from recmia.preprocess.processes import bar, compute, scheduler
from recmia.preprocess.sessionise import Cleaning, clean_shard
from recmia.preprocess.shards import read_shard, scatter, shard_count
from recmia.preprocess.statistics import summarise
from recmia.sessions import FIRST_ITEM
from recmia.storage import write_aside, write_json

if TYPE_CHECKING:
    from recmia.data.settings import Data, Preprocess

# Below this many bytes of log, starting processes takes longer than they save.
_PARALLEL_BYTES = 64 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
SCRATCH = ".preprocess-scratch"


@dataclass(frozen=True)
class PreprocessReport:
    """What preprocessing left.

    Attributes:
        sessions: path of ``sessions.parquet``, for :func:`recmia.sessions.load_sessions`.
        items: path of ``items.parquet``.
        schema: path of ``schema.pbtxt``.
        statistics_file: path of ``statistics.json``.
        statistics: its content: ``table_1`` (the proposal's columns), ``raw``, ``dropped``,
            ``repeats``, ``vocabulary_size``, ``max_length``.
        engine: what ran the NVTabular workflow, ``pandas`` or ``cudf``.
        shards: number of shards that held sessions worth keeping.
    """

    sessions: Path
    items: Path
    schema: Path
    statistics_file: Path
    statistics: dict[str, Any]
    engine: Literal["pandas", "cudf"]
    shards: int


def preprocess(
    data: Data,
    settings: Preprocess,
    data_folder: str | Path,
    out: str | Path,
    *,
    seed: int,
    device: str = "cpu",
    progress: bool = True,
) -> PreprocessReport:
    """Clean a click log and write it as padded sessions.

    Sessions are sorted by time (clicks at one time in file order; by file order where there are
    no times), users' histories are cut wherever they pause for longer than the gap, consecutive
    repeats of an item are dropped, then sessions of fewer than ``min_length`` clicks; the last
    ``max_length`` clicks of each are kept, and of all sessions the ``most_recent_sessions`` last
    to start. Items still there get the ids 3, 4, ... by falling frequency (smallest original id
    first among equals). Earlier results in ``out`` survive a failure.

    Large logs are worked on in new processes: a script that calls this needs the usual
    ``if __name__ == "__main__":`` (a notebook does not).

    Args:
        data: where the clicks come from.
        settings: cleaning and padding.
        data_folder: where named data sets lie, and what a relative ``data.path`` starts from.
        out: folder of the results; the scratch folder inside is removed at the end.
        seed: root seed of the synthetic log.
        device: ``cpu``; ``cuda`` or ``auto`` run the workflow on cudf where that is installed
            (the report says which engine ran; the result is the same).
        progress: show progress bars.

    Raises:
        DataError: the log is at fault, no session is left, or the disk is full.
        SettingsError: a gap without users, or users without a gap.
    """
    out = Path(out)
    scratch = out / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
    gpu = device != "cpu" and importlib.util.find_spec("cudf") is not None
    try:
        scratch.mkdir(parents=True)
        log = open_clicks(data, Path(data_folder), scratch, seed=seed)
        return _run(log, data, settings, out, scratch, gpu=gpu, progress=progress)
    except OSError as error:
        # Dask wraps what its processes raise.
        number = getattr(error, "exception", error).errno
        if number not in _FULL:
            raise
        raise DataError(
            f"the disk is full ({os.strerror(number)})",
            file=out,
            remedy="Free some space (a log needs about twice its size while it is being worked "
            "on), or set RECMIA_ARTIFACTS to a folder on another disk. Nothing was overwritten.",
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(
    log: ClickLog,
    data: Data,
    settings: Preprocess,
    out: Path,
    scratch: Path,
    *,
    gpu: bool,
    progress: bool,
) -> PreprocessReport:
    from dask.system import cpu_count

    cleaning = _cleaning(log, data, settings)
    n_shards = shard_count(log.size, settings.partitions)
    with bar("Reading", log.size, "B", progress) as advance:
        stems = scatter(log.chunks(), scratch, n_shards, advance)
    workers = 1 if gpu or log.size < _PARALLEL_BYTES else cpu_count()
    with scheduler(min(workers, len(stems))):
        counts = _clean(stems, n_shards, cleaning, progress)
        raw_items = pa.concat_tables([read_shard(s.with_suffix(".items")) for s in stems])
        counts["items"] = pc.count_distinct(raw_items["item"]).as_py()
        sessions, kept = _select([read_shard(s.with_suffix(".sessions")) for s in stems], data)
        if not len(sessions):
            raise _nothing_left(log, counts, settings)
        catalogue = _count_items(stems, kept)
        # An empty partition would be refused by Categorify.
        chosen = [(stem, keep) for stem, keep in zip(stems, kept, strict=True) if keep.any()]
        stems, kept = [stem for stem, _ in chosen], [keep for _, keep in chosen]
        workflows = encoding.build_workflows(
            catalogue["item"].combine_chunks(), settings.max_length, scratch
        )
        tasks = encoding.encode(workflows, stems, kept, gpu=gpu)
        compute(tasks, "Encoding", progress)
    clicks = _gather(stems, sessions, settings.max_length)
    statistics = summarise(counts, sessions, catalogue, clicks, log, settings)
    names = ("sessions.parquet", "items.parquet", "schema.pbtxt", "statistics.json")
    paths = [out / name for name in names]
    with ExitStack() as stack, bar("Writing", len(clicks), " sessions", progress) as advance:
        aside = [stack.enter_context(write_aside(path)) for path in paths]
        starts = pc.if_else(log.timed, sessions["start"], pa.scalar(None, pa.int64()))
        table = sessions.set_column(sessions.column_names.index("start"), "start", starts)
        output.write_sessions(aside[0], clicks, table, advance)
        output.write_items(aside[1], catalogue)
        output.write_schema(aside[2], len(catalogue) + FIRST_ITEM, settings.max_length + 2)
        write_json(aside[3], statistics)
    return PreprocessReport(*paths, statistics, "cudf" if gpu else "pandas", len(stems))


def _cleaning(log: ClickLog, data: Data, settings: Preprocess) -> Cleaning:
    gap = data.session_gap_minutes
    if (log.keys == "user") != (gap is not None):
        raise SettingsError(
            f"The log '{data.source}' has {log.keys} ids: "
            + (
                "set data.session_gap_minutes to cut users' histories into sessions."
                if gap is None
                else "take data.session_gap_minutes out, its sessions are made already."
            )
        )
    milliseconds = None if gap is None else gap * 60_000
    return Cleaning(log.timed, milliseconds, settings.max_length, settings.min_length)


def _clean(stems: list[Path], n_shards: int, cleaning: Cleaning, progress: bool) -> Counter:
    import dask

    tasks = [
        dask.delayed(clean_shard)(stem, int(stem.stem.split("-")[1]), n_shards, cleaning)
        for stem in stems
    ]
    counts: Counter = Counter()
    for part in compute(tasks, "Cleaning", progress):
        counts.update(part)
    return counts


def _select(shards: list[pa.Table], data: Data) -> tuple[pa.Table, list[np.ndarray]]:
    """Sessions kept, in order of row id, and for each shard which of its sessions they are."""
    sessions = pa.concat_tables(shards)
    order = np.lexsort((sessions["session"].to_numpy(), sessions["start"].to_numpy()))
    order = order[-data.most_recent_sessions :] if data.most_recent_sessions else order
    keep = np.zeros(len(sessions), dtype=bool)
    keep[order] = True
    bounds = np.cumsum([len(shard) for shard in shards])[:-1]
    return sessions.take(pa.array(order)), np.split(keep, bounds)


def _count_items(stems: list[Path], kept: list[np.ndarray]) -> pa.Table:
    """Columns item and clicks (int64), by falling clicks, then by item."""
    parts = []
    for stem, keep in zip(stems, kept, strict=True):
        clicks = read_shard(stem.with_suffix(".kept"))
        items = clicks["item"].filter(pa.array(keep[clicks["place"].to_numpy()]))
        counted = pc.value_counts(items)
        parts.append(pa.table({"item": counted.field("values"), "clicks": counted.field("counts")}))
    total = pa.concat_tables(parts).group_by("item").aggregate([("clicks", "sum")])
    total = total.select(["item", "clicks_sum"]).rename_columns(["item", "clicks"])
    return total.sort_by([("clicks", "descending"), ("item", "ascending")])


def _gather(stems: list[Path], sessions: pa.Table, max_length: int) -> np.ndarray:
    """int32 [n, L]: the encoded sessions of all shards, by row id."""
    names, lengths = sessions["session"].to_numpy(), sessions["length"].to_numpy()
    by_name = np.argsort(names)
    clicks = np.zeros((len(sessions), max_length), dtype=np.int32)
    for stem in stems:
        table = pq.read_table(stem.with_suffix(".encoded"))
        rows = by_name[np.searchsorted(names, table["session"].to_numpy(), sorter=by_name)]
        if (lengths[rows] != table["length"].to_numpy()).any():
            raise AssertionError("the workflow returned sessions of another length")
        flat = table["clicks"].combine_chunks().flatten().to_numpy()
        clicks[rows] = flat.reshape(-1, max_length)
    return clicks


def _nothing_left(log: ClickLog, n: Counter, settings: Preprocess) -> DataError:
    untimed = f"{n['untimed_keys']} {log.keys}s without times, " if n["untimed_keys"] else ""
    return DataError(
        f"no session is left after cleaning: of {n['clicks']} clicks, {untimed}"
        f"{n['consecutive_repeats']} consecutive repeats and {n['short_sessions']} sessions of "
        f"fewer than {settings.min_length} clicks were dropped",
        file=log.sources[0].place,
        column=log.layout.key if log.layout is not None else None,
        remedy="Check which column names the sessions (or the users, and the gap in minutes).",
    )
