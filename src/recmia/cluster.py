"""Jobs on a Dask cluster: processes of this machine, or those that wait at an address."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster
from distributed import protocol as wire
from distributed.comm import get_address_host_port

from recmia.errors import ClusterError
from recmia.worker import NAME, Jobs, call, check_worker, software

DASK_SETTINGS = {
    "distributed.scheduler.worker-ttl": None,  # one that computes without pause is not dead
    "distributed.nanny.pre-spawn-environ": {},  # would change this process, too
}
CONNECT_SECONDS = 5
SILENT_SECONDS = 300  # a worker that computes without pause answers late
_kept: tuple[str | int, Client] | None = None


def connect(place: str | int) -> Client:
    """A cluster, kept for the next call: new processes take seconds to import the libraries.

    Args:
        place: address of a scheduler, or the number of processes on this machine. Those can be
            reached from this machine only, by this process only, and end when it does.

    Raises:
        ClusterError: nothing answers at the address, or no workers that are like this machine.
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
        getattr(client, "register_plugin", client.register_worker_plugin)(Jobs(), name=NAME)
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
    except (OSError, ValueError, asyncio.TimeoutError) as error:
        raise ClusterError(
            f"No Dask scheduler answers at {address} ({error}). Remedy: start one with `dask "
            "scheduler`, give the address that it prints (tcp://HOST:PORT), or leave it out."
        ) from None
    try:
        _check_workers(client, address)
    except BaseException:
        client.close()
        raise
    return client


def _check_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        client.run_on_scheduler(software)
        client.run(check_worker, expected=software())
    except asyncio.TimeoutError:
        raise ClusterError(
            f"The Dask scheduler at {address} has no workers. Remedy: start some with "
            f"`dask worker {address} --nworkers auto --nthreads 1`."
        ) from None
    except ClusterError:
        raise
    except Exception as error:  # Dask wraps an ImportError that is raised there in nothing better
        raise ClusterError(
            f"The scheduler or a worker at {address} cannot run recmia ({error}). Remedy: install "
            "there what is installed here, and start it again."
        ) from error


def check(address: str, folders: Sequence[Path]) -> None:
    """See that a cluster can be reached and that its workers can stand in for this machine.

    Args:
        address: of the scheduler.
        folders: what they must share with this machine.

    Raises:
        ClusterError: otherwise.
    """
    with _reach(address) as client:
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
    name = f"{NAME}-{uuid.uuid4().hex}"
    results, done = [None] * len(jobs), [0.0] * len(jobs)
    events: SimpleQueue = SimpleQueue()
    client.subscribe_topic(name, lambda event: events.put(event[1]))
    waiting: dict[int, Future] = {}
    try:
        for number, job in enumerate(jobs):
            # As bytes: the scheduler would open everything else, which takes the libraries.
            packed = wire.pickle.dumps((function, job))
            waiting[number] = client.submit(
                call, packed, name, number, software(), key=f"{name}-{number}", priority=-number
            )
            waiting[number].add_done_callback(lambda future, n=number: events.put((n, future)))
        while waiting:
            try:
                number, event = events.get(timeout=SILENT_SECONDS)
            except Empty:
                _tell_of_silent(client)
                continue
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


def _tell_of_silent(client: Client) -> None:
    """Name workers that no longer answer: stopped, cut off, or on a machine that sleeps."""
    with suppress(OSError, asyncio.TimeoutError):
        for address, worker in client.scheduler_info()["workers"].items():
            silent = time.time() - worker["last_seen"]
            if silent > SILENT_SECONDS:
                print(
                    f"Worker {address} has not answered for {silent / 60:.0f} min and is waited "
                    "for. Remedy: look at its machine; a stopped process goes on after kill -CONT, "
                    "and the jobs of one that is ended go to the others.",
                    file=sys.stderr,
                )


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
