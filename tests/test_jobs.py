"""Jobs keep their order, fail at once, and survive whatever is killed, here and on a cluster."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recmia import jobs
from recmia.errors import ClusterError, DataError
from recmia.jobs import SCHEDULER, run_jobs

TWO = {"workers": 2, "total": 1, "label": "test"}
# Whatever can be imported here can be imported there.
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _square(number: int, progress) -> int:
    progress(1)
    return number**2


def _process(seconds: float, progress) -> int:
    time.sleep(seconds)
    return os.getpid()


def _killed_once(job: tuple[int, Path], progress) -> int:
    number, mark = job
    progress(1)
    if number == 1 and not mark.exists():
        mark.touch()
        time.sleep(0.5)  # until its report has arrived
        os.kill(os.getpid(), signal.SIGKILL)
    progress(1)
    return number**2


def _always_killed(number: int, progress) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _endless(mark: Path, progress) -> None:
    mark.write_text(str(os.getpid()))
    while True:
        progress(0.001)


def _fail_or_report(job: tuple[bool, Path], progress) -> None:
    fails, mark = job
    if not fails:
        _endless(mark, progress)
    _soon(mark.exists)
    raise DataError("no such item", file="clicks.csv", line=7)


def _threads(library: str, progress) -> tuple[dict[str, str], set[int]]:
    from threadpoolctl import threadpool_info

    importlib.import_module(library)
    return dict(os.environ), {pool["num_threads"] for pool in threadpool_info()}


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _soon(found: Callable[[], Any], seconds: float = 15) -> Any:
    until = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.05)
    return value


def _run_endless(marks: list[Path], folder: Path, **environment: str) -> subprocess.Popen:
    """A process of its own, in a working folder of its own, whose jobs do not end."""
    script = (
        "import signal, sys, test_jobs\n"
        "from pathlib import Path\n"
        # Whoever runs the tests in the background may have it ignored, and that is handed down.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "jobs = [Path(name) for name in sys.argv[1:]]\n"
        "test_jobs.run_jobs(test_jobs._endless, jobs, **test_jobs.TWO)\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, marks)],
        cwd=folder, env=ENVIRONMENT | environment, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _pid(mark: Path) -> int:
    return int(_soon(lambda: mark.exists() and mark.read_text()))


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the bar was told."""
    told: list[float] = []
    bar = SimpleNamespace(update=told.append)
    monkeypatch.setattr(jobs, "track", lambda total, label: nullcontext(bar))
    return told


