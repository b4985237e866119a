"""The click log that a profile names, opened: checked clicks whatever the source."""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from recmia.data import reader, registry
from recmia.data.files import FETCH_AGAIN, Source, parts
from recmia.data.kinds import PLACEHOLDERS, Ids, Kind, Time
from recmia.data.layouts import Layout
from recmia.data.lines import COLUMNS
from recmia.data.reader import ParquetTable
from recmia.data.synthetic import LAYOUT, write_synthetic_clicks
from recmia.data.tables import Format, Table
from recmia.data.times import UNKNOWN_TIME, YEAR_1990
from recmia.errors import DataError
from recmia.progress import track

if TYPE_CHECKING:
    from recmia.data.settings import Data


@dataclass(frozen=True)
class ClickLog:
    """An opened click log.

    Attributes:
        sources: its files, in order.
        layout: its columns.
    """

    sources: tuple[Source, ...]
    layout: Layout

    @property
    def keys(self) -> Literal["session", "user"]:
        """What the key of a click names; users' histories are to be cut into sessions."""
        return "user" if self.layout.session is None else "session"

    @property
    def timed(self) -> bool:
        """Whether clicks have times; where not, the order of the file is the order of clicks."""
        return self.layout.time is not None

    def checked(self, folder: Path) -> pl.LazyFrame:
        """The clicks in the order of the log, read and checked, as Parquet files in ``folder``.

        Args:
            folder: where the files are kept as long as the frame is used.

        Returns:
            Columns ``row`` (place in the log, from 0), ``key`` and ``item`` (Int64 or String; a
            key is null where it is one of the placeholders that the layout names), and ``time``
            (Int64 milliseconds since 1970 UTC, -1 where unknown).

        Raises:
            DataError: the first thing that is wrong with a file, or there are no clicks.
        """
        frames, lines = [], 0
        with track(len(self.sources), "reading") as progress:
            for number, source in enumerate(self.sources):
                path = folder / f"clicks-{number:05d}.parquet"
                with reader.opened(source, table_format(self.layout), folder) as table:
                    table.store(path)
                    self._check_names(table, path)
                frames.append(self._clicks(path, lines))
                if (
                    self.layout.session_lines or self.layout.lines == "sessions"
                ):  # their numbers go on from file to file
                    lines = frames[-1].select(pl.max("key")).collect().item() or lines
                progress.update()
        if any(frame.collect_schema() != frames[0].collect_schema() for frame in frames):
            raise DataError(
                "the files have ids of different types",
                file=self.sources[0].place.parent,
                column=self.layout.key,
                remedy="Write all parts alike.",
            )
        clicks = pl.concat(frames).with_row_index("row")
        if not clicks.select(pl.len()).collect().item():
            raise DataError(
                "the file holds no rows", file=self.sources[0].place, line=1, remedy=FETCH_AGAIN
            )
        return clicks

    def read(self) -> pl.DataFrame:
        """All clicks in memory, see :meth:`checked`."""
        with tempfile.TemporaryDirectory() as folder:
            return self.checked(Path(folder)).collect()

    def _clicks(self, path: Path, lines: int) -> pl.LazyFrame:
        layout = self.layout
        time = pl.lit(UNKNOWN_TIME, pl.Int64) if layout.time is None else pl.col(layout.time)
        key = _joined(layout.key_columns) if len(layout.key_columns) > 1 else pl.col(layout.key)
        if layout.placeholders:
            # An item 0 may well be the first one; an item NA is none.
            words = [one for one in layout.placeholders if not re.fullmatch(r"-?\d+", one)]
            nobody = dict.fromkeys(layout.key_columns, layout.placeholders) | {layout.item: words}
            named = pl.any_horizontal(
                pl.col(name).cast(pl.String).is_in(values) for name, values in nobody.items()
            )
            key = pl.when(~named).then(key)
        if layout.session_lines or layout.lines == "sessions":  # they go on from file to file
            key = key.cast(pl.Int64) + lines
        return pl.scan_parquet(path, glob=False).select(key=key, item=layout.item, time=time)

    def _check_names(self, table: Table, path: Path) -> None:
        """A header line that comes again, or a first click that is taken for one, is refused."""
        if not (self.layout.own and table.form.has_header) or isinstance(table, ParquetTable):
            return
        names = (*self.layout.key_columns, self.layout.item)
        same = {name: pl.col(name).cast(pl.String) == name for name in names}
        # The names in one row are the header again; a single one is data where it has a digit.
        tests = [(names[0], pl.all_horizontal(same.values()))]
        tests += [(name, test) for name, test in same.items() if re.search(r"\d", name)]
        for name, test in tests:
            row = pl.scan_parquet(path, glob=False).select(test.arg_true().first()).collect().item()
            if row is not None:
                raise table.error(
                    f"the column's name is a value as well ('{name}')",
                    line=table.line(row),
                    column=name,
                    remedy="Where the first line is data, name the columns in their order in "
                    "data.names; where the line with the names comes again, drop it.",
                )


