"""Shards: a click log split by session or user, so that each part can be worked on alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from recmia.data.readers import Chunk

# Bytes of log a shard where the profile names no number: some two million clicks.
SHARD_BYTES = 100 << 20
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def shard_count(size: int, wanted: int | None) -> int:
    """Number of shards for a log of ``size`` bytes; ``wanted`` where it is given."""
    return wanted or max(1, -(-size // SHARD_BYTES))


def shard_of(keys: pa.ChunkedArray, n_shards: int) -> np.ndarray:
    """Shard of each key, uint16 [n]: a function of the key alone, so no session is split."""
    values = keys.to_pandas().to_numpy()
    # A fixed hash of the value, the same in every process (unlike Python's).
    return (pd.util.hash_array(values) % np.uint64(n_shards)).astype(np.uint16)


def scatter(
    chunks: Iterator[Chunk], folder: Path, n_shards: int, advance: Callable[[int], object]
) -> list[Path]:
    """Write each click to its shard, in the order of the log.

    Args:
        chunks: the log.
        folder: where the shards go (one Arrow stream each).
        n_shards: their number.
        advance: called with the bytes of log that have been read.

    Returns:
        Paths of the shards; those that got no clicks are left out.

    Raises:
        DataError: the log is at fault.
        OSError: a shard cannot be written.
    """
    writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
    paths = [folder / f"clicks-{shard:05d}.arrow" for shard in range(n_shards)]
    with ExitStack() as stack:
        for chunk in chunks:
            clicks = chunk.clicks
            shards = shard_of(clicks["key"], n_shards)
            order = np.argsort(shards, kind="stable")
            bounds = np.searchsorted(shards[order], np.arange(n_shards + 1))
            clicks = clicks.take(pa.array(order)) if n_shards > 1 else clicks
            for shard in np.flatnonzero(np.diff(bounds)):
                if shard not in writers:
                    file = stack.enter_context(pa.OSFile(str(paths[shard]), "wb"))
                    writer = pa.ipc.new_stream(file, clicks.schema, options=_OPTIONS)
                    writers[shard] = stack.enter_context(writer)
                rows = slice(bounds[shard], bounds[shard + 1])
                writers[shard].write_table(clicks.slice(rows.start, rows.stop - rows.start))
            advance(chunk.read)
    return [paths[shard] for shard in sorted(writers)]


def read_shard(path: Path) -> pa.Table:
    """Read a shard whole."""
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_stream(file).read_all()


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as an Arrow stream that :func:`read_shard` reads."""
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
