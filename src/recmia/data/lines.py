"""Lines of a text file with their numbers, as a person counts them in an editor."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator

from recmia.data.layouts import FETCH_AGAIN, Layout, Source
from recmia.errors import DataError


def rows_of(source: Source, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Line number (from 1) and fields of every line that is not blank.

    Raises:
        DataError: the file is damaged.
    """
    if layout.columns is not None:
        for number, line in lines_of(source):
            if line:
                yield number, line.split(layout.delimiter)
        return
    # Quoted fields may hold line ends: the line named is the last of its row.
    number = 0
    with source.open_text() as text:
        reader = csv.reader(text, delimiter=layout.delimiter)
        try:
            for fields in reader:
                number = reader.line_num
                if fields:
                    yield number, fields
        except (EOFError, zlib.error, OSError) as error:
            raise _cut_off(source, number, error) from error
        except csv.Error as error:
            raise DataError(str(error), file=source.place, line=number + 1) from error


def lines_of(source: Source) -> Iterator[tuple[int, str]]:
    """Line number (from 1) and text of every line, without its end.

    Raises:
        DataError: the file is damaged.
    """
    number = 0
    with source.open_text() as text:
        try:
            for number, line in enumerate(text, 1):
                yield number, line.rstrip("\r\n")
        except (EOFError, zlib.error, OSError) as error:
            raise _cut_off(source, number, error) from error


def _cut_off(source: Source, whole_lines: int, error: Exception) -> DataError:
    return DataError(
        f"the compressed file is damaged or cut off ({error})",
        file=source.place,
        line=whole_lines + 1,
        remedy=FETCH_AGAIN,
    )
