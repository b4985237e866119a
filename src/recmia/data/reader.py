"""The one reader: delimited text, packed or not, and Parquet, as checked columns."""

from __future__ import annotations

import csv
import mmap
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recmia.data.files import FETCH_AGAIN, Source
from recmia.data.kinds import Ids
from recmia.data.lines import LINES, BadLine
from recmia.data.tables import Format, Table
from recmia.errors import DataError

BLOCK = 1 << 14  # rows that are checked together where polars alone does not read a file
_FULL = "the row has every column"  # an extra column: true, or null where that is not known
_NO_TEXT = "\x01"  # no text holds this character, so that a line is one column


@contextmanager
def opened(source: Source, form: Format, folder: Path | None = None) -> Iterator[Table]:
    """A file whose header has been checked.

    Args:
        source: the file.
        form: what it should hold.
        folder: where a packed file is unpacked to for the time of the block.

    Raises:
        DataError: the file is unreadable, or a column is missing or there twice.
    """
    with source.plain(folder) as path:
        parquet = source.is_parquet or Source(path).is_parquet  # it may have been packed
        yield (ParquetTable if parquet else TextTable)(source, path, form)


def read(source: Source, form: Format) -> pl.DataFrame:
    """The checked columns of a file, without nulls.

    Raises:
        DataError: the first thing that is wrong, with its line and column; or there are no rows.
    """
    with opened(source, form) as table:
        return table.read()


