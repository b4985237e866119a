"""Independent jobs side by side under one progress bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from recmia.progress import track
from recmia.recommenders.workers import run_in_processes


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
