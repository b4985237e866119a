"""Where a log is at fault: the first bad line and column, looked for only once reading failed.

The readers are strict and fast but cannot always tell the line. When one of them fails, the
functions here go through the file again with the same checks and raise the error a person needs.
"""

from __future__ import annotations

from itertools import islice
from typing import NoReturn

import pyarrow as pa

from recmia.data.checks import BadId, as_ids
from recmia.data.layouts import FETCH_AGAIN, Layout, Source
from recmia.data.lines import lines_of, rows_of
from recmia.data.times import BadTime, detect, milliseconds
from recmia.errors import DataError

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", "::": "'::'"}
_ID_REMEDY = "Correct or drop the row; ids are non-negative whole numbers{}."
_TIME_REMEDY = (
    "Give every row a time of one form: ISO 8601, or seconds or milliseconds since 1970; "
    "drop rows whose time is unknown."
)


def empty(source: Source) -> DataError:
    """The error for a file without a single click."""
    return DataError("the file holds no clicks", file=source.place, line=1, remedy=FETCH_AGAIN)


def check_header(source: Source, layout: Layout) -> None:
    """Check that the first line of a delimited file names every column needed, once.

    Raises:
        DataError: the header or a column is missing, or a name is there twice.
    """
    _, names = next(rows_of(source, layout), (1, []))
    if not names:
        raise empty(source)
    check_names(source, layout, names)


def check_names(source: Source, layout: Layout, names: list[str]) -> None:
    """Check that ``names`` has every column that the layout needs, once.

    Raises:
        DataError: naming the first column that is missing or there twice.
    """
    for name in layout.required:
        if names.count(name) == 1:
            continue
        problem = "there twice" if name in names else "missing"
        header = layout.delimiter.join(names)
        remedy = _better_delimiter(header, layout, set(layout.required)) or (
            f"The file has: {', '.join(names)}. Name its columns in data.columns."
        )
        raise DataError(
            f"the column is {problem}",
            file=source.place,
            line=1,
            column=name,
            remedy=remedy,
        )


def check_id_types(source: Source, layout: Layout, schema: pa.Schema) -> None:
    """Check that the id columns of a Parquet file hold integers or text.

    Raises:
        DataError: naming the first column of another type.
    """
    for name in (layout.key, layout.item):
        kind = schema.field(name).type
        inner = kind.value_type if pa.types.is_dictionary(kind) else kind
        text = pa.types.is_string(inner) or pa.types.is_large_string(inner)
        if not text and not pa.types.is_integer(inner):
            raise DataError(
                f"ids of type {kind}",
                file=source.place,
                column=name,
                remedy="Write the column as integers or as text.",
            )


def explain_delimited(
    source: Source, layout: Layout, form: str | None, error: Exception
) -> NoReturn:
    """Raise the error for the first bad line of a delimited file.

    Args:
        source: the file.
        layout: its columns.
        form: the form of its times, as found by its first chunk; None where not yet known.
        error: what the reader raised.

    Raises:
        DataError: always.
    """
    rows = rows_of(source, layout)
    names = list(layout.columns or next(rows)[1])
    seen = 0
    while True:
        block, wrong = _block(rows, len(names))
        seen += len(block)
        if block:
            columns = {
                name: pa.array([f[names.index(name)] or None for _, f in block], pa.string())
                for name in (layout.key, layout.item, layout.time)
                if name is not None
            }
            if form is None and layout.time is not None:
                form = _form(columns[layout.time])
            place = _first_bad(columns, layout, form)
            if place is not None:
                index, name, problem = place
                line, fields = block[index]
                raise _bad_value(source, layout, line, name, fields[names.index(name)], problem)
        if wrong is not None:
            raise _wrong_count(source, layout, *wrong, names)
        if not block:
            break
    if not seen:
        raise empty(source)
    raise _unexplained(source, error)


