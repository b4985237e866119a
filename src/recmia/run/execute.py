"""One notebook through papermill: this interpreter's kernel, watched, logged, cleanly ended."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from recmia.errors import RecmiaError
from recmia.experiments.paths import StudyPaths
from recmia.machine import of_memory
from recmia.progress import VARIABLE
from recmia.run.lock import end_tree
from recmia.run.watch import Watch
from recmia.terminal import visible


class StepFailed(RecmiaError):
    """A notebook that stopped with an error."""


class Log:
    """The run's log: whole lines, each with a time; only the last state of a redrawn line."""

    def __init__(self, path: Path) -> None:
        """Open ``path`` for appending."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file: TextIO = open(path, "a", encoding="utf-8")  # noqa: SIM115
        self._rest = ""

    def write(self, text: str) -> None:
        """Append text of any length, also parts of lines."""
        *lines, self._rest = (self._rest + text).replace("\r\n", "\n").split("\n")
        for line in lines:
            stamp = datetime.now().strftime("%Y-%m-%d %H:%M:%S")
            self.file.write(f"{stamp} {visible(line.rstrip().rpartition(chr(13))[2])}\n")
        self.file.flush()

    def flush(self) -> None:
        """Papermill calls this after each message; lines that were begun stay open."""

    def close(self) -> None:
        """End the last line and close the file."""
        if self._rest:
            self.write("\n")
        self.file.close()


def _kernel_manager(raw: TextIO, on_start: Callable[[int], None]) -> type:
    """A kernel manager that starts this very interpreter, whatever kernels are registered.

    What the process itself writes goes to ``raw``: the kernel passes on the notebook's own output
    as messages, and repeats it there.
    """
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec

    class ThisInterpreter(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
            return KernelSpec(argv=argv, display_name="Python 3", language="python")

        async def _async_start_kernel(self, **kw: Any) -> None:
            await super()._async_start_kernel(stdout=raw, stderr=raw, **kw)
            on_start(self.provisioner.pid)

        start_kernel = _async_start_kernel

    return ThisInterpreter


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _ending_at_once(watch: Watch) -> Iterator[None]:
    """End the kernel and its workers at Ctrl-C or SIGTERM; a busy kernel takes no orders.

    Nothing is lost by it: what is saved is written aside and renamed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        if watch.pid is not None:
            end_tree(watch.pid)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def execute(
    notebook: Path,
    parameters: dict[str, Any],
    paths: StudyPaths,
    *,
    label: str,
    log: Log,
    out: TextIO,
    on_start: Callable[[int], None],
) -> int:
    """Run a notebook from the root; keep what was executed, also of one that fails.

    Args:
        notebook: the notebook.
        parameters: values for its cell tagged ``parameters``.
        paths: folders; the result lies in ``paths.executed``.
        label: what it is called there.
        log: where the notebook's standard output and error go.
        out: where progress goes where there is no live line.
        on_start: called with the kernel's process id.

    Returns:
        Peak resident memory of the kernel and its children, in bytes (pages that processes share
        count once for each).

    Raises:
        StepFailed: a cell raised, or the kernel died.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    target = paths.executed / notebook.name
    # Papermill rewrites its output after each cell, in place: let it do so aside.
    aside = paths.records / "executing" / notebook.name
    aside.parent.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    progress = paths.records / "progress"
    progress.unlink(missing_ok=True)
    watch = Watch(label, progress, out)

    def started(pid: int) -> None:
        watch.pid = pid
        on_start(pid)

    watch.start()
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # we say it ourselves
    environment = paths.environment() | {VARIABLE: str(progress), "PYTHONHASHSEED": "0"}
    last_words = paths.records / "kernel.log"
    try:
        with (
            _environment(environment),
            _ending_at_once(watch),
            open(last_words, "w", encoding="utf-8") as raw,
        ):
            papermill.execute_notebook(
                # Papermill takes braces in its paths for parameters.
                _doubled(notebook),
                _doubled(aside),
                parameters=parameters,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                cwd=str(paths.root),
                stdout_file=log,
                stderr_file=log,
                start_timeout=120,
                kernel_manager_class=_kernel_manager(raw, started),
            )
    except PapermillExecutionError as error:
        raise StepFailed(_explain(error.ename, error.evalue, error.exec_count, paths)) from None
    except KeyboardInterrupt:
        # The cell that was waited for has no kernel now; asyncio would say so with a traceback.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        raise
    except DeadKernelError:
        log.write(last_words.read_text(encoding="utf-8", errors="replace")[-4000:] + "\n")
        raise StepFailed(
            f"The kernel died, having used {watch.peak_bytes / 2**30:.1f} GiB at most; the system "
            "often ends a process that takes too much memory. Remedy: see the log, use a smaller "
            "profile, or --set smaller cohorts or batches."
        ) from None
    finally:
        watch.stop()
        if aside.exists():
            shutil.move(aside, target)
        progress.unlink(missing_ok=True)
    return watch.peak_bytes


def _doubled(path: Path) -> str:
    return str(path).replace("{", "{{").replace("}", "}}")


def _explain(name: str, value: str, cell: int, paths: StudyPaths) -> str:
    """The error's own last line, with a remedy where the machine is what failed."""
    ours = {kind.__name__ for kind in _all_errors(RecmiaError)}
    text = value if name in ours else f"{name}: {value}" if value else name
    if any(words in value for words in ("Errno 28", "No space left", "Errno 27", "Errno 122")):
        free = shutil.disk_usage(paths.artifacts).free / 2**30
        text += (
            f"\nThe disk is full ({free:.1f} GiB free at {paths.artifacts}), or a limit on files "
            "was reached. Remedy: free some space or point RECMIA_ARTIFACTS elsewhere; finished "
            "parts are kept."
        )
    elif told := of_memory([name], value):
        text += f"\n{told}"
    return f"In [{cell}]: {text}"


def _all_errors(kind: type) -> Iterator[type]:
    yield kind
    for child in kind.__subclasses__():
        yield from _all_errors(child)
