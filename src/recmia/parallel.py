"""Independent jobs side by side under one progress bar, one process and one thread each."""

from __future__ import annotations

import multiprocessing
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any

from recmia.progress import track

LIBRARY_SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    # oneDNN keeps what it compiles for a shape: gigabytes where every batch has another.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32",
}
_advances: Any = None
_kept: _Workers | None = None


def run_jobs(
    function: Callable[[Any, Callable[[float], None]], Any],
    jobs: Sequence[Any],
    *,
    workers: int,
    total: float,
    label: str,
) -> list[Any]:
    """Call ``function(job, progress)`` for every job; see :func:`run_in_processes`.

    Args:
        function: importable by name; calls ``progress(n)`` as it gets on.
        jobs: picklable arguments.
        workers: processes at a time; with one, all is done in this process.
        total: sum of what the jobs report.
        label: shown beside the progress bar.

    Returns:
        Results in the order of ``jobs``. The first failure stops the others and is raised.
    """
    if not jobs:
        return []
    with track(total, label) as bar:
        if min(workers, len(jobs)) == 1:
            return [function(job, bar.advance) for job in jobs]
        return run_in_processes(function, jobs, workers, bar.advance)


def run_in_processes(
    function: Callable[..., Any],
    jobs: Sequence[Any],
    workers: int,
    progress: Callable[[int], None],
) -> list[Any]:
    """Call ``function(job, progress)`` for every job in other processes; results in job order.

    The processes are spawned, use one thread each, wait for the next call, since a new one takes
    seconds to import the libraries, and end when this process does, however it ends. The first
    exception of a job, or Ctrl-C, ends them all and is raised here.

    Args:
        function: importable by name; calls ``progress(n)`` as it gets on.
        jobs: picklable arguments.
        workers: processes at a time.
        progress: called in this process with what the jobs report.
    """
    global _kept
    if _kept is not None and _kept.size != workers:
        _kept.end()
        _kept = None
    team = _kept = _kept or _Workers(workers)
    try:
        with _one_thread_each():
            futures = [team.pool.submit(_call, function, job) for job in jobs]
        waiting = set(futures)
        while waiting:
            _drain(team.advances, progress, seconds=0.2)
            for future in [f for f in waiting if f.done()]:
                waiting.remove(future)
                future.result()
        _drain(team.advances, progress, seconds=0.2)
        return [future.result() for future in futures]
    except BaseException:
        _kept = None
        team.end()
        raise


class _Workers:
    """Processes that live as long as this object's end of a pipe is open.

    Args:
        size: processes at most.
    """

    def __init__(self, size: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.size = size
        self.advances = context.Queue()
        # The only open end: it closes when this process ends, even if it is killed.
        inherited, self.lifeline = context.Pipe(duplex=False)
        self.pool = ProcessPoolExecutor(
            size, context, initializer=_start, initargs=(self.advances, inherited)
        )

    def end(self) -> None:
        """End the processes, busy or not."""
        self.lifeline.close()
        self.pool.shutdown(cancel_futures=True)
        self.advances.close()


def _drain(advances: Any, progress: Callable[[int], None], seconds: float) -> None:
    # Bounded: jobs that report without pause must not keep a failed one from being noticed.
    for _ in range(64):
        try:
            progress(advances.get(timeout=seconds))
        except queue.Empty:
            return


def _start(advances: Any, lifeline: Connection) -> None:
    global _advances
    _advances = advances

    def end_with_parent() -> None:
        # A killed parent would leave this process waiting for work for ever.
        wait([lifeline])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()


def _call(function: Callable[..., Any], job: Any) -> Any:
    return function(job, _advances.put)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    # Numerical libraries read these when they are loaded, which is before any code of ours runs.
    before = {name: os.environ.get(name) for name in LIBRARY_SETTINGS}
    os.environ.update(LIBRARY_SETTINGS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
