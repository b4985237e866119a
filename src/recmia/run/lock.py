"""One run at a time in one folder of artifacts, also after a crash."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from recmia.errors import ArtifactError
from recmia.experiments.paths import StudyPaths


class Lock:
    """The held lock; remembers the kernel at work, so that a successor can end an orphan."""

    def __init__(self, file) -> None:
        """Wrap the open, locked file."""
        self._file = file

    def note(self, kernel: int | None = None) -> None:
        """Write down this process and, while a notebook runs, its kernel."""
        holder = _identity(os.getpid()) | {"since": time.strftime("%Y-%m-%d %H:%M:%S")}
        holder["kernel"] = _identity(kernel) if kernel else None
        self._file.seek(0)
        self._file.truncate()
        self._file.write(json.dumps(holder))
        self._file.flush()


@contextmanager
def run_lock(paths: StudyPaths) -> Iterator[Lock]:
    """Hold the run's lock; the operating system frees it when its holder dies, however it dies.

    A kernel that outlived a killed holder is ended first, so that it cannot write any more.

    Raises:
        ArtifactError: another run holds the lock.
    """
    paths.records.mkdir(parents=True, exist_ok=True)
    with open(paths.records / "lock", "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = _read(file)
            raise ArtifactError(
                f"Another run of '{paths.profile}' is at work (process {holder.get('pid', '?')}, "
                f"since {holder.get('since', '?')}). Remedy: wait for it, or stop it."
            ) from None
        _end_orphan(_read(file).get("kernel"))
        lock = Lock(file)
        lock.note()
        try:
            yield lock
        finally:
            file.seek(0)
            file.truncate()


def _read(file) -> dict:
    file.seek(0)
    try:
        found = json.loads(file.read())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _identity(pid: int) -> dict:
    """Process id and start time, which together name one process only."""
    import psutil

    with contextlib.suppress(psutil.Error):
        return {"pid": pid, "started": psutil.Process(pid).create_time()}
    return {"pid": pid, "started": None}


def _end_orphan(kernel: dict | None) -> None:
    if not isinstance(kernel, dict) or kernel.get("started") is None:
        return
    import psutil

    # A lock that was edited names nobody: TypeError, KeyError, ValueError.
    with contextlib.suppress(psutil.Error, TypeError, KeyError, ValueError):
        if abs(psutil.Process(kernel["pid"]).create_time() - kernel["started"]) < 0.05:
            end_tree(kernel["pid"])


def end_tree(pid: int) -> None:
    """Kill a process and its children, workers of a kernel for example."""
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        tree = [process, *process.children(recursive=True)]
        for member in tree:
            with contextlib.suppress(psutil.Error):
                member.kill()
        psutil.wait_procs(tree, timeout=10)
