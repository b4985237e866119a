"""Files as a reader meets them: plain or packed, a member of a zip archive, one part or many."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from recmia.errors import DataError

FETCH_AGAIN = "Fetch or export the file again: it was probably cut off."
_PACKED: dict[bytes, Callable[[Path], BinaryIO]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
    b"\x28\xb5\x2f\xfd": lambda path: pa.input_stream(str(path), compression="zstd"),
}
_NAMES = dict(zip(_PACKED, ("gzip", "bzip2", "xz", "zstd"), strict=True))
_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
_PARQUET = {".parquet", ".pq"}


@dataclass(frozen=True)
class Source:
    """A file, or a member of a zip archive; what a file is, its first bytes tell.

    Attributes:
        path: the file.
        member: name inside the zip archive, without its folder; None for the only one.
    """

    path: Path
    member: str | None = None

    @property
    def place(self) -> Path:
        """The file as errors name it."""
        return self.path if self.member is None else self.path / self.member

    @property
    def is_parquet(self) -> bool:
        """Whether it is a Parquet file, by its first bytes or by its name."""
        return self._start() == b"PAR1" or self.path.suffix.lower() in _PARQUET

    @property
    def packing(self) -> str:
        """What it is packed with, in words; "" where it is not."""
        start = self._start(8)
        if self.member is not None or start.startswith(b"PK\3\4"):
            return "a zip archive"
        return next((f"packed with {_NAMES[m]}" for m in _PACKED if start.startswith(m)), "")

    @contextmanager
    def plain(self, folder: Path | None = None) -> Iterator[Path]:
        """Path of the file without its packing: itself, or a copy that goes with the block.

        Args:
            folder: where a copy is put; by default where the system keeps temporary files.

        Raises:
            DataError: the file is missing, empty, unreadable or damaged.
        """
        unpack = self._unpack()
        if unpack is None:
            yield self.path
            return
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            copy, lines = Path(scratch) / "plain", 0
            try:
                with unpack() as packed, open(copy, "wb") as file:
                    # One read of what is packed at a time: what comes before damage is counted.
                    read = getattr(packed, "read1", packed.read)
                    while block := read(1 << 20):
                        lines += block.count(b"\n")
                        file.write(block)
            except _DAMAGE as error:
                if getattr(error, "errno", None):  # the disk's fault, not the file's
                    raise
                raise DataError(
                    f"the compressed file is damaged or cut off ({error})",
                    file=self.place,
                    line=lines + 1,
                    remedy=FETCH_AGAIN,
                ) from error
            yield copy

    def _start(self, size: int = 4) -> bytes:
        try:
            with open(self.path, "rb") as file:
                return file.read(size)
        except OSError as error:
            raise DataError(
                f"the file cannot be read ({error.strerror})",
                file=self.place,
                remedy="Check the path and its permissions, or fetch it with `recmia data fetch`.",
            ) from error

    def _unpack(self) -> Callable[[], BinaryIO] | None:
        start = self._start(8)
        if not start:
            raise DataError("the file is empty", file=self.place, line=1, remedy=FETCH_AGAIN)
        if self.member is not None or start.startswith(b"PK\3\4"):
            return self._open_member
        for magic, opener in _PACKED.items():
            if start.startswith(magic):
                return partial(opener, self.path)
        return None

    def _open_member(self) -> BinaryIO:
        try:
            archive = zipfile.ZipFile(self.path)
        except zipfile.BadZipFile as error:
            raise DataError(
                f"not a whole zip archive ({error})", file=self.path, remedy=FETCH_AGAIN
            ) from error
        files = [info.filename for info in archive.infolist() if not info.is_dir()]
        wanted = [name for name in files if self.member in (None, Path(name).name)]
        if len(wanted) != 1:
            named = "" if self.member is None else f" named {self.member}"
            raise DataError(
                f"the archive holds {len(wanted)} files{named}, not one",
                file=self.path,
                remedy="Unpack it." if self.member is None else FETCH_AGAIN,
            )
        return archive.open(wanted[0])


def parts(path: Path) -> list[Source]:
    """A file, or the files below a folder in the order of their names; hidden ones are left out.

    Raises:
        DataError: the folder holds no file.
    """
    if not path.is_dir():
        return [Source(path)]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.is_file() and not any(p[0] in "._" for p in file.relative_to(path).parts)
    )
    if not files:
        raise DataError("the folder holds no files", file=path, remedy="Check the path.")
    return [Source(file) for file in files]
