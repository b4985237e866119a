"""Files that are either whole or absent: write aside, then rename; hash what is kept."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from recmia.errors import DamagedError, DataError


@contextmanager
def write_aside(path: str | Path, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it into place only if the block succeeds.

    A crash, a full disk or Ctrl-C leaves the earlier file as it was.

    Args:
        path: the file.
        durable: wait until the bytes are on the disk before the rename: else a power cut can leave
            the new name with nothing in it. Not worth it for what is only looked at or remembered.

    Raises:
        OSError: the folder cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        aside.chmod(0o644)
        if durable:
            to_disk(aside)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def remove_half_written(folder: Path) -> None:
    """Remove what `write_aside` could not, below a folder, because its process was killed."""
    for file in filter(Path.is_file, folder.rglob(".*.part")):
        file.unlink()


def to_disk(path: Path) -> None:
    """Wait until a file, or all files of a folder, are on the disk and not in its cache alone."""
    for file in (path, *path.rglob("*")) if path.is_dir() else (path,):
        handle = os.open(file, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def explain_unwritable(path: str | Path) -> Iterator[None]:
    """Turn a full disk, a quota or a missing right inside the block into what to do about it.

    Raises:
        DataError: ``path`` could not be written.
    """
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        if not (full or isinstance(error, PermissionError) or error.errno == errno.EROFS):
            raise
        raise DataError(
            f"{'the disk is full' if full else 'this may not be written'}; nothing half-written "
            "was left.",
            file=error.filename or path,
            remedy=f"{'free space' if full else 'allow writing'} beside {Path(path).parent}, or "
            "choose another data folder with RECMIA_DATA, and run the command again.",
        ) from error


def write_text(path: str | Path, text: str, durable: bool = True) -> Path:
    """Write ``text`` (UTF-8) atomically; see `write_aside`."""
    with write_aside(path, durable) as aside:
        aside.write_text(text, encoding="utf-8")
    return Path(path)


def write_json(path: str | Path, value: Any, durable: bool = True) -> Path:
    """Write ``value`` as readable JSON, atomically and with a stable key order."""
    text = json.dumps(value, indent=1, sort_keys=True, default=_plain) + "\n"
    return write_text(path, text, durable)


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Raises:
        DamagedError: it is there and is no JSON; also a ValueError.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DamagedError(path, error) from error


def write_arrays(path: str | Path, **arrays: np.ndarray) -> Path:
    """Write named arrays as one uncompressed ``.npz``, atomically."""
    with write_aside(path) as aside, open(aside, "wb") as file:
        np.savez(file, **arrays)
    return Path(path)


def read_arrays(path: str | Path, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Read an ``.npz`` written by :func:`write_arrays`, or the named ones of it; never unpickles.

    Raises:
        DamagedError: it is there and is no such file, or was cut or edited.
        KeyError: a named array is not there.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in (archive.files if names is None else names)}
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DamagedError(path, error) from error
    except (AttributeError, TypeError) as error:  # a single array, which is no archive
        raise DamagedError(path, "no archive of arrays") from error


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def content_hash(*parts: Any) -> str:
    """SHA-256 of JSON-able values and NumPy arrays (bytes, dtype and shape), in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).tobytes())
        else:
            digest.update(json.dumps(part, sort_keys=True, default=_plain).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
