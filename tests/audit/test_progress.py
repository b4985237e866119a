"""Progress of an audit off a terminal: plain lines with the time left, and none in a thread."""

import threading

import pytest

from recmia import progress
from recmia.audit.progress import track


@pytest.fixture(autouse=True)
def no_pipeline(monkeypatch) -> None:
    monkeypatch.delenv(progress.VARIABLE, raising=False)


def test_plain_lines_with_the_time_left(monkeypatch, capfd) -> None:
    monkeypatch.setattr("recmia.audit.progress.INTERVAL", 0.0)
    with track(4, "models") as bar:
        bar.start_t -= 60  # a minute ago
        bar.update(3)
    said = capfd.readouterr()
    assert said.out == ""
    assert "models: 75%, 01:00 elapsed, 00:20 left\n" in said.err
    assert "\r" not in said.err and "\x1b" not in said.err


def test_short_loops_and_threads_say_nothing(monkeypatch, capfd) -> None:
    with track(4, "models") as bar:
        bar.update(4)
    monkeypatch.setattr("recmia.audit.progress.INTERVAL", 0.0)

    def work() -> None:
        with track(2, "in a thread") as bar:
            bar.update()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert capfd.readouterr() == ("", "")


def test_the_pipelines_file_and_a_terminal_are_served_as_ever(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv(progress.VARIABLE, str(tmp_path / "line"))
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    with track(2, "models") as bar:
        bar.update()
        assert progress.read_progress(tmp_path / "line").startswith("models  50%|")
