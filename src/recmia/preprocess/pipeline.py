"""Preprocessing from end to end."""

from __future__ import annotations

import errno
import importlib.util
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from recmia.data.clicks import ClickLog, open_clicks
from recmia.errors import DataError, SettingsError
from recmia.preprocess import output
from recmia.preprocess.cleaning import Cleaned, Cleaning, clean
from recmia.preprocess.oddities import is_nobody
from recmia.preprocess.statistics import revisits, summarise
from recmia.progress import track
from recmia.sessions import FIRST_ITEM
from recmia.storage import write_aside, write_json

if TYPE_CHECKING:
    from recmia.data.settings import Data, Preprocess

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
            ``reading``, ``repeats``, ``vocabulary_size``, ``max_length``.
        engine: what ran the NVTabular workflow, ``pandas`` or ``cudf``.
    """

    sessions: Path
    items: Path
    schema: Path
    statistics_file: Path
    statistics: dict[str, Any]
    engine: Literal["pandas", "cudf"]


def preprocess(
    data: Data,
    settings: Preprocess,
    data_folder: str | Path,
    out: str | Path,
    *,
    seed: int,
    device: str = "cpu",
) -> PreprocessReport:
    """Clean a click log and write it as padded sessions.

    Sessions are sorted by time (clicks at one time in file order; by file order where there are
    no times), users' histories are cut wherever they pause for longer than the gap, consecutive
    repeats of an item are dropped, then sessions of fewer than ``min_length`` clicks; the last
    ``max_length`` clicks of each are kept, and of all sessions the ``most_recent_sessions`` last
    to start. Items still there get the ids 3, 4, ... by falling frequency (smallest original id
    first among equals). Earlier results in ``out`` survive a failure.

    Args:
        data: where the clicks come from.
        settings: cleaning and padding.
        data_folder: where named data sets lie, and what a relative ``data.path`` starts from.
        out: folder of the results; the scratch folder inside is removed at the end.
        seed: root seed of the synthetic log.
        device: ``cpu``; ``cuda`` or ``auto`` run the workflow on cudf where that is installed
            (the report says which engine ran; the result is the same).

    Raises:
        DataError: the log is at fault, no session is left, or the disk is full.
        SettingsError: a gap without users, or users without a gap.
    """

    def opened(scratch: Path) -> ClickLog:
        return open_clicks(data, Path(data_folder), scratch, seed=seed)

    return preprocess_log(opened, data, settings, out, device=device)


def preprocess_log(
    opened: Callable[[Path], ClickLog],
    data: Data,
    settings: Preprocess,
    out: str | Path,
    *,
    device: str = "cpu",
) -> PreprocessReport:
    """As `preprocess`, for a log that ``opened`` names, given a folder for what it has to write."""
    out = Path(out)
    scratch = out / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
    gpu = device != "cpu" and importlib.util.find_spec("cudf") is not None
    try:
        scratch.mkdir(parents=True)
        return _run(opened(scratch), data, settings, out, scratch, gpu=gpu)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise DataError(
            f"the disk is full ({error.strerror})",
            file=out,
            remedy="Free some space (a log needs about twice its size while it is being worked "
            "on), or set RECMIA_ARTIFACTS to a folder on another disk. Nothing was overwritten.",
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run(
    log: ClickLog, data: Data, settings: Preprocess, out: Path, scratch: Path, *, gpu: bool
) -> PreprocessReport:
    # Loads NVTabular, which takes longer than a small log.
    from recmia.preprocess.encoding import Encoder

    rules = _rules(log, data, settings)
    cleaned = clean(log.checked(scratch), rules, scratch, settings.partitions)
    _check_largest(log, cleaned)
    order = cleaned.order(data.most_recent_sessions)
    if not len(order):
        raise _nothing_left(log, cleaned.counts, settings)
    catalogue = cleaned.catalogue(order)
    encode = Encoder(catalogue["item"], settings.max_length, scratch, gpu=gpu)
    names = ("sessions.parquet", "items.parquet", "schema.pbtxt", "statistics.json")
    paths, again = [out / name for name in names], 0
    with ExitStack() as stack, track(len(order), "encoding") as progress:
        aside = [stack.enter_context(write_aside(path)) for path in paths]
        with output.SessionWriter(aside[0], timed=log.timed) as writer:
            for block in cleaned.in_order(order):
                for sessions in block.iter_slices(output.ROW_GROUP):
                    clicks = encode(sessions)
                    writer.write(sessions, clicks)
                    again += revisits(clicks)
                    progress.update(len(sessions))
        output.write_items(aside[1], catalogue)
        output.write_schema(aside[2], len(catalogue) + FIRST_ITEM, settings.max_length + 2)
        times = (order["start"][0], cleaned.last(order)) if log.timed else None
        statistics = summarise(
            cleaned.counts,
            len(order),
            catalogue,
            times,
            again,
            log.keys,
            settings,
            cleaned.largest[1],
        )
        write_json(aside[3], statistics)
    return PreprocessReport(*paths, statistics, "cudf" if gpu else "pandas")


def _rules(log: ClickLog, data: Data, settings: Preprocess) -> Cleaning:
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


def _check_largest(log: ClickLog, cleaned: Cleaned) -> None:
    """Refuse the clicks of all strangers as one person's."""
    (key, clicks), n = cleaned.largest, cleaned.counts
    total = n["clicks"] - n["placeholder_clicks"]
    unsaid = log.layout.own and log.layout.placeholders is None
    if unsaid and is_nobody(key, clicks, total, n["keys"]):
        raise DataError(
            f"{clicks:,} of {total:,} clicks have the {log.keys} '{key}', which looks like a "
            "default for nobody",
            file=log.sources[0].place,
            column=log.layout.key,
            remedy=f"Leave such rows out with data.placeholders: ['{key}'], or set it to [] where "
            f"this is a {log.keys} like the others.",
        )


def _nothing_left(log: ClickLog, n: Counter, settings: Preprocess) -> DataError:
    untimed = f"{n['untimed_keys']} {log.keys}s without times, " if n["untimed_keys"] else ""
    return DataError(
        f"no session is left after cleaning: of {n['clicks']} clicks, {untimed}"
        f"{n['consecutive_repeats']} consecutive repeats and {n['short_sessions']} sessions of "
        f"fewer than {settings.min_length} clicks were dropped",
        file=log.sources[0].place,
        column=log.layout.key,
        remedy="Check which column names the sessions (or the users, and the gap in minutes).",
    )
