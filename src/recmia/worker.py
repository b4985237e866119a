"""What happens in a worker of a Dask cluster."""

from __future__ import annotations

import os
import platform
import time
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from distributed import WorkerPlugin, get_worker
from distributed import protocol as wire
from packaging.requirements import Requirement
from threadpoolctl import threadpool_limits

import recmia
from recmia.errors import ClusterError
from recmia.progress import INTERVAL
from recmia.storage import content_hash, file_hash

NAME = "recmia"
# What numerical libraries read when they are loaded.
LIBRARY_SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    # oneDNN keeps what it compiles for a shape: gigabytes where every batch has another.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32",
}


class Jobs(WorkerPlugin):
    """What each worker is taught, those that join later too: settings, and when to give up."""

    def setup(self, worker: Any) -> None:
        """Called before any of our code is loaded, which the settings must precede."""
        os.environ.update(LIBRARY_SETTINGS)

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        """Called when something happens to a job.

        Where nobody waits for it any more (another job has failed, or who asked for it was stopped
        or killed) it ends with its process, since a thread cannot be ended; Dask starts another.
        """
        if str(key).startswith(NAME) and (start, finish) == ("executing", "released"):
            os._exit(1)


def call(packed: bytes, topic: str, number: int, expected: dict[str, str]) -> tuple[Any, float]:
    """Do a job.

    Args:
        packed: the pickled function and job.
        topic: what progress is told under, as (number, done).
        number: of the job.
        expected: see :func:`check_worker`.

    Returns:
        The result, and what was reported in all.
    """
    worker = get_worker()
    check_worker(worker, expected)
    done = told = 0.0

    def progress(n: float) -> None:
        nonlocal done, told
        done += float(n)
        if time.monotonic() - told >= INTERVAL:
            told = time.monotonic()
            worker.log_event(topic, (number, done))

    function, job = wire.pickle.loads(packed)
    with threadpool_limits(1):  # for libraries that were loaded before the settings were made
        return function(job, progress), done


def check_worker(dask_worker: Any, expected: dict[str, str]) -> None:
    """See that a worker gives the results that the machine with the notebook would give.

    Args:
        dask_worker: the worker; Dask goes by this name.
        expected: :func:`software` of that machine.

    Raises:
        ClusterError: other code or libraries are there, or jobs would share a process.
    """
    address, threads = dask_worker.address, dask_worker.state.nthreads
    if threads != 1:
        raise ClusterError(
            f"Worker {address} does {threads} jobs in one process, which would disturb each other. "
            "Remedy: start it with --nthreads 1 --nworkers auto."
        )
    found = software()
    for part, version in expected.items():
        if (there := found.get(part)) != version:
            raise ClusterError(
                f"Worker {address} has {part} {there}, this machine has {version}: its results "
                "could differ. Remedy: install the same there, and start it again."
            )


@cache
def software() -> dict[str, str]:
    """Versions of Python and the libraries, and a hash of our own source."""
    versions = {"Python": platform.python_version()}
    for text in metadata.requires("recmia") or ():
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate({"extra": "study"}):
            versions[need.name] = metadata.version(need.name)
    source = Path(recmia.__file__).parent
    files = sorted(p for p in source.rglob("*.*") if p.is_file() and p.suffix != ".pyc")
    versions["recmia"] = content_hash(
        [[path.relative_to(source).as_posix(), file_hash(path)] for path in files]
    )[:12]
    return versions
