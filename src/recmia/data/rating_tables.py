"""Columns of a delimited file as checked arrays; errors name the line and column at fault."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv

from recmia.data.diagnosis import check_header
from recmia.data.layouts import FETCH_AGAIN, Layout, Source
from recmia.data.lines import rows_of
from recmia.data.readers import DAMAGE
from recmia.errors import DataError

_KINDS = {int: pa.int64(), float: pa.float64(), str: pa.string()}
_WORDS = {int: "a whole number that is not negative", float: "a number", str: "text"}


def read_columns(source: Source, layout: Layout, kinds: Mapping[str, type]) -> dict:
    """Read columns of a delimited file.

    Args:
        source: the file.
        layout: names of all columns where there is no header, and the delimiter.
        kinds: column to int, float or str; whole numbers must not be negative, numbers be finite.

    Returns:
        Column to int64, float64 or object array, all of one length.

    Raises:
        DataError: the first thing that is wrong, with its line and column.
    """
    header = layout.columns is None
    if header:
        check_header(source, layout)
    names = None
    if not header:
        # Arrow's delimiter is one character: between the colons of '::' lies an empty column.
        blanks = len(layout.delimiter) - 1
        names = [n for c in layout.columns for n in (c, *(f"{c} blank {b}" for b in range(blanks)))]
        names = names[: len(names) - blanks]
    try:
        with source.open() as stream:
            table = pcsv.read_csv(
                pa.PythonFile(stream, mode="r"),
                read_options=pcsv.ReadOptions(column_names=names),
                parse_options=pcsv.ParseOptions(
                    delimiter=layout.delimiter[0], quote_char='"' if header else False
                ),
                convert_options=pcsv.ConvertOptions(
                    column_types={name: _KINDS[kind] for name, kind in kinds.items()},
                    include_columns=list(kinds),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        columns = {name: _checked(table[name], kind) for name, kind in kinds.items()}
    except (*DAMAGE, UnicodeDecodeError) as error:
        _explain(source, layout, kinds, error)
    if not len(table):
        raise DataError("the file holds no rows", file=source.place, line=1, remedy=FETCH_AGAIN)
    return columns


def _checked(column: pa.ChunkedArray, kind: type) -> np.ndarray:
    values = column.to_numpy()
    if column.null_count or (kind is int and len(values) and values.min() < 0):
        raise pa.ArrowInvalid("a value is missing or negative")
    if kind is float and not np.isfinite(values).all():
        raise pa.ArrowInvalid("a number is not finite")
    return values


def _explain(source: Source, layout: Layout, kinds: Mapping[str, type], error: Exception) -> None:
    """Go through the file again, line by line, and raise the error that a person needs."""
    names = list(layout.columns) if layout.columns is not None else None
    for number, fields in rows_of(source, layout):
        if names is None:
            names = fields
            continue
        if len(fields) != len(names):
            raise DataError(
                f"{len(fields)} fields where there should be {len(names)} ({', '.join(names)})",
                file=source.place, line=number, remedy="Correct or drop the line.",
            ) from error  # fmt: skip
        for name, kind in kinds.items():
            if not _fits(fields[names.index(name)], kind):
                raise DataError(
                    f"'{fields[names.index(name)][:40]}' is not {_WORDS[kind]}",
                    file=source.place, line=number, column=name,
                    remedy="Correct or drop the line.",
                ) from error  # fmt: skip
    raise DataError(f"the file cannot be read ({error})", file=source.place, remedy=FETCH_AGAIN)


def _fits(text: str, kind: type) -> bool:
    if kind is int:
        return text.isascii() and text.isdigit() and len(text) < 19
    try:
        return bool(text) and (kind is str or math.isfinite(float(text)))
    except ValueError:
        return False
