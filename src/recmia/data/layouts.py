"""How click logs are laid out: which columns hold the key, the item and the time, and how."""

from __future__ import annotations

import gzip
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from recmia.errors import DataError


@dataclass(frozen=True)
class Layout:
    """Layout of a delimited text file or of a Parquet file.

    Attributes:
        keys: what the key column names: sessions, or users whose history is to be cut.
        key: name of the key column.
        item: name of the item column.
        time: name of the time column; None where the log is in click order and has no times.
        columns: names of all the columns, exactly these, where the file has no header line.
        category: name of a column that must be there, though the study does not use it.
        delimiter: between columns; ``::`` in MovieLens-1M.
        ids: whether ids must be integers (the published logs) or may be any text (own logs).
        times: ``iso`` (ISO 8601), ``epoch`` (seconds or milliseconds since 1970), or ``any``.
        zero_is_unknown: whether time 0 stands for an unknown time.
    """

    keys: Literal["session", "user"]
    key: str
    item: str
    time: str | None
    columns: tuple[str, ...] | None = None
    category: str | None = None
    delimiter: str = ","
    ids: Literal["integer", "text"] = "integer"
    times: Literal["iso", "epoch", "any"] = "any"
    zero_is_unknown: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that a file with a header must have."""
        names = (self.key, self.item, self.time, self.category)
        return tuple(name for name in names if name is not None)


# SessionId,Timestamp,ItemId,Category: yoochoose-README.txt, "CLICKS DATASET FILE DESCRIPTION".
YOOCHOOSE = Layout(
    "session",
    "SessionId",
    "ItemId",
    "Timestamp",
    columns=("SessionId", "Timestamp", "ItemId", "Category"),
    times="iso",
)
YOOCHOOSE_TSV = Layout("session", "SessionId", "ItemId", "Time", delimiter="\t", times="epoch")
# ml-1m/README: UserID::MovieID::Rating::Timestamp, seconds; 0 where the time is not known.
MOVIELENS_1M = Layout(
    "user",
    "UserID",
    "MovieID",
    "Timestamp",
    columns=("UserID", "MovieID", "Rating", "Timestamp"),
    delimiter="::",
    times="epoch",
    zero_is_unknown=True,
)
MOVIELENS_CSV = Layout("user", "userId", "movieId", "timestamp", times="epoch")
# readme.txt of the archive: one line a user and artist, with a listening count and no time.
LASTFM_2K = Layout("user", "userID", "artistID", None, delimiter="\t")
# snap.stanford.edu/data/amazon: user,item,rating,timestamp without a header; ids are text (ASIN).
AMAZON_RATINGS = Layout(
    "user",
    "user",
    "item",
    "timestamp",
    columns=("user", "item", "rating", "timestamp"),
    ids="text",
    times="epoch",
)


@dataclass(frozen=True)
class Source:
    """A file, or a member of a zip archive; gzip is recognised by content.

    Attributes:
        path: the file.
        member: name inside the zip archive, without its folder; None for a plain file.
    """

    path: Path
    member: str | None = None

    @property
    def place(self) -> Path:
        """The file as errors name it."""
        return self.path if self.member is None else self.path / self.member

    def open(self) -> BinaryIO:
        """Open for reading, decompressed.

        Raises:
            DataError: the file is missing, empty, unreadable, or lacks the member.
        """
        try:
            if self.member is not None:
                return self._open_member()
            with open(self.path, "rb") as file:
                magic = file.read(2)
            if not magic:
                raise DataError("the file is empty", file=self.place, remedy=FETCH_AGAIN)
            return gzip.open(self.path, "rb") if magic == b"\x1f\x8b" else open(self.path, "rb")
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataError(
                f"the file cannot be read ({reason})",
                file=self.place,
                remedy="Check the path and its permissions, or fetch it with `recmia data fetch`.",
            ) from error

    def _open_member(self) -> BinaryIO:
        try:
            archive = zipfile.ZipFile(self.path)
            names = [n for n in archive.namelist() if Path(n).name == self.member]
            if len(names) != 1:
                raise DataError(
                    f"the archive holds {len(names)} files named {self.member}, not one",
                    file=self.path,
                    remedy=FETCH_AGAIN,
                )
            return archive.open(names[0])
        except zipfile.BadZipFile as error:
            raise DataError(
                f"not a whole zip archive ({error})", file=self.path, remedy=FETCH_AGAIN
            ) from error

    def size(self) -> int:
        """Decompressed bytes: exact for plain files and zip members, a guess for gzip."""
        if self.member is not None:
            with zipfile.ZipFile(self.path) as archive:
                infos = archive.infolist()
                return sum(i.file_size for i in infos if Path(i.filename).name == self.member)
        with open(self.path, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        return self.path.stat().st_size * (5 if packed else 1)

    def open_text(self) -> io.TextIOWrapper:
        """Open as UTF-8 text; undecodable bytes become U+FFFD, line ends are kept."""
        return io.TextIOWrapper(self.open(), encoding="utf-8-sig", errors="replace", newline="")


FETCH_AGAIN = "Fetch the file again: it was probably cut off."
