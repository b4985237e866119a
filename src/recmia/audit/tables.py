"""Files of an audit: read and checked by `recmia.data.reader`, their ids coded."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from recmia.data import reader
from recmia.data.files import FETCH_AGAIN, Source, parts
from recmia.data.kinds import PLACEHOLDERS, Ids, Kind, Number, Time
from recmia.data.tables import Format
from recmia.errors import DataError


class AnyId(Ids):
    """Ids as they are given: text of one line, or any integer, a negative 64-bit hash too."""

    @property
    def remedy(self) -> str:
        """What to do about a bad id."""
        return "Correct or drop the row; ids are integers or text of one line."

    def parse(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """String."""
        return column.cast(pl.String) if dtype.is_integer() else super().parse(column, dtype)


# Read where they are there, so that a mistake in them does not pass; no audit uses them.
CHECKED = {"rating": Number(), "timestamp": Time(zero_is_unknown=True)}


@dataclass(frozen=True)
class IdColumn:
    """A column of ids: int32 [m] codes into its distinct names, in order of first appearance."""

    codes: np.ndarray
    names: pa.Array


@dataclass(frozen=True)
class AuditTable:
    """A checked file, or a folder of parts.

    Attributes:
        path: where it was read.
        parts: its files with their numbers of rows.
        form: how it was read.
        ids: id columns by name.
        numbers: number columns by name, int64, float64 or float32 [m].
        ignored: names of the columns that no audit reads.
    """

    path: Path
    parts: tuple[tuple[Source, int], ...]
    form: Format
    ids: dict[str, IdColumn]
    numbers: dict[str, np.ndarray]
    ignored: tuple[str, ...]

    def __len__(self) -> int:
        return sum(rows for _, rows in self.parts)

    def error(self, row: int, column: str, problem: str, remedy: str) -> DataError:
        """The error about a value; ``row`` counts from 0 below the header."""
        ends = np.cumsum([rows for _, rows in self.parts])
        part = int(np.searchsorted(ends, row, side="right"))
        source, rows = self.parts[part]
        with reader.opened(source, self.form) as table:
            line = table.line(int(row - ends[part] + rows))
            return table.error(problem, line=line, column=column, remedy=remedy)


def find(folder: Path, name: str) -> Path:
    """The file of that name in a folder, or the one that differs from it in its endings alone.

    So ``interactions.csv.gz``, ``interactions.parquet`` or a folder ``interactions`` of parts
    stands for ``interactions.csv`` where there is none.

    Raises:
        DataError: there are several.
    """
    if (folder / name).exists():
        return folder / name
    stem = name.split(".")[0]
    found = sorted(path for path in folder.glob(f"{stem}*") if path.name.split(".")[0] == stem)
    if len(found) > 1:
        raise DataError(
            f"there is {found[1].name} as well.", file=found[0], remedy="keep one of them."
        )
    return found[0] if found else folder / name


def read_table(
    path: str | Path,
    ids: Sequence[str],
    numbers: dict[str, Kind] | None = None,
    *,
    checked: bool = False,
    others: Kind | None = None,
    command: str = "lists",
) -> AuditTable:
    """Read a comma-separated UTF-8 file with a header, packed or not, a Parquet file, or parts.

    An id is any text of one line: no blank is cut off, "7" and "07" are two.

    Args:
        path: the file, or the folder of parts.
        ids: names of the id columns, all required.
        numbers: number columns, all required.
        checked: look at "rating" and "timestamp" as well, where they are there.
        others: kind of all other columns, to keep them as numbers; else they are ignored.
        command: the audit whose help says more.

    Raises:
        DataError: the file is missing, empty or not as described, with line, column and remedy.
    """
    path, numbers = Path(path), dict(numbers or {})
    columns = ", ".join((*ids, *numbers))
    if not path.exists():
        raise DataError(
            "there is no such file.", file=path,
            remedy=f"write it with the columns {columns}; see `recmia audit {command} "
            "--help`, and `recmia audit example` for files to look at.",
        )  # fmt: skip
    form = Format(
        {name: _kind(name) for name in ids} | numbers,
        optional=CHECKED if checked else {},
        others=others,
        naming=f"Name its columns exactly {columns}, separated by commas.",
        separating="They must be separated by commas.",
    )
    frames, rows, names = [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        for number, source in enumerate(parts(path)):
            stored = Path(folder) / f"{number}.parquet"
            with reader.opened(source, form, Path(folder)) as table:
                table.store(stored)
                names |= dict.fromkeys(table.names, False) | dict.fromkeys(table.kinds, True)
                frame = pl.scan_parquet(stored, glob=False).select(*table.kinds)
            frames.append(frame.with_columns(pl.col(*ids).cast(pl.String)))
            rows.append((source, frame.select(pl.len()).collect().item()))
        frame = pl.concat(frames)
        coded = {name: _coded(frame.select(name)) for name in ids}
        kept = [n for n, read in names.items() if read and n not in (*ids, *form.optional)]
        kept = frame.select(kept).collect()
    if not any(size for _, size in rows):
        raise DataError("the file holds no rows", file=path, line=1, remedy=FETCH_AGAIN)
    return AuditTable(
        path,
        tuple(rows),
        form,
        coded,
        {name: kept[name].to_numpy() for name in kept.columns},
        tuple(name for name, read in names.items() if not read),
    )


def _kind(name: str) -> AnyId:
    """Of people words that stand for nobody are refused: strangers would be one."""
    return AnyId(negative=True, refused=PLACEHOLDERS if name == "user_id" else ())


def _coded(column: pl.LazyFrame) -> IdColumn:
    names = column.unique(maintain_order=True).collect(engine="streaming").to_series()
    codes = column.select(
        pl.all().replace_strict(names, pl.int_range(len(names), dtype=pl.Int32, eager=True))
    )
    codes = codes.collect(engine="streaming").to_series().to_numpy()
    return IdColumn(codes, names.to_arrow().cast(pa.string()))