class TextTable(Table):
    """A delimited text file, or one of session lines."""

    def line(self, row: int) -> int:
        """Line of a row that counts from 0 below the header; a quoted line end counts."""
        return next(islice(self._rows(), row + self.form.has_header, None))[0]

    def _header(self) -> tuple[list[str], dict[str, str]]:
        rows, form = self._rows(), self.form
        self._header_line, names = next(rows, (1, ())) if form.has_header else (0, form.columns)
        names = list(form.kinds if form.session_lines or form.lines else names)
        if not names:
            raise self.error("the file is empty", line=1, remedy=FETCH_AGAIN)
        self._check_text(self._header_line, names, names)
        if any(letter < " " and letter not in "\t\r\n" for letter in "".join(names)):
            raise self.error(
                "the file is not text", line=1, remedy="Export it as CSV in UTF-8, or as Parquet."
            )
        self.names = names  # for errors about the row below
        first = next(rows, (0, ()))[1]
        return names, dict(zip(names, first))  # noqa: B905

    def _fast(self) -> pl.LazyFrame | None:
        if self._header_line > 1 or self.form.encoding != "utf-8-sig" or self.form.lines:
            return None
        if self.form.session_lines:
            number, item = self.kinds
            words = pl.col("0").str.strip_chars().str.split(" ")
            lines = self._scan(1, _NO_TEXT, None).select(words.alias(item))
            lines = lines.with_row_index(number, offset=1).explode(item)
            return lines.select(**self._parsed((number, item), lines.collect_schema()))
        # polars' delimiter is one character: between the colons of '::' lies an empty column.
        step = len(self.form.delimiter)
        n = (len(self.names) - 1) * step + 1
        full = pl.col(str(n - 1)).is_not_null() & pl.all_horizontal(
            *(pl.col(str(place)).is_null() for place in range(n) if place % step), pl.lit(True)
        )
        quote = '"' if self.form.quoted else None
        return self._scan(n, self.form.delimiter[0], quote).select(
            pl.when(full).then(True).alias(_FULL),
            **{
                name: kind.parse(pl.col(str(self.names.index(name) * step)), pl.String())
                for name, kind in self.kinds.items()
            },
        )

    def _scan(self, columns: int, delimiter: str, quote: str | None) -> pl.LazyFrame:
        """Columns of text, named '0', '1' and so on; null where nothing stands."""
        return pl.scan_csv(
            self.path,
            has_header=False,
            skip_rows=self._header_line,
            schema={str(place): pl.String for place in range(columns)},
            separator=delimiter,
            quote_char=quote,
            glob=False,
        )

    def _is_whole(self, frame: pl.LazyFrame) -> bool:
        nulls = frame.null_count().collect().row(0, named=True)
        short = nulls.pop(_FULL, 0)
        if any(nulls.values()) or (short and not self._is_even()):
            return False
        # Without rows the lines may end in another way than polars looks for.
        rows = frame.select(pl.len()).collect().item()
        return rows > 0 and (not self.form.quoted or self._is_closed(rows))

    def _is_closed(self, rows: int) -> bool:
        """Whether each of so many rows is a line of its own whose quotation marks pair up."""
        with (
            open(self.path, "rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text,
        ):
            if text.find(b'"') < 0:
                return True
        line, between = pl.col("0"), re.escape(self.form.delimiter)
        odd = line.str.count_matches('"', literal=True) % 2 == 1
        # A mark that closes stands before a delimiter or the end of the line.
        odd |= line.str.contains(rf'(^|{between})"([^"]|"")*"[^"{between}\r]')
        lines = self._scan(1, _NO_TEXT, None).select(pl.len().alias("n"), odd.any().alias("odd"))
        return lines.collect().row(0) == (rows, False)

    def _is_even(self) -> bool:
        """Whether all lines are free of quotation marks and have as many delimiters as columns."""
        line, wanted = pl.col("0"), len(self.names) - 1
        even = (line.str.count_matches(self.form.delimiter, literal=True) == wanted) & ~(
            line.str.contains('"', literal=True)
        )
        lines = self._scan(1, _NO_TEXT, None).select(even.fill_null(False).all())
        return lines.collect().item()

    def _careful(self) -> Iterator[pl.DataFrame]:
        rows = islice(self._rows(), int(self.form.has_header), None)
        places = {name: self.names.index(name) for name in self.kinds}
        while True:
            lines, block, fault = [], [], None
            try:
                for line, fields in islice(rows, BLOCK):
                    if len(fields) != len(self.names):
                        raise self._wrong_count(line, fields)
                    kept = [fields[place] for place in places.values()]
                    self._check_text(line, places, kept)
                    lines.append(line)
                    block.append([value or None for value in kept])
            except DataError as error:
                fault = error  # what comes before it may be at fault as well
            text = pl.DataFrame(block, dict.fromkeys(places, pl.String), orient="row")
            yield self._checked(text, lines)
            if fault is not None:
                raise fault
            if len(lines) < BLOCK:
                return

    def _rows(self) -> Iterator[tuple[int, Sequence[str]]]:
        """Line number (from 1) and fields of every row, the header too, that is not blank."""
        # Bytes that are not UTF-8 come through as lone surrogates, for _check_text to find.
        form, number = self.form, 0
        with open(self.path, encoding=form.encoding, errors="surrogateescape", newline="") as text:
            try:
                if form.lines is not None:
                    yield from LINES[form.lines](text, tuple(form.kinds))
                elif form.quoted:
                    yield from self._quoted_rows(text)
                else:
                    for number, line in enumerate(text, 1):
                        if form.session_lines:
                            words = line.split() or [""]
                            yield from ((number, (str(number), word)) for word in words)
                        elif line.strip("\r\n"):
                            yield number, line.rstrip("\r\n").split(form.delimiter)
            except BadLine as error:
                raise self.error(
                    error.problem,
                    line=error.line,
                    column=error.column,
                    remedy="Correct the line, or name the layout and columns that the file has.",
                ) from error
            except UnicodeError as error:
                raise self.error(
                    f"the text is not {form.encoding}", line=number + 1, remedy=form.decoding
                ) from error

    def _quoted_rows(self, text: Iterable[str]) -> Iterator[tuple[int, Sequence[str]]]:
        kept: list[str] = []  # lines of the row that is being read

        def lines() -> Iterator[str]:
            for line in text:
                kept.append(line)
                yield line

        reader = csv.reader(lines(), delimiter=self.form.delimiter, strict=True)
        while True:
            start = reader.line_num + 1
            kept.clear()
            try:
                fields = next(reader, None)
            except csv.Error as error:
                raise self._open_quote(start, kept, f"({error})") from error
            if fields is None:
                return
            if len(kept) > 1 and any(map(self._is_row, kept[1:])):
                problem = (
                    f"(it would end on line {reader.line_num} only, past what looks like a row)"
                )
                raise self._open_quote(start, kept, problem)
            if fields:
                yield reader.line_num, fields

    def _is_row(self, line: str) -> bool:
        """Whether a line by itself is a row whose columns hold what they should."""
        fields = next(csv.reader([line.rstrip("\r\n")], delimiter=self.form.delimiter), [])
        kinds = getattr(self, "kinds", None)  # not yet, of the header
        if kinds is None or len(fields) != len(self.names):
            return False
        kept = {name: fields[self.names.index(name)] or None for name in kinds}
        if any(value is None or value != value.strip() for value in kept.values()):
            return False
        return self._good(pl.DataFrame([kept], dict.fromkeys(kinds, pl.String))) is not None

    def _open_quote(self, start: int, lines: list[str], problem: str) -> DataError:
        first = lines[0].rstrip("\r\n") if lines else ""
        before = csv.reader([first], delimiter=self.form.delimiter)
        try:
            place = len(next(before, [""])) - 1
        except csv.Error:
            place = 0
        names = getattr(self, "names", [])
        return self.error(
            f"a quotation mark is left open, or stands inside a value {problem}",
            line=start,
            column=names[place] if place < len(names) else None,
            remedy=self.form.unquoting,
        )

    def _check_text(self, line: int, names: Iterable[str], fields: Iterable[str]) -> None:
        for name, text in zip(names, fields, strict=True):
            if text.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in text):
                continue
            name = "".join(letter for letter in name if letter.isprintable())
            unicode = self.form.encoding == "utf-8-sig"
            raise self.error(
                f"the text is not {'UTF-8' if unicode else self.form.encoding}",
                line=line,
                column=name,
                remedy=self.form.decoding,
            )


