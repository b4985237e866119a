"""Looks at a kernel at work: how far its notebook is, and how much memory it takes."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from recmia.progress import read_progress

POLL_SECONDS = 0.5
LINE_SECONDS = 60


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

        total = 0
        with suppress(psutil.Error):
            kernel = psutil.Process(self.pid)
            for process in (kernel, *kernel.children(recursive=True)):
                with suppress(psutil.Error):
                    total += process.memory_info().rss
        self.peak_bytes = max(self.peak_bytes, total)
