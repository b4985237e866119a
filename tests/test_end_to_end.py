"""The whole study at the size of the tiny profile: repeated, killed and resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recmia.run.settings import load_settings

pytestmark = pytest.mark.slow
CHECKOUT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "recmia.cli", "run", "--profile", "tiny"]


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "RECMIA_HOME": str(CHECKOUT),
        "RECMIA_ARTIFACTS": str(folder / "artifacts"),
        "RECMIA_REPORTS": str(folder / "reports"),
    }


def run(folder: Path) -> str:
    done = subprocess.run(
        COMMAND, env=environment(folder), capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    run(folder)
    return folder


def results(folder: Path) -> bytes:
    return (folder / "reports" / "tiny" / "results.csv").read_bytes()


def test_killed_in_training_and_resumed_gives_the_same_results(uninterrupted, tmp_path):
    process = subprocess.Popen(
        COMMAND,
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    trained = tmp_path / "artifacts" / "tiny" / "03_train"
    deadline = time.monotonic() + 300
    while not list(trained.rglob("state.pt")) and time.monotonic() < deadline:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "reports" / "tiny" / "results.csv").exists()
    run(tmp_path)
    assert results(tmp_path) == results(uninterrupted)


def test_a_second_run_does_nothing(uninterrupted):
    before = results(uninterrupted)
    started = time.monotonic()
    said = run(uninterrupted)
    assert time.monotonic() - started < 10
    assert said.count("up to date (took") == len(load_settings("tiny").steps)
    assert results(uninterrupted) == before


def test_the_report_stands_alone(uninterrupted):
    report = uninterrupted / "reports" / "tiny"
    page = (report / "index.html").read_text(encoding="utf-8")
    assert 'src="http' not in page and 'href="http://' not in page
    for place in (str(CHECKOUT), str(uninterrupted), str(Path.home())):
        assert place not in page
    names = {path.stem for path in (report / "figures" / "proposal").glob("*.png")}
    assert {"figure1", "figure2", "figure3", "figure4"} <= names
    assert len(list((report / "notebooks").glob("*.html"))) == len(load_settings("tiny").steps)
