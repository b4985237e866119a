"""What a person sees of a step at work, at a terminal and without one."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recmia.run import watch
from recmia.run.watch import Watch

LINE = "attacks  25%|#####               | 00:10 elapsed, 00:30 left"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watched(out: io.StringIO, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """A watch that looked for a while at this process, which reports ``LINE``."""
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.01)
    (folder / "progress").write_text(LINE)
    made = Watch("04_attack  Attack the target and measure", folder / "progress", out)
    made.pid = os.getpid()
    made.start()
    time.sleep(0.2)
    made.stop()
    return made


def test_without_a_terminal_a_line_now_and_then(tmp_path, monkeypatch, capfd) -> None:
    out = io.StringIO()
    made = watched(out, tmp_path, monkeypatch)
    assert out.getvalue() == "" and made.peak_bytes > 1 << 20
    monkeypatch.setattr(watch, "LINE_SECONDS", 0.1)
    watched(out, tmp_path, monkeypatch)
    assert set(out.getvalue().splitlines()) == {
        f"04_attack  Attack the target and measure  00:00  {LINE}"
    }
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("columns", [80, 200])
def test_the_live_line_keeps_the_time_left(columns, tmp_path, monkeypatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    watched(terminal, tmp_path, monkeypatch)
    lines = terminal.getvalue().split("\r\x1b[K")[1:]
    assert all(len(line) < columns for line in lines)
    assert lines[0].startswith("04_attack") and lines[0].endswith("00:30 left")
    assert lines[-1] == "", "it is wiped out"


def test_a_stopped_worker_is_told_of_once_with_what_to_do(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(watch, "STOPPED_SECONDS", 0.05)
    out = io.StringIO()
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    made = Watch("03_train", tmp_path / "progress", out)
    made.pid = os.getpid()
    made.start()
    try:
        time.sleep(0.2)
        assert out.getvalue() == ""
        worker.send_signal(signal.SIGSTOP)
        until = time.monotonic() + 20
        while not out.getvalue() and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.2)
        [line] = out.getvalue().splitlines()
        assert f"Process {worker.pid} (a worker) has been stopped since" in line
        assert f"kill -CONT {worker.pid}" in line
        worker.send_signal(signal.SIGCONT)
        time.sleep(0.2)
        worker.send_signal(signal.SIGSTOP)  # again: said again
        while len(out.getvalue().splitlines()) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        assert len(out.getvalue().splitlines()) == 2
    finally:
        worker.kill()
        worker.wait()
        made.stop()
