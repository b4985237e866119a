"""Break every step of a run on purpose, and see that the same command goes on to the same results.

python benchmarks/trials/faults.py --work FOLDER [--profile tiny] [--steps 01 02] [--trials kill]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from recmia.device import worker_count
from recmia.run import pipeline
from recmia.storage import file_hash

LIMIT_S = 1800  # of one command
FILE_BYTES = 4096
ADDRESS_BYTES = (1500 << 20, 4100 << 20)  # refused before anything is loaded; just allowed


@dataclass(frozen=True)
class Bench:
    """Folders of one trial.

    Attributes:
        folder: artifacts, reports and data lie below it.
        profile: which is run.
    """

    folder: Path
    profile: str

    @property
    def artifacts(self) -> Path:
        """The run's artifacts."""
        return self.folder / "artifacts" / self.profile

    def start(self, step: str, limits: dict[int, int] | None = None) -> subprocess.Popen[str]:
        """Run a step in a process of its own."""
        names = {f"RECMIA_{n.upper()}": str(self.folder / n) for n in ("artifacts", "reports")}
        names["RECMIA_DATA"] = os.environ.get("RECMIA_DATA", str(self.folder / "data"))
        names["OMP_NUM_THREADS"] = "1"  # threads of runs side by side would wait for each other
        command = [sys.executable, "-m", "recmia", "run", "-p", self.profile, "--only", step]

        def limited() -> None:
            for kind, most in (limits or {}).items():
                resource.setrlimit(kind, (most, most))

        return subprocess.Popen(
            command, env=os.environ | names, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, preexec_fn=limited,
        )  # fmt: skip

    def results(self, step: str) -> dict[str, str]:
        """Hash of each table of results that the step has written."""
        return {p.name: file_hash(p) for p in sorted((self.artifacts / step).glob("results.*"))}


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status and what was said."""
    said, _ = process.communicate(timeout=LIMIT_S)
    return process.returncode, said


def stop(number: signal.Signals) -> Callable[[Bench, str, float], str]:
    """A trial that sends a signal to the run in the middle of a step."""

    def trial(bench: Bench, step: str, seconds: float) -> str:
        process = bench.start(step)
        time.sleep(max(seconds / 2, 1))
        process.send_signal(number)
        _, said = ended(process)
        return said

    return trial


def limited(kind: int, most: int) -> Callable[[Bench, str, float], str]:
    """A trial under a limit of the system; the step may fail, in a sentence."""
    return lambda bench, step, _: ended(bench.start(step, {kind: most}))[1]


def memory(bench: Bench, step: str, seconds: float) -> str:
    """Too little memory to begin with, then just enough to be let in."""
    trials = [limited(resource.RLIMIT_AS, most) for most in ADDRESS_BYTES]
    return "".join(trial(bench, step, seconds) for trial in trials)


def tampering(bench: Bench, step: str, seconds: float) -> str:
    """Finish the step, then harm what it left, and what is remembered of it, one by one."""
    said = ended(bench.start(step))[1]
    files = sorted(p for p in (bench.artifacts / step).rglob("*") if p.is_file())
    files = [p for p in files if not p.name.startswith(".") and p.stat().st_size]
    for number, file in enumerate(files[:: max(1, len(files) // 6)]):
        stat = file.stat()
        if number % 3 == 0:
            os.truncate(file, stat.st_size // 2)
        elif number % 3 == 1:
            os.truncate(file, 0)
        else:
            content = bytearray(file.read_bytes())
            content[len(content) // 2] ^= 1
            file.write_bytes(content)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    again = ended(bench.start(step))[1]
    said += again
    if "made again" not in again:
        said += "\nTraceback: what was harmed was not seen"
    for name in ("hashes.json", f"{step}.json"):
        (bench.artifacts / ".steps" / name).write_text("[1, 2]")
    return said + ended(bench.start(step))[1]


def twice(bench: Bench, step: str, seconds: float) -> str:
    """Two at once: one is refused, the other finishes."""
    both = [bench.start(step), bench.start(step)]
    found = [ended(one) for one in both]
    refused = sum("Another run" in said for _, said in found)
    told = "" if refused == 1 else f"\nTraceback: {refused} of two were refused"
    return "".join(said for _, said in found) + told


def stopped(bench: Bench, step: str, seconds: float) -> str:
    """The notebook is stopped for a minute: it is told of, and goes on."""
    import psutil

    process = bench.start(step)
    time.sleep(max(seconds / 2, 1))
    kernels = psutil.Process(process.pid).children()
    for kernel in kernels:
        kernel.suspend()
    time.sleep(40)
    for kernel in kernels:
        if kernel.is_running():
            kernel.resume()
    _, said = ended(process)
    if kernels and "has been stopped since" not in said:
        said += "\nTraceback: nothing was said of a stopped process"
    return said


TRIALS: dict[str, Callable[[Bench, str, float], str]] = {
    "kill": stop(signal.SIGKILL),
    "term": stop(signal.SIGTERM),
    "ctrl-c": stop(signal.SIGINT),
    "full-disk": limited(resource.RLIMIT_FSIZE, FILE_BYTES),
    "memory": memory,
    "tampering": tampering,
    "twice": twice,
    "stopped": stopped,
}


def judged(name: str, bench: Bench, step: str, seconds: float, wanted: dict[str, str]) -> str:
    """ "holds", or what went wrong."""
    said = TRIALS[name](bench, step, seconds)
    if "Traceback" in said:
        return said[said.index("Traceback") :].splitlines()[-1][:120]
    status, last = ended(bench.start(step))
    if status != 0:
        return f"does not go on: {last.strip().splitlines()[-1][:120]}"
    if bench.results(step) != wanted:
        return "other results"
    left = [p.name for p in bench.artifacts.rglob("*.part")]
    return f"left {left[0]}" if left else "holds"


def tried(name: str, work: Path, before: Path, wanted: Bench, step: str) -> str:
    """One trial in a folder of its own: its cell of the table."""
    folder = work / f"{step}-{name}"
    bench = Bench(folder, wanted.profile)
    if before.exists():
        shutil.copytree(before, folder)
    record = json.loads((wanted.artifacts / ".steps" / f"{step}.json").read_text())
    began = time.monotonic()
    found = judged(name, bench, step, record["seconds"], wanted.results(step))
    took = time.monotonic() - began
    shutil.rmtree(folder, ignore_errors=True)
    print(f"{step}  {name}  {found}  {took:.0f} s", flush=True)
    return f"{found}, {took:.0f} s"


def table_of(cells: dict[str, list[Future[str]]], trials: list[str]) -> str:
    """The table of all trials, as soon as the last has ended."""
    lines = [f"| Step | {' | '.join(trials)} |", "| --- " * (1 + len(trials)) + "|"]
    for step, row in cells.items():
        lines.append(f"| {step} | {' | '.join(cell.result() for cell in row)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the trials that are asked for, several at once, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="a new folder")
    parser.add_argument("--profile", default="tiny")
    parser.add_argument("--steps", nargs="*", help="beginnings of names; all where left out")
    parser.add_argument("--trials", nargs="*", choices=TRIALS, default=list(TRIALS))
    # One more than there are cores: now and then a trial waits.
    parser.add_argument("--jobs", type=int, default=worker_count("cpu") + 1, help="trials at once")
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True)
    reference = Bench(chosen.work / "undisturbed", chosen.profile)
    steps = [step.name for step in pipeline.make_plan(chosen.profile).steps]
    asked = [s for s in steps if not chosen.steps or s.startswith(tuple(chosen.steps))]
    cells: dict[str, list[Future[str]]] = {}
    with ThreadPoolExecutor(chosen.jobs) as pool:
        try:
            # Trials of a step begin once it is there; the undisturbed run goes on beside them.
            for step in steps[: steps.index(asked[-1]) + 1]:
                before = chosen.work / "before" / step
                if step in asked and reference.folder.exists():
                    shutil.copytree(reference.folder, before)
                status, said = ended(reference.start(step))
                if status != 0:
                    raise SystemExit(f"The undisturbed run failed at {step}:\n{said}")
                one = partial(tried, work=chosen.work, before=before, wanted=reference, step=step)
                if step in asked:
                    cells[step] = [pool.submit(one, name) for name in chosen.trials]
            table = table_of(cells, chosen.trials)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    (chosen.work / "trials.md").write_text(table, encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
