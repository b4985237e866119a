"""Jobs keep their order and fail at once, however often the others report."""

import os
import subprocess
import sys
import time

import pytest

from recmia.parallel import run_jobs


def _square(number: int, progress) -> int:
    progress(1)
    return number**2


def _process(number: int, progress) -> int:
    time.sleep(0.5)  # long enough for both processes to get a job
    progress(number)
    return os.getpid()


def _fail_or_report(number: int, progress) -> int:
    if number == 0:
        raise ValueError("job 0 failed")
    for _ in range(600):
        progress(0)
        time.sleep(0.05)
    return number


def test_in_this_process():
    assert run_jobs(_square, [3, 1, 2], workers=1, total=3, label="test") == [9, 1, 4]
    assert run_jobs(_square, [], workers=2, total=0, label="test") == []


@pytest.mark.slow
def test_results_are_in_the_order_of_the_jobs():
    assert run_jobs(_square, [3, 1, 2], workers=2, total=3, label="test") == [9, 1, 4]


@pytest.mark.slow
def test_a_failure_is_noticed_while_another_job_reports_without_pause():
    started = time.monotonic()
    with pytest.raises(ValueError, match="job 0 failed"):
        run_jobs(_fail_or_report, [0, 1], workers=2, total=1, label="test")
    assert time.monotonic() - started < 25, "the other job was waited for"


@pytest.mark.slow
def test_processes_are_kept_for_the_next_call_but_not_after_a_failure():
    def processes() -> set[int]:
        return set(run_jobs(_process, [0] * 4, workers=2, total=1, label="test"))

    first = processes()
    assert len(first) == 2 and os.getpid() not in first
    assert processes() == first
    with pytest.raises(ValueError, match="job 0 failed"):
        run_jobs(_fail_or_report, [0, 1], workers=2, total=1, label="test")
    assert not any(_alive(process) for process in first)
    assert processes().isdisjoint(first)


@pytest.mark.slow
def test_processes_end_when_theirs_is_killed():
    script = (
        "import os, signal\n"
        "from recmia.parallel import run_jobs\n"
        "from tests.test_parallel import _process\n"
        "if __name__ == '__main__':\n"
        "    found = set(run_jobs(_process, [0] * 4, workers=2, total=1, label='test'))\n"
        "    print(*found, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    processes = [int(word) for word in done.stdout.split()]
    assert len(processes) == 2, done.stderr
    ended = time.monotonic() + 10
    while any(_alive(process) for process in processes) and time.monotonic() < ended:
        time.sleep(0.1)
    assert not any(_alive(process) for process in processes)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