class ParquetTable(Table):
    """A Parquet file; the ``line`` of its errors is the row, from 1."""

    def __init__(self, source: Source, path: Path, form: Format) -> None:
        """Check the names and types of its columns."""
        super().__init__(source, path, form)
        types = {name: self._schema.field(name).type for name in self.kinds}
        self._lists = [name for name, dtype in types.items() if _is_list(dtype)]
        for name, kind in self.kinds.items():
            inner = types[name].value_type if name in self._lists else types[name]
            if not kind.accepts(inner):
                raise self.error(
                    f"values of type {types[name]}", column=name, remedy=kind.type_remedy
                )
        for name in self._lists:
            self._check_padding(name)

    def line(self, row: int) -> int:
        """The row, from 1; where rows hold lists, of the list."""
        if not self._lists:
            return row + 1
        lengths = self._scan().select(pl.col(self._lists[0]).list.len())
        return int((lengths.collect().to_series().cum_sum() <= row).sum()) + 1

    def _header(self) -> tuple[list[str], dict[str, Any]]:
        try:
            file = pq.ParquetFile(self.path)
            self._schema, names = file.schema_arrow, file.schema_arrow.names
            known = (*self.form.kinds, *self.form.optional)
            wanted = [name for name in known if names.count(name) == 1]
            first = next(file.iter_batches(1, columns=wanted), None)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error
        row = first.to_pylist()[0] if first is not None and len(first) else {}
        # Of a list its first element.
        return names, {n: next(iter(v), None) if isinstance(v, list) else v for n, v in row.items()}

    def _check_padding(self, name: str) -> None:
        """Lists that end in zeros were padded: the zeros are no clicks."""
        last = pl.col(name).list.last().cast(pl.String, strict=False)
        row = self._scan().select((last == "0").arg_true().first()).collect().item()
        if row is not None and isinstance(self.kinds[name], Ids):
            raise self.error(
                "a list ends in 0, as one that was padded does",
                line=row + 1,
                column=name,
                remedy="Write the lists without padding.",
            )

    def _scan(self) -> pl.LazyFrame:
        """The columns that are read, lists of a fixed size as lists of any."""
        frame = pl.scan_parquet(self.path, glob=False).select(*self.kinds)
        types = frame.collect_schema()
        fixed = [name for name, dtype in types.items() if isinstance(dtype, pl.Array)]
        return frame.with_columns(pl.col(name).arr.to_list() for name in fixed)

    def _fast(self) -> pl.LazyFrame:
        frame = self._scan()
        if self._lists:
            frame = frame.explode(self._lists)
        return frame.select(**self._parsed(tuple(self.kinds), frame.collect_schema()))

    def _careful(self) -> Iterator[pl.DataFrame]:
        seen = 0
        try:
            batches = pq.ParquetFile(self.path).iter_batches(BLOCK, columns=[*self.kinds])
            tables = (pa.Table.from_batches([batch]) for batch in batches)
            for table in chain([self._schema.empty_table()], tables):
                columns = {name: _plain(table[name]) for name in self.kinds}
                block = pl.from_arrow(pa.table(columns))
                rows = range(seen + 1, seen + len(block) + 1)
                seen += len(block)
                if self._lists:
                    block, rows = self._unfolded(block, rows)
                yield self._checked(block, rows)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def _unfolded(self, block: pl.DataFrame, rows: range) -> tuple[pl.DataFrame, Sequence[int]]:
        """A row an element, and the row of the file that it was in."""
        lengths = [block[name].list.len().fill_null(0) for name in self._lists]
        for name, other in zip(self._lists, lengths, strict=True):
            unequal = (other != lengths[0]).arg_true()
            if len(unequal):
                raise self.error(
                    f"{other[unequal[0]]} values, {lengths[0][unequal[0]]} in '{self._lists[0]}'",
                    line=rows[unequal[0]],
                    column=name,
                    remedy="Write lists of one length in each row.",
                )
        numbered = block.with_columns(pl.Series("", list(rows), pl.Int64)).explode(self._lists)
        return numbered.drop(""), numbered[""].to_list()

    def _unreadable(self, error: Exception) -> DataError:
        return self.error(
            f"not a readable Parquet file ({str(error).splitlines()[0]})",
            remedy="Check the path, or write the file again.",
        )


def _is_list(dtype: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(dtype) for test in tests)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_fixed_size_list(column.type):
        return column.cast(pa.list_(column.type.value_type))
    dictionary = pa.types.is_dictionary(column.type)
    return column.cast(column.type.value_type) if dictionary else column