def test_one_worker_is_this_process_and_loads_no_dask(reports):
    assert run_jobs(_square, [3, 1, 2], workers=1, total=3, label="test") == [9, 1, 4]
    assert reports == [1, 1, 1]
    assert run_jobs(_square, [], **TWO) == []
    script = (
        "import sys\n"
        "from recmia.jobs import run_jobs\n"
        "run_jobs(lambda job, progress: progress(1), [1, 2], workers=1, total=2, label='test')\n"
        "assert not {'dask', 'distributed'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], env=ENVIRONMENT, check=True)


def test_a_worker_that_would_give_other_results_is_refused():
    from recmia.worker import check_worker, software

    def worker(threads: int) -> SimpleNamespace:
        return SimpleNamespace(address="tcp://a:1", state=SimpleNamespace(nthreads=threads))

    check_worker(worker(1), software())
    with pytest.raises(ClusterError, match=r"tcp://a:1 does 4 jobs .* --nthreads 1"):
        check_worker(worker(4), software())
    with pytest.raises(ClusterError, match=r"has numpy 1\S*, this machine has 0\.1"):
        check_worker(worker(1), software() | {"numpy": "0.1"})
    with pytest.raises(ClusterError, match="has recmia "):
        check_worker(worker(1), software() | {"recmia": "other source"})


@pytest.mark.slow
def test_results_are_in_the_order_of_the_jobs_and_processes_are_kept(reports):
    assert run_jobs(_square, [3, 1, 2], **TWO) == [9, 1, 4]
    assert sum(reports) == 3
    first = set(run_jobs(_process, [0.5] * 4, **TWO))
    assert len(first) == 2 and os.getpid() not in first
    assert set(run_jobs(_process, [0.5] * 4, **TWO)) == first


@pytest.mark.slow
def test_short_jobs_do_not_wait_behind_a_long_one():
    run_jobs(_square, [1, 2], **TWO)
    did = run_jobs(_process, [2.0, 0.1, 0.1, 0.1, 0.1], **TWO)
    assert did.count(did[0]) == 1, "the process of the long job did no other"


@pytest.mark.slow
def test_a_job_whose_process_is_killed_runs_again(tmp_path, reports):
    numbers = [(number, tmp_path / "mark") for number in range(5)]
    assert run_jobs(_killed_once, numbers, **TWO) == [0, 1, 4, 9, 16]
    assert sum(reports) == pytest.approx(10), "what the killed one had reported is taken back"


@pytest.mark.slow
def test_a_job_whose_process_is_always_killed_is_an_error():
    with pytest.raises(ClusterError, match="died 4 times.*memory"):
        run_jobs(_always_killed, [1, 2], **TWO)


@pytest.mark.slow
def test_a_failure_keeps_its_words_and_ends_a_job_that_reports_without_pause(tmp_path):
    mark = tmp_path / "mark"
    with pytest.raises(DataError, match=r"^clicks.csv, line 7: no such item$") as found:
        run_jobs(_fail_or_report, [(False, mark), (True, mark)], **TWO)
    assert found.value.line == 7
    _soon(lambda: not _alive(_pid(mark)))


@pytest.mark.slow
def test_jobs_have_one_thread(monkeypatch):
    from recmia.worker import LIBRARY_SETTINGS

    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    for environment, threads in run_jobs(_threads, ["numpy", "torch"], **TWO):
        assert LIBRARY_SETTINGS.items() <= environment.items()
        assert threads == {1}
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_when_theirs_is_stopped(how, tmp_path):
    folder = tmp_path / "working"
    folder.mkdir()
    marks = [tmp_path / "a", tmp_path / "b"]
    with _run_endless(marks, folder) as process:
        try:
            processes = [_pid(mark) for mark in marks]
            process.send_signal(how)
        except AssertionError:  # on a machine too busy to begin: it would be waited for forever
            process.kill()
            raise
    _soon(lambda: not any(_alive(process) for process in processes))
    assert not list(folder.iterdir())


class Cluster:
    """A Dask cluster on loopback, as somebody would start it by hand."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._started: list[subprocess.Popen] = []
        loopback = ("--host", "127.0.0.1", "--scheduler-file", str(self._file))
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard", *loopback)
        self.address = json.loads(_soon(lambda: self._file.exists() and self._file.read_text()))[
            "address"
        ]

    has_workers = False

    def add_workers(self, number: int) -> None:
        self.has_workers = True
        one_each = ("--nthreads", "1", "--nworkers", str(number), "--no-dashboard")
        self._start("worker", self.address, "--host", "127.0.0.1", *one_each)

    def _start(self, *words: str) -> subprocess.Popen:
        with open(self._folder / "log", "a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=self._folder, env=ENVIRONMENT, stdout=log, stderr=log,
            )  # fmt: skip
        self._started.append(process)
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.end()


@pytest.fixture
def at_cluster(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv(SCHEDULER, cluster.address)
    return cluster


@pytest.fixture
def at_workers(at_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """With two workers, whichever of these tests this process was given."""
    if not at_cluster.has_workers:
        at_cluster.add_workers(2)
        with monkeypatch.context() as patient:
            patient.setattr("recmia.cluster.CONNECT_SECONDS", 60)
            assert run_jobs(_square, [3], **TWO) == [9]
    return at_cluster


@pytest.mark.slow
def test_a_cluster_by_address(at_cluster, tmp_path, reports, monkeypatch):
    from recmia import cluster
    from recmia.worker import LIBRARY_SETTINGS

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(ClusterError, match=f"at {at_cluster.address} has no workers"):
        run_jobs(_square, [1], **TWO)
    at_cluster.add_workers(2)
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 15)
    # However few workers and jobs were asked for: the cluster is where they go.
    assert run_jobs(_square, [3], workers=1, total=1, label="test") == [9]
    processes = set(run_jobs(_process, [0.5] * 4, **TWO))
    assert len(processes) == 2 and os.getpid() not in processes
    numbers = [(number, tmp_path / "mark") for number in range(5)]
    assert run_jobs(_killed_once, numbers, **TWO) == [0, 1, 4, 9, 16]
    for environment, threads in run_jobs(_threads, ["numpy"] * 2, **TWO):
        assert LIBRARY_SETTINGS.items() <= environment.items()
        assert threads == {1}


@pytest.mark.slow
def test_folders_must_be_shared(at_workers, tmp_path, monkeypatch):
    from recmia import cluster

    cluster.check(at_workers.address, [tmp_path / "artifacts", tmp_path / "reports"])
    assert not list((tmp_path / "artifacts").iterdir())
    elsewhere = nullcontext(SimpleNamespace(name="/nowhere/at/all"))
    monkeypatch.setattr(cluster.tempfile, "NamedTemporaryFile", lambda **how: elsewhere)
    with pytest.raises(ClusterError, match=f"does not see {tmp_path} of this machine"):
        cluster.check(at_workers.address, [tmp_path])


@pytest.mark.slow
def test_jobs_on_a_cluster_end_when_the_run_is_killed(at_workers, tmp_path):
    mark = tmp_path / "mark"
    with _run_endless([mark], tmp_path, **{SCHEDULER: at_workers.address}) as process:
        worker = _pid(mark)
        process.kill()
    _soon(lambda: not _alive(worker))
    assert run_jobs(_square, [3, 1, 2], **TWO) == [9, 1, 4]


@pytest.mark.slow
def test_a_lost_scheduler_is_an_error(at_workers, tmp_path):
    mark = tmp_path / "mark"
    number = at_workers.scheduler.pid
    killer = subprocess.Popen(
        ["sh", "-c", f"until test -s {mark}; do sleep 0.1; done; kill -9 {number}"]
    )
    with pytest.raises(ClusterError, match="scheduler is gone"):
        run_jobs(_endless, [mark], **TWO)
    killer.wait()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense", "there://127.0.0.1:8786"])
def test_an_address_where_nothing_answers(address, monkeypatch):
    from recmia import cluster

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    monkeypatch.setenv(SCHEDULER, address)
    with pytest.raises(ClusterError, match=rf"No Dask scheduler answers at {address} .* Remedy: "):
        run_jobs(_square, [1], **TWO)


def test_a_worker_that_does_not_answer_is_named(capsys):
    from recmia import cluster

    class Quiet:
        def scheduler_info(self):
            now = time.time()
            return {"workers": {"tcp://a:1": {"last_seen": now - 1000},
                                "tcp://b:2": {"last_seen": now}}}  # fmt: skip

    cluster._tell_of_silent(Quiet())
    said = capsys.readouterr().err
    assert "tcp://a:1 has not answered for 17 min" in said and "tcp://b:2" not in said
    assert "kill -CONT" in said
