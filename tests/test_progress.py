"""Progress of loops, as a person and the pipeline see it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from recmia import progress


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "progress"))
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    return tmp_path / "progress"


def test_the_file_holds_share_and_time_left_until_the_loop_ends(file: Path) -> None:
    with progress.track(4, "models") as bar:
        assert progress.read_progress(file).startswith("models   0%|")
        bar.update(1.5)
        bar.start_t -= 60  # a minute ago
        bar.update(1.5)
        line = progress.read_progress(file)
        assert line.startswith("models  75%|") and "01:00 elapsed, 00:20 left" in line
        bar.update(-2)  # a job begins anew
        assert progress.read_progress(file).startswith("models  25%|")
    assert progress.read_progress(file) == ""


@pytest.mark.filterwarnings("error")
def test_shares_that_add_up_to_a_hair_more_than_the_whole_warn_of_nothing(file: Path) -> None:
    with progress.track(0.3, "jobs") as bar:
        bar.update(0.1)
        bar.update(0.2)
        assert bar.n > 0.3
        assert progress.read_progress(file).startswith("jobs 100%|")


def test_writes_at_most_twice_a_second(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.5)
    written = []
    monkeypatch.setattr(progress, "write_text", lambda path, text, durable: written.append(text))
    with progress.track(1000, "steps") as bar:
        for _ in range(1000):
            bar.update()
    assert 1 <= len(written) <= 3


def test_threads_do_not_report(file: Path) -> None:
    def work() -> None:
        with progress.track(2, "in a thread") as bar:
            bar.update()

    with progress.track(2, "outer") as bar:
        bar.update()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert progress.read_progress(file).startswith("outer  50%")


def test_plain_lines_with_the_time_left_off_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    monkeypatch.delenv(progress.VARIABLE, raising=False)
    monkeypatch.setattr(progress, "LINE_INTERVAL", 0.0)
    with progress.track(4, "models") as bar:
        bar.start_t -= 60  # a minute ago
        bar.update(3)
    said = capfd.readouterr()
    assert said.out == ""
    assert "models: 75%, 01:00 elapsed, 00:20 left\n" in said.err
    assert "\r" not in said.err and "\x1b" not in said.err


def test_short_loops_and_threads_leave_no_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
) -> None:
    monkeypatch.delenv(progress.VARIABLE, raising=False)
    with progress.track(4, "models") as bar:
        bar.update(4)
    monkeypatch.setattr(progress, "LINE_INTERVAL", 0.0)

    def work() -> None:
        with progress.track(2, "in a thread") as bar:
            bar.update()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert capfd.readouterr() == ("", "")


def test_a_line_that_cannot_be_written_stops_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(progress, "write_text", full)
    with progress.track(2, "models") as bar:
        bar.update(2)

    def take() -> None:
        with bar.get_lock():
            pass

    free = threading.Thread(target=take, daemon=True)
    free.start()
    free.join(timeout=5)
    assert not free.is_alive(), "tqdm's lock was left behind"
