"""Independent jobs under one progress bar: in this process, on its cores, or on a Dask cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from recmia.progress import track

SCHEDULER = "RECMIA_SCHEDULER"


def run_jobs(
    function: Callable[[Any, Callable[[float], object]], Any],
    jobs: Sequence[Any],
    *,
    workers: int,
    total: float,
    label: str,
) -> list[Any]:
    """Call ``function(job, progress)`` for every job.

    Each job has a process and a thread to itself: on this machine or, where ``RECMIA_SCHEDULER``
    is the address of a Dask scheduler, on whatever workers that has. A job whose process is killed
    runs again, so that what it writes must be whole or absent; one that nobody waits for any more
    ends with its process.

    Args:
        function: importable by name; calls ``progress(n)`` as it gets on.
        jobs: picklable arguments, those that take longest first.
        workers: processes on this machine; with one, all is done in this process.
        total: sum of what the jobs report.
        label: shown beside the progress bar.

    Returns:
        Results in the order of ``jobs``. The first failure stops the others and is raised.

    Raises:
        ClusterError: the cluster cannot be used, or a job's process died again and again.
    """
    address = os.environ.get(SCHEDULER)
    with track(total, label) as bar:
        if not jobs or not address and min(workers, len(jobs)) == 1:
            return [function(job, bar.update) for job in jobs]
        # Imported here: Dask takes a second to load, in which a small run is done.
        from recmia.cluster import connect, run_on

        return run_on(connect(address or workers), function, jobs, bar.update)
