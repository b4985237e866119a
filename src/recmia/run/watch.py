"""Looks at a kernel at work: how far its notebook is, and how much memory it takes."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

from recmia.progress import read_progress

POLL_SECONDS = 0.5
LINE_SECONDS = 60
STOPPED_SECONDS = 30  # so long a process is stopped before it is told of


class Watch(threading.Thread):
    """Samples the memory and shows the progress until told to stop.

    A terminal has one live line; anything else is given a line a minute.

    Attributes:
        pid: the kernel, once it has started.
        peak_bytes: most memory that it and its children were seen to have.
    """

    def __init__(self, label: str, progress: Path, out: TextIO) -> None:
        """Get ready.

        Args:
            label: what the step is called.
            progress: file of `recmia.progress`.
            out: where lines go.
        """
        super().__init__(daemon=True)
        self.pid: int | None = None
        self.peak_bytes = 0
        self._label, self._progress, self._out = label, progress, out
        self._ended = threading.Event()
        self._stopped: dict[int, float] = {}
        self._told: set[int] = set()

    def stop(self) -> None:
        """Wipe the live line out and end."""
        self._ended.set()
        self.join(timeout=5)

    def run(self) -> None:
        """What the thread does."""
        live = self._out.isatty() and sys.stderr.isatty()
        began = said = time.monotonic()
        while not self._ended.wait(POLL_SECONDS):
            self._sample()
            now = time.monotonic()
            for line in self._halted(now):
                if live:
                    self._draw("")
                print(line, file=self._out, flush=True)
            if live:
                width = shutil.get_terminal_size().columns - 1
                self._draw(self._line(now - began, width))
            elif now - said >= LINE_SECONDS:
                said = now
                print(self._line(now - began), file=self._out, flush=True)
        if live:
            self._draw("")

    def _line(self, elapsed: float, width: int | None = None) -> str:
        from tqdm import tqdm

        state = f"{tqdm.format_interval(elapsed)}  {read_progress(self._progress)}".rstrip()
        room = None if width is None else max(width - len(state) - 2, 0)
        return f"{self._label[:room]}  {state}"[:width]

    def _draw(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()

    def _sample(self) -> None:
        if self.pid is None:
            return
        import psutil

        total, stopped = 0, set()
        with suppress(psutil.Error):
            kernel = psutil.Process(self.pid)
            for process in (kernel, *kernel.children(recursive=True)):
                with suppress(psutil.Error):
                    total += process.memory_info().rss
                    if process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP):
                        stopped.add(process.pid)
        self.peak_bytes = max(self.peak_bytes, total)
        now = time.monotonic()
        self._stopped = {pid: self._stopped.get(pid, now) for pid in stopped}
        self._told &= stopped

    def _halted(self, now: float) -> Iterator[str]:
        """What to say of processes that have been stopped for a while, once each time."""
        for pid, since in self._stopped.items():
            if now - since >= STOPPED_SECONDS and pid not in self._told:
                self._told.add(pid)
                when = datetime.now() - timedelta(seconds=now - since)
                which = "the notebook" if pid == self.pid else "a worker"
                yield (
                    f"{self._label}  Process {pid} ({which}) has been stopped since "
                    f"{when:%H:%M:%S} and is waited for. To let it go on: kill -CONT {pid}. To end "
                    "the run: Ctrl-C; finished parts are kept."
                )
