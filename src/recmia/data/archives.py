"""Archives unpacked safely: nothing outside the folder, no links, no bombs, all or nothing."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
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
_EXTENDED = {tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.GNUTYPE_SPARSE}
_EXTENDED |= {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE}
_PACKED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
_MAX_HEADERS = 2**25  # three times what the headers of as many members as may be take
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError)
# Encrypted, unknown compression, undecodable names, a member that is both file and folder.
_ODD = (RuntimeError, UnicodeError, FileExistsError, IsADirectoryError, NotADirectoryError)


def unpack(archive: Path, target: Path) -> None:
    """Unpack a zip or tar (plain or compressed) into a new folder; one that is there is left alone.

    A single folder that holds everything in the archive is left out: ``ml-1m.zip`` with
    ``ml-1m/ratings.dat`` gives ``target/ratings.dat``.

    Args:
        archive: the file, told by its content and not by its name.
        target: folder to make. It comes by a rename, so one that is there is whole.

    Raises:
        DataError: damaged, not an archive, a member with an unsafe name or kind, or too large when
            unpacked. The target is then not made.
    """
    if target.exists():
        return
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as aside:
        content = Path(aside) / "content"
        content.mkdir()
        try:
            _extract(archive, content)
        except (*_DAMAGED, *_ODD) as error:
            raise _refused(archive, f"it is damaged ({error or type(error).__name__})") from error
        except OSError as error:
            # gzip and bz2 report bad data as an OSError without a number.
            if error.errno is not None:
                raise
            raise _refused(archive, f"it is damaged ({error})") from error
        entries = list(content.iterdir())
        if not entries:
            raise _refused(archive, "it holds nothing")
        alone = len(entries) == 1 and entries[0].is_dir()
        os.replace(entries[0] if alone else content, target)


def stays_inside(name: str) -> bool:
    """Whether a relative name, with ``/`` between its parts, leads to a place below its folder."""
    path = PurePosixPath(name)
    return bool(path.parts) and not (path.is_absolute() or ".." in path.parts or "\\" in name)


def _extract(archive: Path, folder: Path) -> None:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            _check(archive, ((member.filename, member.file_size) for member in file.infolist()))
            file.extractall(folder)  # a link or a device becomes a plain file
    elif _is_tar(archive):
        with tarfile.open(archive) as file:
            _check(archive, ((member.name, member.size) for member in file))
            # The data filter allows links inside the folder, and has been outwitted by them.
            if odd := [member.name for member in file if not (member.isreg() or member.isdir())]:
                raise _refused(archive, f"member {odd[0]!r} is a link or a device")
            file.extractall(folder, filter="data")
            # The checksum of a compressed tar comes after the last member.
            while file.fileobj.read(_BLOCK):
                pass
    else:
        raise _refused(archive, "it is not a zip or tar file")


def _is_tar(archive: Path) -> bool:
    # Also `is_tarfile` reads the first headers whole. What is damaged is told by who reads it next.
    with suppress(*_DAMAGED, *_ODD, OSError):
        _check_headers(archive)
    return tarfile.is_tarfile(archive)


def _check_headers(archive: Path) -> None:
    """Refuse a tar whose headers alone are large: `tarfile` reads each of them into memory whole.

    Long names and the attributes of pax come as members of their own before the member that they
    are about, of whatever size they say.
    """
    with _unpacked(archive) as stream:
        empty = headers = 0
        while empty < 2 and len(block := stream.read(tarfile.BLOCKSIZE)) == tarfile.BLOCKSIZE:
            if not block.strip(b"\0"):
                empty += 1
                continue
            empty, headers = 0, headers + tarfile.BLOCKSIZE
            size = tarfile.nti(block[124:136])
            if size < 0:
                raise _refused(archive, "it is damaged (a member of less than no bytes)")
            if block[156:157] in _EXTENDED:
                headers += size
            if headers > _MAX_HEADERS:
                raise _refused(archive, f"its headers have more than {_MAX_HEADERS:,} bytes")
            left = -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
            while left and (got := len(stream.read(min(left, _BLOCK)))):
                left -= got


def _unpacked(archive: Path) -> BinaryIO:
    """The tar inside its packing, told by its first bytes."""
    with open(archive, "rb") as file:
        start = file.read(6)
    for magic, opener in {
        b"\x1f\x8b": gzip.open,
        b"BZh": bz2.open,
        b"\xfd7zXZ\0": lzma.open,
    }.items():
        if start.startswith(magic):
            return opener(archive)
    return open(archive, "rb")


def _check(archive: Path, members: Iterable[tuple[str, int]]) -> None:
    """Refuse names and sizes; of no member more is written than the bytes that it declares."""
    limit = min(MAX_BYTES, max(_FREE_BYTES, MAX_RATIO * archive.stat().st_size))
    seen, total = set(), 0
    for name, size in members:
        if not stays_inside(name):
            raise _refused(archive, f"member {name!r} would be written outside the folder")
        # Compared without case, as some file systems do.
        key = str(PurePosixPath(name)).casefold()
        if key in seen:
            raise _refused(archive, f"member {name!r} occurs twice")
        seen.add(key)
        total += size
        if total > limit or len(seen) > _MAX_MEMBERS:
            raise _refused(
                archive, f"it unpacks to more than {limit:,} bytes or {_MAX_MEMBERS:,} members"
            )


def _refused(archive: Path, reason: str) -> DataError:
    return DataError(
        f"the archive was not unpacked: {reason}.",
        file=archive,
        remedy="download it again from the official address; do not unpack it by hand.",
    )
