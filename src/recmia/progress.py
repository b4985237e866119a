"""Progress of a loop with the time left, for a person and for the pipeline above a notebook."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from recmia.storage import write_text

if TYPE_CHECKING:
    from tqdm import tqdm

VARIABLE = "RECMIA_PROGRESS"
INTERVAL = 0.5
LINE_INTERVAL = 10.0  # seconds between two lines of a log, and before the first


class _LastLine:
    """A stream for tqdm: a file holds the line that a terminal would show."""

    def __init__(self, path: str) -> None:
        self.path = Path(path)

    def write(self, text: str) -> None:
        # A line that cannot be written stops no work, and tqdm would keep its lock for ever.
        with suppress(OSError):
            if line := text.strip():
                write_text(self.path, line, durable=False)
            else:  # the bar is wiped out
                self.path.unlink(missing_ok=True)

    def flush(self) -> None:
        """Each line is written whole already."""


class _Lines:
    """A stream for tqdm: what a terminal would overwrite becomes lines on standard error."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError):  # closed
            if line := text.strip():
                print(line, file=sys.stderr, flush=True)

    def flush(self) -> None:
        """Each line is flushed already."""


@contextmanager
def track(total: float | None, label: str) -> Iterator[tqdm]:
    """Report the progress of a loop: ``with track(len(xs), "epochs") as bar: ... bar.update()``.

    Shows a bar on an interactive standard error or in a notebook opened by hand. Where the
    pipeline names a file in ``RECMIA_PROGRESS``, writes the same line there instead, at most twice
    a second. Where nobody would see a bar, as in a log, a line every ten seconds; a loop that is
    over sooner leaves none. A loop in a thread, such as that of a job in a worker, stays silent.
    """
    from tqdm import tqdm  # imported here: the command line answers faster without it

    path, notebook = os.environ.get(VARIABLE), "ipykernel" in sys.modules
    look = {
        "mininterval": INTERVAL,
        "bar_format": "{desc} {percentage:3.0f}%|{bar:20}| {elapsed} elapsed, {remaining} left",
    }
    if path:
        look["file"] = _LastLine(path)
    elif notebook:  # it shows in red what goes to standard error
        look["file"] = sys.stdout
    elif not sys.stderr.isatty():
        look = {
            "file": _Lines(),
            "mininterval": LINE_INTERVAL,
            "delay": LINE_INTERVAL,
            "bar_format": "{desc}: {percentage:.0f}%, {elapsed} elapsed, {remaining} left",
        }
    with tqdm(
        # Shares of a whole that add up to a hair more than it would be warned of in red.
        total=total and total * (1 + 1e-9),
        desc=label,
        leave=False,
        position=0,
        disable=threading.current_thread() is not threading.main_thread(),
        miniters=0,
        smoothing=0,  # the time left goes by all that was done: jobs end at uneven times
        **look,
    ) as bar:
        yield bar


def read_progress(path: Path) -> str:
    """The line of the loop that reports to ``path``; empty where none does."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
