"""The click log that a profile names, opened: one stream of checked clicks whatever the source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from recmia.data import layouts, readers
from recmia.data.layouts import Layout, Source
from recmia.data.readers import Chunk

if TYPE_CHECKING:
    from recmia.data.settings import Data

_NAMED: dict[str, tuple[Layout | None, str | None]] = {
    # Layout (None: one session a line), and the member if the file is a zip archive.
    "yoochoose": (layouts.YOOCHOOSE, None),
    "yoochoose-sample": (layouts.YOOCHOOSE, None),
    "yoochoose-1-64": (None, None),
    "yoochoose-tsv": (layouts.YOOCHOOSE_TSV, None),
    "ml-1m": (layouts.MOVIELENS_1M, "ratings.dat"),
    "ml-latest-small": (layouts.MOVIELENS_CSV, "ratings.csv"),
    "ml-20m": (layouts.MOVIELENS_CSV, "ratings.csv"),
    "lastfm-hetrec-2011": (layouts.LASTFM_2K, "user_artists.dat"),
    "amazon-digital-music": (layouts.AMAZON_RATINGS, None),
    "amazon-beauty": (layouts.AMAZON_RATINGS, None),
}
_PARQUET = {".parquet", ".pq"}


@dataclass(frozen=True)
class ClickLog:
    """An opened click log.

    Attributes:
        sources: its files, in order.
        layout: its columns; None where a line is a session.
        size: bytes to read, decompressed (a guess for gzip).
    """

    sources: tuple[Source, ...]
    layout: Layout | None
    size: int

    @property
    def keys(self) -> Literal["session", "user"]:
        """What the key of a click names; users' histories are to be cut into sessions."""
        return "session" if self.layout is None else self.layout.keys

    @property
    def timed(self) -> bool:
        """Whether clicks have times; where not, the order of the file is the order of clicks."""
        return self.layout is not None and self.layout.time is not None

    def chunks(self) -> Iterator[Chunk]:
        """Stream the clicks, rows counted on from file to file.

        Raises:
            DataError: the first thing that is wrong with a file.
        """
        rows, lines = 0, 0
        for source in self.sources:
            for chunk in self._reader(source, lines)(first_row=rows):
                yield chunk
                rows += len(chunk.clicks)
                if self.layout is None and len(chunk.clicks):
                    lines = chunk.clicks["key"][-1].as_py()

    def _reader(self, source: Source, lines: int) -> Callable[..., Iterator[Chunk]]:
        if self.layout is None:
            return partial(readers.read_session_lines, source, lines)
        parquet = source.path.suffix.lower() in _PARQUET
        read = readers.read_parquet if parquet else readers.read_delimited
        return partial(read, source, self.layout)


def open_clicks(data: Data, data_folder: Path, scratch: Path, *, seed: int) -> ClickLog:
    """Open the click log that ``data`` names, without reading it yet.

    Args:
        data: the ``data`` section of a profile.
        data_folder: where named data sets lie, and what a relative ``data.path`` starts from.
        scratch: folder for the synthetic log, which is written first.
        seed: root seed of the synthetic log.

    Raises:
        DataError: a file is missing or empty.
    """
    if data.source == "synthetic":
        from recmia.data.synthetic import write_synthetic_clicks

        path, size = scratch / "synthetic-clicks.dat", data.synthetic
        write_synthetic_clicks(
            path, clicks=size.clicks, items=size.items, days=size.days, seed=seed
        )
        return _log([Source(path)], layouts.YOOCHOOSE)
    if data.source == "file":
        path = data_folder / Path(data.path).expanduser()  # an absolute path stays as it is
        return _log([Source(path)], _own_layout(data))
    return open_named(data.source, data_folder)


def open_named(name: str, data_folder: Path) -> ClickLog:
    """Open a data set of ``sources.yaml``, without reading it yet.

    Raises:
        DataError: it is unknown, or a file is missing or empty.
    """
    from recmia.data.registry import find_files

    return open_files(name, find_files(name, data_folder))


def open_files(name: str, paths: Sequence[Path]) -> ClickLog:
    """Open the files of a data set of ``sources.yaml``, wherever they are.

    Raises:
        DataError: a file is empty.
    """
    layout, member = _NAMED[name]
    packed = [member if path.suffix == ".zip" else None for path in paths]
    return _log([Source(path, kept) for path, kept in zip(paths, packed, strict=True)], layout)


def _own_layout(data: Data) -> Layout:
    columns = data.columns
    return Layout(
        keys="session" if columns.session is not None else "user",
        key=columns.session if columns.session is not None else columns.user,
        item=columns.item,
        time=columns.time,
        category=columns.category,
        delimiter=data.delimiter,
        ids="text",
    )


def _log(sources: list[Source], layout: Layout | None) -> ClickLog:
    for source in sources:
        source.open().close()
    return ClickLog(tuple(sources), layout, sum(source.size() for source in sources))
