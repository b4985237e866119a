"""Archives unpacked safely: nothing outside the folder, no links, no bombs, all or nothing."""

from __future__ import annotations

import errno
import gzip
import lzma
import os
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from recmia.errors import DataError

# The largest archive of the registry (MovieLens-20M) unpacks to 0.9 GB, five times its size.
MAX_BYTES = 20 * 2**30
MAX_RATIO = 200
# A small archive may be very regular without harm.
_FREE_BYTES = 2**24
_MAX_MEMBERS = 10_000
_BLOCK = 2**20
_DRIVE = re.compile(r"^[A-Za-z]:")


@contextmanager
def explain_full_disk(path: str | Path) -> Iterator[None]:
    """Turn a full disk or quota inside the block into an error that says what to do.

    Raises:
        DataError: no space was left for ``path``.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise DataError(
            "the disk is full; nothing half-written was left.",
            file=path,
            remedy=f"free space beside {Path(path).parent}, or choose another data folder "
            "with RECMIA_DATA, and run the command again.",
        ) from error


def unpack(
    archive: str | Path,
    target: str | Path,
    *,
    max_bytes: int = MAX_BYTES,
    max_ratio: float = MAX_RATIO,
) -> list[Path]:
    """Unpack a zip, tar (plain or compressed) or gzip file into a new folder.

    A single folder that holds everything in the archive is left out: ``ml-1m.zip`` with
    ``ml-1m/ratings.dat`` gives ``target/ratings.dat``.

    Args:
        archive: the file, told by its content and not by its name.
        target: folder to make; must not exist, so nothing is ever overwritten.
        max_bytes: most bytes that may be written.
        max_ratio: most bytes written for each byte of the archive, beyond the first 16 MiB.

    Returns:
        The files, sorted.

    Raises:
        DataError: damaged, not an archive, a member with an unsafe name or kind, too large when
            unpacked, target already there, or a full disk. The target is then not made.
    """
    archive, target = Path(archive), Path(target)
    if target.exists() or target.is_symlink():
        raise DataError(
            f"{target} is already there and would have to be overwritten.",
            file=archive,
            remedy="move it away and run the command again.",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    limit = min(max_bytes, max(_FREE_BYTES, int(max_ratio * archive.stat().st_size)))
    with explain_full_disk(target):
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            content = aside / "content"
            content.mkdir()
            sink = _Sink(archive, content, limit)
            _write_members(archive, sink)
            entries = list(content.iterdir())
            if not entries:
                raise sink.refuse("it holds nothing")
            alone = len(entries) == 1 and entries[0].is_dir()
            os.replace(entries[0] if alone else content, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return sorted(path for path in target.rglob("*") if path.is_file())


class _Sink:
    """Writes members below a folder, and refuses what is unsafe or too much."""

    def __init__(self, archive: Path, folder: Path, limit: int) -> None:
        self.archive, self.folder, self.left, self.limit = archive, folder, limit, limit
        self.seen: set[str] = set()

    def place(self, name: str) -> Path:
        """Where a member goes; its name must be relative, plain and new."""
        parts = PurePosixPath(name).parts
        unsafe = not parts or name.startswith("/") or ".." in parts or "\\" in name
        if unsafe or "\0" in name or any(_DRIVE.match(part) for part in parts):
            raise self.refuse(f"member {name!r} would be written outside the folder")
        # Compared without case, as some file systems do.
        key = "/".join(parts).casefold()
        if key in self.seen:
            raise self.refuse(f"member {name!r} occurs twice")
        self.seen.add(key)
        if len(self.seen) > _MAX_MEMBERS:
            raise self.refuse(f"it has more than {_MAX_MEMBERS} members")
        return self.folder.joinpath(*parts)

    def write(self, name: str, stream: BinaryIO) -> None:
        path = self.place(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            for block in self.blocks(stream):
                file.write(block)

    def blocks(self, stream: BinaryIO) -> Iterator[bytes]:
        """Read to the end, counting what comes: the sizes that an archive declares may lie."""
        while block := stream.read(_BLOCK):
            self.left -= len(block)
            if self.left < 0:
                raise self.refuse(f"it unpacks to more than {self.limit:,} bytes")
            yield block

    def refuse(self, reason: str) -> DataError:
        return DataError(
            f"the archive was not unpacked: {reason}.",
            file=self.archive,
            remedy="download it again from the official address; do not unpack it by hand.",
        )


def _write_members(archive: Path, sink: _Sink) -> None:
    damaged = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError)
    # Unknown compression, undecodable names, a member that is both file and folder.
    odd = (NotImplementedError, UnicodeDecodeError, FileExistsError, NotADirectoryError)
    try:
        _kind(archive, sink)(archive, sink)
    except (*damaged, *odd) as error:
        raise sink.refuse(f"it is damaged ({error or type(error).__name__})") from error
    except OSError as error:
        # gzip and bz2 report bad data as an OSError without a number.
        if error.errno is not None:
            raise
        raise sink.refuse(f"it is damaged ({error})") from error


def _kind(archive: Path, sink: _Sink) -> Callable[[Path, _Sink], None]:
    if zipfile.is_zipfile(archive):
        return _unzip
    if tarfile.is_tarfile(archive):
        return _untar
    with open(archive, "rb") as file:
        if file.read(2) == b"\x1f\x8b":
            return _gunzip
    raise sink.refuse("it is not a zip, tar or gzip file")


def _unzip(archive: Path, sink: _Sink) -> None:
    with zipfile.ZipFile(archive) as file:
        for member in file.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise sink.refuse(f"member {member.filename!r} is a link or a device")
            if member.flag_bits & 1:
                raise sink.refuse(f"member {member.filename!r} is encrypted")
            # zipfile cuts a name at a null byte and hides what followed.
            if member.orig_filename != member.filename:
                raise sink.refuse(f"member {member.orig_filename!r} has an odd name")
            if member.is_dir():
                sink.place(member.filename).mkdir(parents=True, exist_ok=True)
                continue
            with file.open(member) as stream:
                sink.write(member.filename, stream)


def _untar(archive: Path, sink: _Sink) -> None:
    with tarfile.open(archive) as file:
        for member in file:
            if member.isdir():
                sink.place(member.name).mkdir(parents=True, exist_ok=True)
            elif member.isreg():
                stream = file.extractfile(member)
                with stream:
                    sink.write(member.name, stream)
            else:
                raise sink.refuse(f"member {member.name!r} is a link or a device")
        # The checksum of a compressed tar comes after the last member.
        for _ in sink.blocks(file.fileobj):
            pass


def _gunzip(archive: Path, sink: _Sink) -> None:
    name = archive.name[:-3] if archive.suffix == ".gz" else archive.name
    with gzip.open(archive, "rb") as stream:
        sink.write(name, stream)
