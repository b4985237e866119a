"""CSV files of an audit: read in blocks, checked, ids coded; errors name the line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from recmia.audit.faults import LONGEST_ID, check_header, explain, rows_of
from recmia.data.times import BadTime, detect, milliseconds
from recmia.errors import DataError

BLOCK = 16 << 20


@dataclass(frozen=True)
class Ids:
    """A column of ids: int32 [m] codes into its distinct names, in order of first appearance."""

    codes: np.ndarray
    names: pa.Array


@dataclass(frozen=True)
class CsvFile:
    """A checked CSV file.

    Attributes:
        path: where it was read.
        ids: id columns by name.
        numbers: number columns by name, int64 or float32 [m].
        ignored: names of the columns that no audit reads.
    """

    path: Path
    ids: dict[str, Ids]
    numbers: dict[str, np.ndarray]
    ignored: tuple[str, ...]

    def __len__(self) -> int:
        return len(next(iter(self.ids.values())).codes)

    def error(self, row: int, column: str, problem: str, remedy: str) -> DataError:
        """The error about a value; ``row`` counts from 0 below the header."""
        line = next(line for at, (line, _) in enumerate(rows_of(self.path)) if at == row + 1)
        return DataError(problem, file=self.path, line=line, column=column, remedy=remedy)


def read_csv(
    path: str | Path,
    ids: Sequence[str],
    numbers: dict[str, type] | None = None,
    *,
    checked: Sequence[str] = (),
    other_numbers: bool = False,
    progress: Callable[[int], None] = lambda size: None,
) -> CsvFile:
    """Read a comma-separated UTF-8 file with a header, in blocks of 16 MiB.

    A byte order mark, CRLF, blank lines and quoted values are fine; a value may not hold a line
    end. An id is any text that is not empty: no blank is cut off, "7" and "07" are two.

    Args:
        path: the file.
        ids: names of the id columns, all required.
        numbers: names and types (np.int64, np.float32) of the number columns, all required.
        checked: columns that may be there and are not kept: "rating" must then hold numbers,
            "timestamp" numbers or ISO 8601.
        other_numbers: keep every other column as float32; else they are ignored.
        progress: called with the bytes of each block, those of a whole one.

    Raises:
        DataError: the file is missing, empty or not as described, with line, column and remedy.
    """
    path, numbers = Path(path), dict(numbers or {})
    header = check_header(path, [*ids, *numbers])
    others = [name for name in header if name not in (*ids, *numbers, *checked)]
    if other_numbers:
        numbers |= dict.fromkeys(others, np.float32)
        others = []
    checked = [name for name in checked if name in header]
    kinds: dict[str, pa.DataType] = {name: pa.dictionary(pa.int32(), pa.string()) for name in ids}
    kinds |= {name: pa.from_numpy_dtype(kind) for name, kind in numbers.items()}
    kinds |= {name: pa.string() if name == "timestamp" else pa.float64() for name in checked}
    coders = {name: _Coder() for name in ids}
    parts: dict[str, list[np.ndarray]] = {name: [] for name in kinds if name not in checked}
    form = None
    try:
        for batch in _batches(path, kinds):
            for name, coder in coders.items():
                parts[name].append(coder.codes(batch.column(name)))
            for name in numbers:
                parts[name].append(_finite(batch.column(name)))
            if "timestamp" in checked:
                form = form or detect(batch.column("timestamp"))
                milliseconds(batch.column("timestamp"), form, zero_is_unknown=True)
            if "rating" in checked:
                _finite(batch.column("rating"))
            progress(BLOCK)
    except (pa.ArrowInvalid, BadTime, _BadValue) as error:
        explain(path, header, kinds, form, error)
    columns = {name: np.concatenate(part) for name, part in parts.items() if part}
    if not columns or not len(columns[ids[0]]):
        raise DataError(
            "the file holds a header and nothing else.", file=path, line=1,
            remedy="export it again; an audit needs at least one row.",
        )  # fmt: skip
    return CsvFile(
        path,
        {name: Ids(columns[name], coders[name].names) for name in ids},
        {name: columns[name] for name in numbers},
        tuple(others),
    )


class _BadValue(ValueError):
    """A value that Arrow accepts and an audit does not."""


class _Coder:
    """Numbers ids in order of first appearance, over all blocks of a file."""

    def __init__(self) -> None:
        self.names = pa.array([], pa.string())

    def codes(self, column: pa.DictionaryArray) -> np.ndarray:
        block = column.dictionary
        size = pc.binary_length(block)
        if len(block) and (pc.min(size).as_py() == 0 or pc.max(size).as_py() > LONGEST_ID):
            raise _BadValue("an id is empty or too long")
        place = pc.index_in(block, value_set=self.names)
        new = block.filter(pc.is_null(place))
        if pc.any(pc.match_substring_regex(new, "[\\r\\n\\x00]")).as_py():
            raise _BadValue("an id goes over the end of the line or holds a null byte")
        number = pc.fill_null(place, -1).to_numpy(zero_copy_only=False).astype(np.int32)
        number[number < 0] = len(self.names) + np.arange(len(new), dtype=np.int32)
        self.names = pa.concat_arrays([self.names, new])
        return number[column.indices.to_numpy(zero_copy_only=False)]


def _finite(column: pa.Array) -> np.ndarray:
    values = column.to_numpy(zero_copy_only=False)
    if not np.isfinite(values).all():
        raise _BadValue("a number is missing, infinite or not a number")
    return values


def _batches(path: Path, kinds: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    reader = pcsv.open_csv(
        path,
        read_options=pcsv.ReadOptions(block_size=BLOCK),
        convert_options=pcsv.ConvertOptions(
            column_types=kinds,
            include_columns=list(kinds),
            null_values=[],
            strings_can_be_null=False,
        ),
    )
    yield from (batch for batch in reader if len(batch))