def _joined(keys: Sequence[str]) -> pl.Expr:
    """``user:session``, no two alike: a colon of the user's is written with a backslash."""
    user, session = (pl.col(name).cast(pl.String) for name in keys)
    for letter in ("\\", ":"):
        user = user.str.replace_all(letter, f"\\{letter}", literal=True)
    return pl.concat_str(user, session, separator=":")


def open_clicks(data: Data, data_folder: Path, scratch: Path, *, seed: int) -> ClickLog:
    """Name the files and columns of the click log that ``data`` names, without reading it yet.

    Args:
        data: the ``data`` section of a profile.
        data_folder: where named data sets lie, and what a relative ``data.path`` starts from.
        scratch: folder for the synthetic log, which is written first.
        seed: root seed of the synthetic log.

    Raises:
        DataError: a file of a named data set is missing, or a folder holds none.
    """
    if data.source in ("synthetic", "file"):
        return open_own(data, data_folder, scratch, seed=seed)
    return open_named(data.source, data_folder)


def open_own(data: Data, data_folder: Path, scratch: Path, *, seed: int) -> ClickLog:
    """As `open_clicks`, for a log that no registry lists: the synthetic one, or one's own."""
    if data.source == "synthetic":
        path, size = scratch / "synthetic-clicks.dat", data.synthetic
        write_synthetic_clicks(
            path, clicks=size.clicks, items=size.items, days=size.days, seed=seed
        )
        return ClickLog((Source(path),), LAYOUT)
    path = data_folder / Path(data.path).expanduser()  # an absolute path stays as it is
    return ClickLog(tuple(parts(path)), own_layout(data))


def own_layout(data: Data) -> Layout:
    """How somebody's own log is laid out, as a profile says it."""
    columns = data.columns.model_dump() if data.columns is not None else {}
    lines = None if data.layout == "table" else data.layout
    if lines in COLUMNS:
        key, item = COLUMNS[lines]
        columns = {"session": key, "item": item}
    unicode = codecs.lookup(data.encoding).name in ("utf-8", "utf-8-sig")
    return Layout(
        **columns,
        delimiter=data.delimiter,
        columns=data.names or (),
        quotes=data.quotes and data.delimiter != "::",
        encoding="utf-8-sig" if unicode else data.encoding,
        time_unit=data.time_unit,
        placeholders=data.placeholders,
        lines=lines,
        own=True,
    )


def open_named(name: str, data_folder: Path) -> ClickLog:
    """Name the files and columns of a data set of ``sources.yaml``, without reading it yet.

    Raises:
        DataError: it is unknown, or a file is missing.
    """
    return open_files(registry.layout(name), registry.find_files(name, data_folder))


def open_files(layout: Layout, paths: Sequence[Path]) -> ClickLog:
    """Name the files of a data set of this layout, wherever they are."""
    return ClickLog(tuple(packed(path, layout.member) for path in paths), layout)


def packed(path: Path, member: str | None) -> Source:
    """A file, or its member where it is a zip archive."""
    return Source(path, member if path.suffix == ".zip" else None)


def table_format(layout: Layout) -> Format:
    """What the reader has to know of a layout."""
    ids = Ids(integer=layout.ids == "integer")
    kinds: dict[str, Kind] = dict.fromkeys((*layout.key_columns, layout.item), ids)
    if layout.own:
        somebody = layout.placeholders is None
        refused = PLACEHOLDERS if somebody else ()
        ids = Ids(negative=not somebody, refused=refused, allowing=_IDS if somebody else "")
        kinds = dict.fromkeys((*layout.key_columns, layout.item), ids)
    if layout.time is not None:
        least, naming = (YEAR_1990, _UNITS) if layout.own else (0, "")
        time = Time(layout.zero_is_unknown, unit=layout.time_unit, naming=naming, least=least)
        kinds[layout.time] = time
    said = _SAID if layout.own else {}
    return Format(
        kinds,
        columns=layout.columns or None,
        delimiter=layout.delimiter,
        required=() if layout.category is None else (layout.category,),
        quotes=layout.quotes,
        encoding=layout.encoding,
        lines=layout.lines,
        session_lines=layout.session_lines,
        **said,
    )


_IDS = (
    "To leave such rows out, and count them, list what stands for nobody in data.placeholders, for "
    "example [NA, -1]; what is not listed, hashes below 0 too, is then an id."
)
_UNITS = (
    "For numbers of minutes, hours or days set data.time_unit; for numbers of steps sort the log "
    "by session and step and leave columns.time out."
)
_SAID: dict[str, Any] = {
    "decoding": "Name its encoding in data.encoding, such as latin-1 or utf-16, or export it as "
    "UTF-8.",
    "unquoting": "Close it (one inside a value in quotation marks is written twice); or, where the "
    "file uses them as any other letter, set data.quotes: false.",
    "chosen": True,
    "heading": "Name its columns in their order in data.names, or write a line with their names "
    "above it.",
}
