"""Jobs keep their order and fail at once, however often the others report."""

import time

import pytest

from recmia.parallel import run_jobs


def _square(number: int, progress) -> int:
    progress(1)
    return number**2


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
