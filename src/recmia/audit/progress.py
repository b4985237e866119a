"""Progress of an audit: a bar on a terminal, plain lines with the time left off it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from recmia import progress

if TYPE_CHECKING:
    from tqdm import tqdm

INTERVAL = 10.0  # seconds between two lines of a log, and before the first


class _Lines:
    """A stream for tqdm: what a terminal would overwrite becomes lines on standard error."""

    def write(self, text: str) -> None:
        if line := text.strip():
            print(line, file=sys.stderr, flush=True)

    def flush(self) -> None:
        """Each line is flushed already."""


@contextmanager
def track(total: float | None, label: str) -> Iterator[tqdm]:
    """`recmia.progress.track`; where nobody would see its bar, a line every ten seconds.

    A loop that is over sooner leaves no line, and one in a thread stays silent.
    """
    hidden = not (
        os.environ.get(progress.VARIABLE) or "ipykernel" in sys.modules or sys.stderr.isatty()
    )
    if not hidden:
        with progress.track(total, label) as bar:
            yield bar
        return
    from tqdm import tqdm  # imported here: the command line answers faster without it

    with tqdm(
        total=total,
        desc=label,
        leave=False,
        file=_Lines(),
        disable=threading.current_thread() is not threading.main_thread(),
        mininterval=INTERVAL,
        miniters=0,
        delay=INTERVAL,
        smoothing=0,
        bar_format="{desc}: {percentage:.0f}%, {elapsed} elapsed, {remaining} left",
    ) as bar:
        yield bar
