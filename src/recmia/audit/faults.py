"""Where an audit's CSV file is at fault: looked for only once reading it failed.

The reader in `recmia.audit.tables` is strict and fast but cannot tell the line. When it fails, the
functions here go through the file again and raise the error that a person needs.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa

from recmia.data.times import BadTime, detect, milliseconds
from recmia.errors import DataError

LONGEST_ID = 1024  # bytes; more is an unclosed quotation mark, not an id
_WHOLE = re.compile(r"[ \t]*-?[0-9]+[ \t]*")


def check_header(path: Path, required: Sequence[str]) -> list[str]:
    """Names of the columns of a file.

    Args:
        path: the file.
        required: columns that must be there.

    Raises:
        DataError: the file is missing, empty or not text, or a column is missing or there twice.
    """
    if not path.is_file():
        raise DataError(
            "there is no such file.", file=path,
            remedy=f"write it with the columns {', '.join(required)}; see `recmia audit lists "
            "--help`, and `recmia audit example` for files to look at.",
        )  # fmt: skip
    try:
        line, names = next(rows_of(path), (1, []))
    except OSError as error:
        raise DataError(
            f"the file cannot be opened ({error.strerror}).",
            file=path,
            remedy="check who may read it.",
        ) from error
    if not names:
        raise DataError(
            "the file is empty.", file=path, line=1,
            remedy=f"write it with the columns {', '.join(required)}.",
        )  # fmt: skip
    _valid_text(path, line, names, names)
    for name in dict.fromkeys([*required, *names]):
        if names.count(name) == 1:
            continue
        raise DataError(
            f"the column is {'there twice' if name in names else 'missing'}.",
            file=path, line=line, column=name,
            remedy=f"the file has: {', '.join(names)}. Name its columns exactly "
            f"{', '.join(required)}, separated by commas.",
        )  # fmt: skip
    return names


def rows_of(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line number (from 1) and fields of every line that is not blank; for errors only."""
    # Bytes that are not UTF-8 come through as lone surrogates, for _valid_text to find.
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.reader(text)
        try:
            for fields in reader:
                if fields:
                    yield reader.line_num, fields
        except csv.Error as error:
            raise DataError(
                f"the line cannot be read ({error}).", file=path, line=reader.line_num + 1,
                remedy="look for an unclosed quotation mark or a null byte.",
            ) from error  # fmt: skip


def _valid_text(path: Path, line: int, names: Sequence[str], fields: Sequence[str]) -> None:
    for name, text in zip(names, fields):  # noqa: B905
        if any("\udc80" <= letter <= "\udcff" for letter in text):
            raise DataError(
                "the text is not UTF-8.", file=path, line=line,
                column=name.encode("utf-8", "replace").decode("utf-8"),
                remedy="export the file as UTF-8.",
            )  # fmt: skip


def explain(
    path: Path, header: list[str], kinds: dict[str, pa.DataType], form: str | None, error: Exception
) -> NoReturn:
    """Raise the error about the first bad line of a file.

    Args:
        path: the file.
        header: its columns.
        kinds: Arrow types of the columns that were read; text stands for times.
        form: the form of its times, as found by its first block; None where not yet known.
        error: what the reader raised.

    Raises:
        DataError: always.
    """
    rows = rows_of(path)
    next(rows)
    for line, fields in rows:
        _valid_text(path, line, header, fields)
        if len(fields) != len(header):
            raise DataError(
                f"{len(header)} columns expected ({', '.join(header)}), found {len(fields)}.",
                file=path, line=line, column=header[min(len(fields), len(header) - 1)],
                remedy="correct the line; put an id that holds a comma into quotation marks.",
            )  # fmt: skip
        for name, kind in kinds.items():
            problem = _problem(fields[header.index(name)], name, kind, form)
            if problem is not None:
                raise DataError(problem[0], file=path, line=line, column=name, remedy=problem[1])
    raise DataError(
        f"the file cannot be read ({error}).", file=path, remedy="check how it is written."
    ) from error


def _problem(text: str, name: str, kind: pa.DataType, form: str | None) -> tuple[str, str] | None:
    """What is wrong with a value, and what to do about it."""
    shown = f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"
    if pa.types.is_dictionary(kind):
        size = len(text.encode("utf-8", "replace"))
        if size == 0:
            return "the id is empty.", "give every row an id, or leave the row out."
        if "\n" in text or "\r" in text:
            return (
                f"the id {shown!r} goes over the end of the line.",
                "close the quotation mark, or take line ends out of the ids.",
            )
        if "\0" in text:
            return f"the id {shown!r} holds a null byte.", "export the file again, as UTF-8 text."
        if size > LONGEST_ID:
            return (
                f"an id of {size:,} bytes ({shown}); at most {LONGEST_ID:,} are read.",
                "look for an unclosed quotation mark, or give the ids shorter names.",
            )
    elif pa.types.is_integer(kind):
        if not _WHOLE.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
            return f"{shown} is not a whole number.", "write a whole number, such as 1."
    elif pa.types.is_floating(kind):
        try:
            good = np.isfinite(np.float32(float(text)) if kind == pa.float32() else float(text))
        except ValueError:
            good = False
        if not good:
            return (
                f"{shown} is not a finite number.",
                f"write a number, or leave the column '{name}' out."
                if name == "rating"
                else "write a number, with a point before the decimals.",
            )
    else:
        try:
            milliseconds(pa.array([text]), form or detect(pa.array([text])), zero_is_unknown=True)
        except BadTime as error:
            return (
                f"{str(error).split(' (')[0]} ({shown}).",
                "write times as seconds or milliseconds since 1970 or as ISO 8601, all alike, or "
                "leave the column out.",
            )
    return None
