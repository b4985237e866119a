"""Files that are either whole or absent: write aside, then rename; hash what is kept."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from recmia.errors import DataError


@contextmanager
def write_aside(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; rename it into place only if the block succeeds.

    A crash, a full disk or Ctrl-C leaves the earlier file as it was.

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
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


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
        if not (full or isinstance(error, PermissionError)):
            raise
        raise DataError(
            f"{'the disk is full' if full else 'this may not be written'}; nothing half-written "
            "was left.",
            file=error.filename or path,
            remedy=f"{'free space' if full else 'allow writing'} beside {Path(path).parent}, or "
            "choose another data folder with RECMIA_DATA, and run the command again.",
        ) from error


def write_text(path: str | Path, text: str) -> Path:
    """Write ``text`` (UTF-8) atomically."""
    with write_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")
    return Path(path)


def write_json(path: str | Path, value: Any) -> Path:
    """Write ``value`` as readable JSON, atomically and with a stable key order."""
    return write_text(path, json.dumps(value, indent=1, sort_keys=True, default=_plain) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_arrays(path: str | Path, **arrays: np.ndarray) -> Path:
    """Write named arrays as one uncompressed ``.npz``, atomically."""
    with write_aside(path) as aside, open(aside, "wb") as file:
        np.savez(file, **arrays)
    return Path(path)


def read_arrays(path: str | Path, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Read an ``.npz`` written by :func:`write_arrays`, or the named ones of it; never unpickles.

    Raises:
        KeyError: a named array is not there.
    """
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in (archive.files if names is None else names)}


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
