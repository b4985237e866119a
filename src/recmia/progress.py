"""Progress of long loops, for a person at the terminal and for the pipeline above a notebook."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recmia.storage import write_text

VARIABLE = "RECMIA_PROGRESS"
INTERVAL = 0.5
_active: list[Track] = []


class Track:
    """Progress of one loop; made by :func:`track`."""

    def __init__(self, total: float, label: str) -> None:
        """Start at zero of ``total`` units of work."""
        self.total, self.label, self.done = max(float(total), 1e-9), label, 0.0
        self._last = 0.0
        self._bar = None

    def advance(self, n: float = 1) -> None:
        """``n`` more units are done."""
        self.set(self.done + n)

    def set(self, done: float) -> None:
        """``done`` units are done in all."""
        self.done = min(float(done), self.total)
        if self not in _active:
            return
        _active[0]._publish(finished=self is _active[0] and self.done >= self.total)

    def _publish(self, finished: bool = False) -> None:
        now = time.monotonic()
        if now - self._last < INTERVAL and not finished:
            return
        self._last = now
        # A loop inside a loop fills up one unit of the outer one.
        fraction = 0.0
        for inner in reversed(_active[1:]):
            fraction = min((inner.done + fraction) / inner.total, 1.0)
        done = min(self.done + fraction, self.total)
        label = " · ".join(loop.label for loop in _active)
        if path := os.environ.get(VARIABLE):
            write_text(path, json.dumps({"done": done, "total": self.total, "label": label}))
        elif self._bar is not None:
            self._bar.set_description_str(label, refresh=False)
            self._bar.n = round(done, 2)
            self._bar.refresh()


@contextmanager
def track(total: float, label: str) -> Iterator[Track]:
    """Report the progress of a loop: ``with track(len(xs), "epochs") as t: ... t.advance()``.

    Shows a bar on an interactive standard error or in a notebook opened by hand; writes
    ``{"done", "total", "label"}`` to the file named by ``RECMIA_PROGRESS``, at most twice a second,
    where the pipeline sets that. Loops may nest: an inner loop fills up one unit of the outer.
    Loops in worker processes and threads stay silent, lest they overwrite each other's reports.
    """
    loop = Track(total, label)
    if multiprocessing.parent_process() or threading.current_thread() != threading.main_thread():
        yield loop
        return
    _active.append(loop)
    try:
        if loop is _active[0]:
            if VARIABLE not in os.environ and _interactive():
                from tqdm.auto import tqdm

                loop._bar = tqdm(total=loop.total, desc=label, leave=False)
            loop._publish(finished=True)
        yield loop
    finally:
        _active.remove(loop)
        if loop._bar is not None:
            loop._bar.close()


def _interactive() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def read_progress(path: Path) -> dict | None:
    """The last event in a progress file, or None."""
    try:
        event = json.loads(path.read_text(encoding="utf-8"))
        return event if event["total"] > 0 else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
