"""Jobs on a Dask cluster: processes of this machine, or those that wait at an address."""

from __future__ import annotations

import logging
import os
import platform
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, WorkerPlugin, get_worker
from distributed import protocol as wire
from distributed.comm import get_address_host_port
from packaging.requirements import Requirement
from threadpoolctl import threadpool_limits

import recmia
from recmia.errors import ClusterError
from recmia.progress import INTERVAL
from recmia.storage import content_hash, file_hash

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
DASK_SETTINGS = {
    "distributed.scheduler.worker-saturation": 1.0,  # no job waits behind another
    "distributed.scheduler.worker-ttl": None,  # one that computes without pause is not dead
    "distributed.nanny.pre-spawn-environ": {},  # would change this process, too
}
CONNECT_SECONDS = 5
PREFIX = "recmia"
_kept: tuple[str | int, Client] | None = None


def connect(place: str | int) -> Client:
    """A cluster, kept for the next call: new processes take seconds to import the libraries.

    Args:
        place: address of a scheduler, or the number of processes on this machine. Those can be
            reached from this machine only, by this process only, and end when it does.

    Raises:
        ClusterError: nothing answers at the address, or it has no workers.
    """
    global _kept
    if _kept is not None and (_kept[0] != place or _kept[1].status != "running"):
        client, _kept = _kept[1], None
        client.close()
        if client.cluster is not None:
            client.cluster.close()
    if _kept is None:
        client = _reach(place) if isinstance(place, str) else _start(place)
        # Its name was changed in 2023.9.
        getattr(client, "register_plugin", client.register_worker_plugin)(_Worker(), name=PREFIX)
        _kept = place, client
    return _kept[1]


def _start(workers: int) -> Client:
    with dask.config.set(DASK_SETTINGS):
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            security=True,  # other users of this machine have no business here
            dashboard_address=None,
            memory_limit=None,
            local_directory=tempfile.gettempdir(),
            silence_logs=logging.ERROR,
        )
    return Client(cluster, set_as_default=False)


def _reach(address: str) -> Client:
    try:
        get_address_host_port(address, strict=True)  # Client would hang on what is no address
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"No Dask scheduler answers at {address} ({error}). Remedy: start one with `dask "
            "scheduler`, give the address that it prints (tcp://HOST:PORT), or leave it out."
        ) from None
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except TimeoutError:
        client.close()
        raise ClusterError(
            f"The Dask scheduler at {address} has no workers. Remedy: start some with "
            f"`dask worker {address} --nworkers auto --nthreads 1`."
        ) from None
    return client


def check(address: str, folders: Sequence[Path]) -> None:
    """See that a cluster can be reached and that its workers can stand in for this machine.

    Args:
        address: of the scheduler.
        folders: what they must share with this machine.

    Raises:
        ClusterError: otherwise.
    """
    with _reach(address) as client:
        client.run(_check_worker, expected=software())
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".shared-") as file:
                seen = client.run(os.path.exists, file.name)
            if blind := [worker for worker, here in seen.items() if not here]:
                raise ClusterError(
                    f"Worker {blind[0]} does not see {folder} of this machine. Remedy: point "
                    "RECMIA_ARTIFACTS and RECMIA_REPORTS to folders that all machines share under "
                    "the same name."
                )


def run_on(
    client: Client,
    function: Callable[..., Any],
    jobs: Sequence[Any],
    progress: Callable[[float], object],
) -> list[Any]:
    """Call ``function(job, progress)`` for every job on a cluster; see `recmia.jobs.run_jobs`.

    Args:
        client: from :func:`connect`.
        function: importable by name.
        jobs: picklable arguments.
        progress: called in this thread with what the jobs report; less than nothing where a job
            begins anew.
    """
    name = f"{PREFIX}-{uuid.uuid4().hex}"
    results, done = [None] * len(jobs), [0.0] * len(jobs)
    events: SimpleQueue = SimpleQueue()
    client.subscribe_topic(name, lambda event: events.put(event[1]))
    waiting: dict[int, Future] = {}
    try:
        for number, job in enumerate(jobs):
            # As bytes: the scheduler would open everything else, which takes the libraries.
            call = wire.pickle.dumps((function, job))
            waiting[number] = client.submit(
                _call, call, name, number, software(), key=f"{name}-{number}", priority=-number
            )
            waiting[number].add_done_callback(lambda future, n=number: events.put((n, future)))
        while waiting:
            number, event = events.get()
            if number not in waiting:
                continue  # a report that was overtaken by the result
            if isinstance(event, Future):
                del waiting[number]
                results[number], event = _result(event)
            progress(event - done[number])
            done[number] = event
        return results
    finally:
        client.unsubscribe_topic(name)
        for future in waiting.values():
            future.release()


def _result(future: Future) -> tuple[Any, float]:
    if future.status in ("cancelled", "lost"):
        raise ClusterError(
            "The Dask scheduler is gone. Remedy: start it again, then the same command goes on "
            "from what is finished."
        )
    try:
        return future.result()
    except KilledWorker as error:
        raise ClusterError(
            f"The process of a job died {error.allowed_failures + 1} times; the system often ends "
            "a process that takes too much memory. Remedy: fewer workers, or --set smaller cohorts "
            "or batches."
        ) from None


class _Worker(WorkerPlugin):
    """What happens in each worker, those that join later too."""

    def setup(self, worker: Any) -> None:
        # Before anything of ours is loaded.
        os.environ.update(LIBRARY_SETTINGS)

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        # Nobody waits for this job any more: another has failed, or who asked for it was stopped
        # or killed. A thread cannot be ended, but its process can; Dask starts another one.
        if str(key).startswith(PREFIX) and (start, finish) == ("executing", "released"):
            os._exit(1)


def _call(call: bytes, name: str, number: int, expected: dict[str, str]) -> tuple[Any, float]:
    worker = get_worker()
    _check_worker(worker, expected)
    done = told = 0.0

    def progress(n: float) -> None:
        nonlocal done, told
        done += float(n)
        if time.monotonic() - told >= INTERVAL:
            told = time.monotonic()
            worker.log_event(name, (number, done))

    function, job = wire.pickle.loads(call)
    with threadpool_limits(1):  # for libraries that the worker had loaded before it met us
        return function(job, progress), done


def _check_worker(dask_worker: Any, expected: dict[str, str]) -> None:
    # Dask goes by the argument's name.
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
        if need.marker is None or need.marker.evaluate({"extra": ""}):
            versions[need.name] = metadata.version(need.name)
    source = Path(recmia.__file__).parent
    files = sorted(source.rglob("*.py"))
    versions["recmia"] = content_hash(
        [[path.relative_to(source).as_posix(), file_hash(path)] for path in files]
    )[:12]
    return versions
