"""Progress of loops, as the pipeline reads it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from recmia import progress


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECMIA_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    return tmp_path / "progress.json"


def test_an_inner_loop_fills_one_unit_of_the_outer(file: Path) -> None:
    with progress.track(4, "models") as models:
        assert progress.read_progress(file) == {"done": 0, "total": 4, "label": "models"}
        models.advance()
        with progress.track(10, "epochs") as epochs:
            epochs.set(5)
            event = {"done": 1.5, "total": 4, "label": "models · epochs"}
            assert progress.read_progress(file) == event
        models.advance(3)
        assert progress.read_progress(file)["done"] == 4


def test_writes_at_most_twice_a_second_but_always_the_end(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "INTERVAL", 0.5)
    written = []
    monkeypatch.setattr(progress, "write_text", lambda path, text: written.append(text))
    with progress.track(1000, "steps") as steps:
        for _ in range(1000):
            steps.advance()
    assert 2 <= len(written) <= 4 and '"done": 1000.0' in written[-1]


def test_threads_do_not_report(file: Path) -> None:
    def work() -> None:
        with progress.track(2, "in a thread") as loop:
            loop.advance()

    with progress.track(2, "outer") as outer:
        outer.advance()
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert progress.read_progress(file)["label"] == "outer"


def test_a_damaged_file_is_no_progress(tmp_path: Path) -> None:
    assert progress.read_progress(tmp_path / "none.json") is None
    (tmp_path / "half.json").write_text('{"done": 1, "tot')
    assert progress.read_progress(tmp_path / "half.json") is None
