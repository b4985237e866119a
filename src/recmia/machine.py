"""What the machine can fail at, and what a person can do about it."""

from __future__ import annotations

import errno
import resource
from collections.abc import Sequence

MEMORY = (
    "Memory ran out. Remedy: a smaller profile, --set smaller cohorts or batches, fewer workers, "
    "or a higher limit (`ulimit -v`)."
)
KILLED = (
    "A process of this run was killed; the system often ends one that takes too much memory. "
    "Remedy: fewer workers, a smaller profile, or --set smaller cohorts or batches; what is "
    "finished is kept."
)
# By their names: the libraries that raise these are not loaded where only an error is told.
_MEMORY = {"MemoryError", "ArrowMemoryError", "OutOfMemoryError"}
_KILLED = {"BrokenProcessPool", "BrokenExecutor", "KilledWorker", "DeadKernelError"}
_MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory")
_MEMORY_WORDS += ("can't start new thread", "failed to map segment", "could not spawn threads")
# Of address space, most of it never touched. With less, polars aborts and OpenBLAS asks for memory
# for ever, which no program can catch: a command needs the least, a notebook the libraries.
_LIBRARIES = 4 * 2**30
_LEAST = 19 * 10**8  # an audit of the example hangs with 1.5 GB and works with 2
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


def of_the_machine(error: BaseException) -> str | None:
    """An error that is no fault of the program, in a sentence with a remedy; None for others.

    What it was caused by counts too: libraries wrap what the system tells them.
    """
    seen: BaseException | None = error
    while seen is not None:
        if (told := _told(seen)) is not None:
            return told
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    # Under a tight limit libraries load in part, and then fail in whatever way comes first.
    if (limit := _memory_limit()) is None or isinstance(error, OSError):
        return None
    return f"{type(error).__name__}: {error}. {_too_little(limit)}"


def too_little_memory(notebooks: bool = False) -> str | None:
    """What to say before anything is loaded, where the libraries would hang or abort; or None.

    Args:
        notebooks: they are about to be run, and load torch with all the rest.
    """
    limit = _memory_limit()
    least = _LIBRARIES if notebooks else _LEAST
    return None if limit is None or limit >= least else _too_little(limit)


def _too_little(limit: int) -> str:
    return (
        f"Memory is limited to {limit / 2**30:.1f} GiB here, less than the libraries need to begin "
        "with. Remedy: a higher limit (`ulimit -v`)."
    )


def _memory_limit() -> int | None:
    """Bytes that this process may address, where they are too few to load the libraries."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return limit if 0 <= limit < _LIBRARIES else None


def of_memory(names: Sequence[str], said: str) -> str | None:
    """The same of an error that is known by its names and words alone, where memory is the cause.

    Args:
        names: of its class and those above it.
        said: its message.
    """
    if _MEMORY.intersection(names) or any(words in said.lower() for words in _MEMORY_WORDS):
        return MEMORY
    return KILLED if _KILLED.intersection(names) else None


def _told(error: BaseException) -> str | None:
    if told := of_memory([kind.__name__ for kind in type(error).__mro__], str(error)):
        return told
    if isinstance(error, OSError) and error.errno not in (None, errno.EPIPE):  # who reads has left
        return _of_files(error)
    return None


def _of_files(error: OSError) -> str:
    place = f" {error.filename}" if error.filename is not None else ""
    if error.errno in _FULL:
        return (
            f"the disk is full, or a limit on it was reached ({error.strerror}{place}); nothing "
            "half-written was left. Remedy: free some space, run it again."
        )
    if error.errno in _NOT_ALLOWED:
        remedy = (
            "allow it, or name other folders with RECMIA_ARTIFACTS, RECMIA_REPORTS, RECMIA_DATA or "
            "--out"
        )
    else:
        remedy = "look whether the path is right, and whether a folder stands where a file should"
    return f"{error.strerror}:{place or ' a file or connection'}. Remedy: {remedy}."
