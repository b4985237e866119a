"""Results beside a stamp of what made them: finished ones are kept, stale ones made again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recmia.storage import read_json, write_json


def stamp_of(path: Path) -> Path:
    """Where the stamp of ``path`` lies."""
    return path.with_name(path.name + ".stamp.json")


def is_current(path: Path, identity: str) -> bool:
    """Whether ``path`` is there and was made from what ``identity`` stands for."""
    try:
        return path.exists() and read_json(stamp_of(path)) == identity
    except (FileNotFoundError, ValueError):
        return False


def stamped(path: Path, identity: str, make: Callable[[], object]) -> bool:
    """Call ``make``, which writes ``path``, unless a current result is there already.

    The stamp is removed before and written after, so that a killed run leaves no result that
    looks finished.

    Args:
        path: the result's file.
        identity: hash of everything that the result depends on (`recmia.storage.content_hash`).
        make: writes ``path`` whole (`recmia.storage` does).

    Returns:
        Whether ``make`` was called.
    """
    if is_current(path, identity):
        return False
    stamp_of(path).unlink(missing_ok=True)
    make()
    write_json(stamp_of(path), identity)
    return True
