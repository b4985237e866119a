"""Readers: any supported log as a stream of checked clicks, in bounded memory."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from recmia.data import diagnosis
from recmia.data.checks import BadId, check_ids
from recmia.data.layouts import Layout, Source
from recmia.data.times import UNKNOWN_TIME, BadTime, detect, milliseconds
from recmia.errors import DataError

BLOCK = 16 << 20
# What a damaged file raises, depending on where the damage is.
DAMAGE = (
    pa.ArrowInvalid,
    OSError,
    EOFError,
    zlib.error,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    BadId,
    BadTime,
)


class Chunk(NamedTuple):
    """Some clicks of a log, in file order.

    Attributes:
        clicks: columns ``key`` and ``item`` (int64 or string), ``time`` (int64 milliseconds
            since 1970 UTC, -1 where unknown) and ``row`` (int64, place in the log, from 0).
        read: bytes of the log that this chunk stands for, for progress bars.
    """

    clicks: pa.Table
    read: int


def read_delimited(source: Source, layout: Layout, first_row: int = 0) -> Iterator[Chunk]:
    """Read a delimited text file.

    Args:
        source: the file.
        layout: its columns.
        first_row: row number of the first click.

    Raises:
        DataError: the first thing that is wrong, with its line and column.
    """
    header = layout.columns is None
    if header:
        diagnosis.check_header(source, layout)
    id_type = pa.int64() if layout.ids == "integer" else pa.string()
    types = {layout.key: id_type, layout.item: id_type}
    if layout.time is not None:
        types[layout.time] = pa.string()
    form, row = None, first_row
    with source.open() as stream:
        try:
            reader = pcsv.open_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=pcsv.ReadOptions(column_names=_arrow_names(layout), block_size=BLOCK),
                parse_options=pcsv.ParseOptions(
                    delimiter=layout.delimiter[0], quote_char='"' if header else False
                ),
                convert_options=pcsv.ConvertOptions(
                    column_types=types,
                    include_columns=list(types),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
            for batch in reader:
                if not len(batch):
                    continue
                times = batch.column(layout.time) if layout.time else None
                if form is None and times is not None:
                    form = detect(times)
                keys, items = batch.column(layout.key), batch.column(layout.item)
                yield _chunk(keys, items, times, form, layout, row, BLOCK)
                row += len(batch)
        except DAMAGE as error:
            diagnosis.explain_delimited(source, layout, form, error)
    if row == first_row:
        raise diagnosis.empty(source)


def read_session_lines(source: Source, first_line: int = 0, first_row: int = 0) -> Iterator[Chunk]:
    """Read a file of one session a line, item ids in click order, separated by blanks.

    The key of a session is its line number, counted on from ``first_line`` (so from 1).

    Raises:
        DataError: a line is empty or holds something that is no id.
    """
    line, row = first_line, first_row
    with source.open() as stream:
        try:
            reader = pcsv.open_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=pcsv.ReadOptions(column_names=["line"], block_size=BLOCK),
                # No blank-separated text holds this character, so that a line is one column.
                parse_options=pcsv.ParseOptions(
                    delimiter="\x01", quote_char=False, ignore_empty_lines=False
                ),
                convert_options=pcsv.ConvertOptions(column_types={"line": pa.string()}),
            )
            for batch in reader:
                words = pc.ascii_split_whitespace(pc.ascii_trim_whitespace(batch.column(0)))
                items = pc.cast(pc.list_flatten(words), pa.int64())
                check_ids(items)
                keys = pc.list_parent_indices(words).to_numpy() + line + 1
                yield _chunk(pa.array(keys.astype(np.int64)), items, None, None, None, row, BLOCK)
                line, row = line + len(batch), row + len(items)
        except DAMAGE as error:
            diagnosis.explain_session_lines(source, error)
    if row == first_row:
        raise diagnosis.empty(source)


def read_parquet(source: Source, layout: Layout, first_row: int = 0) -> Iterator[Chunk]:
    """Read a Parquet file; ``line`` in its errors is the row, from 1.

    Raises:
        DataError: the file is unreadable, lacks a column, or holds a value of no use.
    """
    row = first_row
    try:
        file = pq.ParquetFile(source.path)
        diagnosis.check_names(source, layout, file.schema_arrow.names)
        diagnosis.check_id_types(source, layout, file.schema_arrow)
        total, size, form = file.metadata.num_rows, source.size(), None
        names = list(dict.fromkeys(n for n in (layout.key, layout.item, layout.time) if n))
        for batch in file.iter_batches(batch_size=1 << 19, columns=names):
            if not len(batch):
                continue
            columns = {name: _plain(batch.column(name)) for name in names}
            times = columns.get(layout.time)
            try:
                if form is None and times is not None:
                    form = detect(times)
                share = size * len(batch) // max(total, 1)
                keys, items = columns[layout.key], columns[layout.item]
                yield _chunk(keys, items, times, form, layout, row, share)
            except (BadId, BadTime) as error:
                diagnosis.explain_columns(source, layout, form, columns, row - first_row, error)
            row += len(batch)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"not a readable Parquet file ({str(error).splitlines()[0]})",
            file=source.place,
            line=row - first_row + 1 if row > first_row else None,
            remedy="Check the path, or write the file again.",
        ) from error
    if row == first_row:
        raise diagnosis.empty(source)


def _chunk(keys, items, times, form, layout: Layout | None, row: int, read: int) -> Chunk:
    check_ids(keys)
    check_ids(items)
    n = len(keys)
    if times is None:
        stamps = np.full(n, UNKNOWN_TIME, dtype=np.int64)
    else:
        stamps = milliseconds(times, form, zero_is_unknown=layout.zero_is_unknown)
    columns = {"key": keys, "item": items, "time": stamps, "row": np.arange(row, row + n)}
    return Chunk(pa.table(columns), read)


def _plain(column: pa.Array) -> pa.Array:
    """Ids as int64 or string, whatever their width or encoding; other columns as they are."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_integer(column.type):
        return pc.cast(column, pa.int64())
    return pc.cast(column, pa.string()) if pa.types.is_large_string(column.type) else column


def _arrow_names(layout: Layout) -> list[str] | None:
    """Column names for Arrow, whose delimiter is one character: '::' is two, a blank between."""
    if layout.columns is None:
        return None
    blanks = len(layout.delimiter) - 1
    names = [n for c in layout.columns for n in (c, *(f"{c} blank {b}" for b in range(blanks)))]
    return names[: len(names) - blanks]
