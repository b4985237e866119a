"""The click log that a profile names, opened: checked clicks whatever the source."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from recmia.data import reader, registry
from recmia.data.files import FETCH_AGAIN, Source, parts
from recmia.data.kinds import Ids, Time
from recmia.data.layouts import Layout
from recmia.data.synthetic import LAYOUT, write_synthetic_clicks
from recmia.data.tables import Format
from recmia.data.times import UNKNOWN_TIME
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
            Columns ``row`` (place in the log, from 0), ``key`` and ``item`` (Int64 or String),
            and ``time`` (Int64 milliseconds since 1970 UTC, -1 where unknown).

        Raises:
            DataError: the first thing that is wrong with a file, or there are no clicks.
        """
        frames, lines = [], 0
        with track(len(self.sources), "reading") as progress:
            for number, source in enumerate(self.sources):
                path = folder / f"clicks-{number:05d}.parquet"
                with reader.opened(source, table_format(self.layout), folder) as table:
                    table.store(path)
                frames.append(self._clicks(path, lines))
                if self.layout.session_lines:  # their numbers go on from file to file
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
        key, time = pl.col(layout.key), pl.lit(UNKNOWN_TIME, pl.Int64)
        return pl.scan_parquet(path, glob=False).select(
            key=key + lines if layout.session_lines else key,
            item=pl.col(layout.item),
            time=time if layout.time is None else pl.col(layout.time),
        )


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
    layout = Layout(**data.columns.model_dump(), delimiter=data.delimiter)
    return ClickLog(tuple(parts(path)), layout)


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
    kinds = dict.fromkeys((layout.key, layout.item), Ids(integer=layout.ids == "integer"))
    if layout.time is not None:
        kinds[layout.time] = Time(layout.zero_is_unknown)
    return Format(
        kinds,
        columns=layout.columns or None,
        delimiter=layout.delimiter,
        required=() if layout.category is None else (layout.category,),
        session_lines=layout.session_lines,
    )
