"""Tables as they are read and checked: the first value that is no good is named with its line.

polars reads fast and does not count lines. So a file is read by polars first; where a value is no
good, or a row may have too few columns (which polars fills up), the file is gone through line by
line with the same casts. Either the first fault is found and named there, or there is none and
what was read line by line counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recmia.data.files import FETCH_AGAIN, Source
from recmia.data.kinds import Kind
from recmia.data.times import BadTime
from recmia.errors import DataError

# What polars and the functions that it calls raise at a value or line that is no good.
UNUSUAL = (pl.exceptions.PolarsError, pa.ArrowException, BadTime)
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", "::": "'::'"}


def _is_data(name: str) -> bool:
    """Whether the name of a column is rather a value: a number or a date."""
    return bool(re.fullmatch(r"\s*-?\d+([.,]\d+)?\s*|\d{4}-\d\d-\d\d.*", name))


@dataclass(frozen=True)
class Format:
    """What a table holds and how it is written.

    Attributes:
        kinds: columns to read.
        columns: names of all columns, exactly these, where a text file has no header line.
        delimiter: between columns: one character, or '::' without a header.
        required: columns that must be there and are not read.
        optional: columns to read where they are there.
        others: kind of all other columns, to read them as well.
        encoding: of the text.
        quotes: whether values may stand in quotation marks; where None, with a header only.
        lines: what a line is where it is no row of a table, see `recmia.data.lines`; ``kinds`` has
            the columns that this gives.
        session_lines: a line holds ids, blanks between them. ``kinds`` has two columns, the
            number of the line and the id.
        naming: what to do where a column is missing.
        separating: what to do where another delimiter would fit.
        decoding: what to do where the text is not UTF-8.
        unquoting: what to do where a quotation mark is no such thing.
        heading: what to do where the first line is data.
        chosen: the names of the columns are a person's choice, which may have been data.
    """

    kinds: Mapping[str, Kind]
    columns: tuple[str, ...] | None = None
    delimiter: str = ","
    required: tuple[str, ...] = ()
    optional: Mapping[str, Kind] = field(default_factory=dict)
    others: Kind | None = None
    encoding: str = "utf-8-sig"
    quotes: bool | None = None
    lines: str | None = None
    session_lines: bool = False
    naming: str = "Name its columns in data.columns."
    separating: str = "Set data.delimiter."
    decoding: str = "Export the file as UTF-8."
    unquoting: str = "Close it; one inside a value in quotation marks is written twice."
    heading: str = "Write a line with the columns' names above it."
    chosen: bool = False

    @property
    def has_header(self) -> bool:
        """Whether the first line of a text file names its columns."""
        return self.columns is None and not self.session_lines and self.lines is None

    @property
    def quoted(self) -> bool:
        """Whether values of a text file may stand in quotation marks."""
        return self.has_header if self.quotes is None else self.quotes


class Table:
    """An opened file, see `recmia.data.reader.opened`.

    Attributes:
        source: where it is.
        path: where it is without its packing.
        form: what it should hold.
        names: its columns.
        kinds: those that are read.
    """

    def __init__(self, source: Source, path: Path, form: Format) -> None:
        """Check the header."""
        self.source, self.path, self.form = source, path, form
        self.names, first = self._header()
        kinds = {**form.kinds, **{n: k for n, k in form.optional.items() if n in self.names}}
        if form.others is not None:
            kinds |= {name: form.others for name in self.names if name not in kinds}
        for name in dict.fromkeys((*kinds, *form.required)):
            if self.names.count(name) != 1:
                raise self._no_column(name)
            # A frame without names is written with the numbers of its columns.
            place = self.names.index(name)
            numbered = name in (str(place), str(place + 1))
            if form.chosen and form.has_header and _is_data(name) and not numbered:
                raise self.error(
                    "the first line looks like data", line=1, column=name, remedy=form.heading
                )
        self.kinds = {name: kind.fitted(first.get(name)) for name, kind in kinds.items()}

    def read(self) -> pl.DataFrame:
        """The checked columns, without nulls.

        Raises:
            DataError: the first thing that is wrong, with its line and column; or no rows.
        """
        frame = self._read()
        if not len(frame):
            raise self.error("the file holds no rows", line=1, remedy=FETCH_AGAIN)
        return frame

    def store(self, path: Path) -> None:
        """Write the checked columns to a Parquet file in bounded memory; it may have no rows.

        Raises:
            DataError: the first thing that is wrong, with its line and column.
            OSError: the file cannot be written.
        """
        fast = self._fast()
        if fast is not None:
            # A file of its own: after an error polars may go on writing for a moment.
            attempt = path.with_name(f"{path.name}.attempt")
            try:
                with suppress(*UNUSUAL):
                    fast.sink_parquet(attempt, compression="lz4")
                    if self._is_whole(pl.scan_parquet(attempt, glob=False)):
                        attempt.replace(path)
                        return
            finally:
                attempt.unlink(missing_ok=True)
        blocks = (block.to_arrow() for block in self._careful())
        first = next(blocks)
        with pq.ParquetWriter(path, first.schema, compression="lz4") as writer:
            writer.write_table(first)
            for block in blocks:
                writer.write_table(block)

    def line(self, row: int) -> int:
        """Line of a row that counts from 0."""
        raise NotImplementedError

    def error(
        self, problem: str, *, remedy: str, line: int | None = None, column: str | None = None
    ) -> DataError:
        """The error about a place in the file."""
        return DataError(problem, file=self.source.place, line=line, column=column, remedy=remedy)

    def _header(self) -> tuple[list[str], Mapping[str, Any]]:
        """Names of the columns, and the first row as far as it is there."""
        raise NotImplementedError

    def _fast(self) -> pl.LazyFrame | None:
        """All rows by polars alone, null where a value is no good; None where it cannot read it."""
        raise NotImplementedError

    def _careful(self) -> Iterator[pl.DataFrame]:
        """All rows in checked blocks, at least one (perhaps without rows)."""
        raise NotImplementedError

    def _read(self) -> pl.DataFrame:
        fast = self._fast()
        if fast is not None:
            with suppress(*UNUSUAL):
                frame = fast.collect(engine="streaming")
                if self._is_whole(frame.lazy()):
                    return frame.select(*self.kinds)
        return pl.concat(self._careful())

    def _is_whole(self, frame: pl.LazyFrame) -> bool:
        return not any(frame.null_count().collect().row(0))

    def _parsed(self, columns: Sequence[str], schema: Mapping[str, pl.DataType]) -> dict:
        return {name: self.kinds[name].parse(pl.col(name), schema[name]) for name in columns}

    def _good(self, block: pl.DataFrame, *columns: str) -> pl.DataFrame | None:
        """The values of a block, or None where one of them is no good."""
        with suppress(*UNUSUAL):
            parsed = block.select(**self._parsed(columns or tuple(self.kinds), block.schema))
            if not any(parsed.null_count().row(0)):
                return parsed
        return None

    def _checked(self, block: pl.DataFrame, lines: Sequence[int]) -> pl.DataFrame:
        """The values of a block whose rows stand on these lines.

        Raises:
            DataError: about the first value that is no good.
        """
        good = self._good(block)
        if good is not None:
            return good
        low, high = 0, len(block)  # the first bad row lies in [low, high)
        while high - low > 1:
            middle = (low + high) // 2
            if self._good(block[low:middle]) is None:
                high = middle
            else:
                low = middle
        row = block[low:high]
        name = next(name for name in self.kinds if self._good(row, name) is None)
        kind = self.kinds[name]
        problem = kind.problem(row[name][0])
        raise self.error(problem, line=lines[low], column=name, remedy=kind.remedy)

    def _no_column(self, name: str) -> DataError:
        problem = "there twice" if name in self.names else "missing"
        if any(folder.startswith(f"{name}=") for folder in self.source.path.parts):
            return self.error(
                "the column is in the names of folders only",
                column=name,
                remedy="Write it into the files too, or do without it.",
            )
        wanted = {*self.form.kinds, *self.form.required}
        remedy = self._other_delimiter(self.form.delimiter.join(self.names), wanted)
        if remedy is None and any(map(_is_data, self.names)):
            remedy = f"The first line looks like data. {self.form.heading}"
        return self.error(
            f"the column is {problem}",
            line=1,
            column=name,
            remedy=remedy or f"The file has: {', '.join(self.names)}. {self.form.naming}",
        )

    def _other_delimiter(self, line: str, wanted: set[str] | int) -> str | None:
        for delimiter, name in _DELIMITERS.items():
            fields = line.split(delimiter)
            fits = wanted <= set(fields) if isinstance(wanted, set) else wanted == len(fields)
            if delimiter != self.form.delimiter and len(fields) > 1 and fits:
                return f"The columns look separated by {name}. {self.form.separating}"
        return None

    def _wrong_count(self, line: int, fields: Sequence[str]) -> DataError:
        names, found = self.names, len(fields)
        delimiter = self.form.delimiter
        return self.error(
            f"{len(names)} columns expected ({', '.join(names)}), found {found}",
            line=line,
            column=names[found] if found < len(names) else f"number {len(names) + 1}",
            remedy=self._other_delimiter(delimiter.join(fields), len(names))
            or "Correct the line (values that hold the delimiter stand in quotation marks); "
            f"columns are separated by {_DELIMITERS.get(delimiter, repr(delimiter))}.",
        )