def explain_session_lines(source: Source, error: Exception) -> NoReturn:
    """Raise the error for the first bad line of a file of one session a line.

    Raises:
        DataError: always.
    """
    number = 0
    for number, text in lines_of(source):
        words = text.split()
        bad = next((word for word in words if not word.isdecimal()), None)
        if bad is not None or not words:
            problem = f"'{bad}' is not an item id" if words else "the session is empty"
            raise DataError(
                problem,
                file=source.place,
                line=number,
                column="items",
                remedy="A line holds one session: item ids (non-negative whole numbers), blanks.",
            )
    raise empty(source) if not number else _unexplained(source, error)


def explain_columns(
    source: Source,
    layout: Layout,
    form: str | None,
    columns: dict[str, pa.Array],
    before: int,
    error: Exception,
) -> NoReturn:
    """Raise the error for the first bad row of a Parquet batch that starts after ``before`` rows.

    Raises:
        DataError: always.
    """
    if form is None and layout.time is not None:
        form = _form(columns[layout.time])
    place = _first_bad(columns, layout, form)
    if place is None:
        raise _unexplained(source, error)
    index, name, problem = place
    value = columns[name][index].as_py()
    raise _bad_value(source, layout, before + index + 1, name, value, problem)


def _bad_value(source, layout: Layout, line: int, name: str, value, problem: str) -> DataError:
    ids = _ID_REMEDY.format("" if layout.ids == "integer" else " or text")
    return DataError(
        problem + ("" if value is None or value == "" else f" ('{value}')"),
        file=source.place,
        line=line,
        column=name,
        remedy=_TIME_REMEDY if name == layout.time else ids,
    )


def _first_bad(columns, layout: Layout, form: str | None) -> tuple[int, str, str] | None:
    """Place, column and problem of the first bad value, or None."""
    n = len(columns[layout.key])
    if _problem(columns, layout, form, slice(0, n)) is None:
        return None
    low, high = 0, n  # the first bad value lies in [low, high)
    while high - low > 1:
        middle = (low + high) // 2
        if _problem(columns, layout, form, slice(low, middle)) is None:
            low = middle
        else:
            high = middle
    name, problem = _problem(columns, layout, form, slice(low, high))
    return low, name, problem


def _problem(columns, layout: Layout, form: str | None, rows: slice) -> tuple[str, str] | None:
    for name, values in columns.items():
        try:
            if name == layout.time:
                kept = values[rows]
                milliseconds(kept, form or "iso", zero_is_unknown=layout.zero_is_unknown)
            else:
                as_ids(values[rows], layout.ids)
        except BadTime as error:
            return name, str(error).split(" (")[0]
        except BadId as error:
            return name, str(error)
    return None


def _form(times: pa.Array) -> str | None:
    try:
        return detect(times)
    except BadTime:
        return None


def _block(rows, wanted: int):
    """The next rows of ``wanted`` fields, and the row that ended them by having another number."""
    block = []
    for number, fields in islice(rows, 4096):
        if len(fields) != wanted:
            return block, (number, fields)
        block.append((number, fields))
    return block, None


def _wrong_count(source, layout, number, fields, names) -> DataError:
    text = layout.delimiter.join(fields)
    return DataError(
        f"{len(names)} columns expected ({', '.join(names)}), found {len(fields)}",
        file=source.place,
        line=number,
        column=names[len(fields)] if len(fields) < len(names) else f"number {len(names) + 1}",
        remedy=_better_delimiter(text, layout, len(names))
        or "Correct the line; columns are separated by "
        f"{_DELIMITERS.get(layout.delimiter, repr(layout.delimiter))}.",
    )


def _better_delimiter(text: str, layout: Layout, wanted: set[str] | int) -> str | None:
    for delimiter, name in _DELIMITERS.items():
        fields = text.split(delimiter)
        fits = wanted <= set(fields) if isinstance(wanted, set) else wanted == len(fields)
        if delimiter != layout.delimiter and len(fields) > 1 and fits:
            change = "Set data.delimiter" if layout.columns is None else "Separate them by commas"
            return f"The columns look separated by {name}. {change}."
    return None


def _unexplained(source: Source, error: Exception) -> DataError:
    return DataError(
        f"the file cannot be read ({error})", file=source.place, remedy="Check how it is written."
    )
