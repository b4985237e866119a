"""Run the steps that are not up to date, by content; remember what was done; resume."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from recmia.errors import ArtifactError, RecmiaError, SettingsError
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step, feeders, producer
from recmia.machine import too_little_memory
from recmia.run.fingerprint import (
    HashCache,
    differences,
    notebook_parameters,
    path_hashes,
    step_parts,
)
from recmia.run.hardware import slow_training
from recmia.run.lock import Lock, run_lock
from recmia.run.records import note_choices, read_record, write_record
from recmia.run.reuse import finished_alike, remove_outputs, take
from recmia.run.settings import Settings, load_settings, meant_by
from recmia.storage import content_hash

RESUME = "Finished steps and checkpoints are kept: the same command goes on from here."


@dataclass(frozen=True)
class StepStatus:
    """Where a step stands.

    Attributes:
        step: the step.
        state: "up to date", "to run" or "blocked" (an input's step has yet to run).
        reason: why it is not up to date.
        record: what was remembered of its last finished run, or None.
    """

    step: Step
    state: str
    reason: str
    record: dict[str, Any] | None


@dataclass(frozen=True)
class Plan:
    """A profile with its overrides, ready to be run.

    Attributes:
        settings: the checked settings; their name is the run's.
        parameters: what each notebook is given.
        paths: folders of this run.
        steps: the steps, in order.
    """

    settings: Settings
    parameters: dict[str, Any]
    paths: StudyPaths
    steps: tuple[Step, ...]

    @property
    def options(self) -> str:
        """The options of the command line that name this run."""
        chosen = [f"{k}={json.dumps(v)}" for k, v in self.parameters["overrides"].items()]
        words = [
            "--profile",
            self.parameters["profile"],
            *(w for c in chosen for w in ("--set", c)),
        ]
        return shlex.join(words)


def make_plan(
    profile: str = "quick",
    overrides: dict[str, Any] | None = None,
    steps: Sequence[Step] | None = None,
) -> Plan:
    """Check a profile and its overrides, which make a run with a name and folders of its own.

    Args:
        profile: a shipped name, the path of a YAML file, or the name of an earlier run.
        overrides: dotted setting name to value.
        steps: the steps; where None, those of the studies that the profile has sections for.

    Raises:
        SettingsError: the profile or an override is not valid.
    """
    profile, overrides = meant_by(profile, overrides)
    settings = load_settings(profile, overrides)
    parameters = {"profile": profile, "overrides": overrides}
    steps = settings.steps if steps is None else tuple(steps)
    return Plan(settings, parameters, StudyPaths(settings.name), steps)


def step_status(plan: Plan, step: Step, cache: HashCache) -> tuple[StepStatus, dict[str, Any]]:
    """Status of one step, taking its inputs as they are now, and the parts of its key."""
    record = read_record(plan.paths, step)
    parts = step_parts(step, plan.settings, plan.paths, cache)
    missing = [name for name, value in parts["inputs"].items() if value is None]
    if missing:
        return StepStatus(step, "blocked", f"{missing[0]} is missing", record), parts
    if record is None:
        return StepStatus(step, "to run", "not run yet", None), parts
    if changed := differences(record["parts"], parts):
        return StepStatus(step, "to run", "changed: " + ", ".join(changed), record), parts
    if wrong := other_output(plan.paths, step, record, cache):
        return StepStatus(step, "to run", wrong, record), parts
    return StepStatus(step, "up to date", "", record), parts


def other_output(
    paths: StudyPaths, step: Step, record: dict[str, Any], cache: HashCache
) -> str | None:
    """What a step left that is not as its record says, in a few words; None where all is."""
    for name, found in path_hashes(paths, step.outputs, cache).items():
        if found is None or found != record["outputs"].get(name):
            return f"output {name} is {'missing' if found is None else 'modified'}"
    return None


def status(plan: Plan) -> list[StepStatus]:
    """Status of every step; one whose inputs another step will make anew is blocked by it."""
    cache = HashCache(plan.paths)
    found: list[StepStatus] = []
    waiting: set[str] = set()
    for step in plan.steps:
        try:
            now, parts = step_status(plan, step, cache)
            if now.state == "to run" and (other := finished_alike(plan.paths, step, parts)):
                now = replace(now, reason=f"{now.reason}; to be had from '{other.profile}'")
        except RecmiaError as error:
            now = StepStatus(step, "blocked", str(error), read_record(plan.paths, step))
        before = [made.name for name in step.inputs if (made := producer(plan.steps, name))]
        if late := [name for name in dict.fromkeys(before) if name in waiting]:
            now = StepStatus(step, "blocked", f"waits for {late[0]}", now.record)
        if now.state != "up to date":
            waiting.add(step.name)
        found.append(now)
    if plan.paths.records.is_dir():
        cache.save()
    return found


def choose(steps: Sequence[Step], only: Sequence[str]) -> list[Step]:
    """Steps named in full or by a beginning such as "03"; all where none is named.

    Raises:
        SettingsError: a name fits no step, or several.
    """
    for name in only:
        fits = [step.name for step in steps if step.name.startswith(name)]
        if len(fits) != 1:
            names = ", ".join(step.name for step in steps)
            raise SettingsError(f"'{name}' is {'no' if not fits else 'not one'} step of: {names}.")
    return [s for s in steps if not only or any(s.name.startswith(name) for name in only)]


def check_parameters(plan: Plan, steps: Sequence[Step]) -> None:
    """Refuse parameters that a notebook does not declare, before anything runs.

    Raises:
        SettingsError: a notebook lacks a parameter.
    """
    for step in steps:
        declared = notebook_parameters(plan.paths.notebooks / step.notebook)
        if unknown := sorted(set(plan.parameters) - declared):
            raise SettingsError(
                f"{step.notebook} has no parameter {', '.join(unknown)} (its cell 'parameters' "
                f"declares {', '.join(sorted(declared))})."
            )


def run(
    plan: Plan,
    only: Sequence[str] = (),
    force: bool = False,
    out=None,
) -> bool:
    """Run what is not up to date.

    Args:
        plan: from :func:`make_plan`.
        only: steps to look at; all where empty.
        force: remove these steps' outputs, checkpoints too, and run them whatever their state.
        out: where progress lines go (standard output where None).

    Returns:
        Whether anything was run.

    Raises:
        SettingsError: an unknown step or notebook parameter.
        ArtifactError: another run is at work, an input is missing, an output was not written.
        StepFailed: a notebook stopped with an error.
        KeyboardInterrupt: Ctrl-C; the kernel has been ended.
    """
    out = out or sys.stdout
    steps = choose(plan.steps, only)
    check_parameters(plan, steps)
    if only:
        before = feeders(plan.steps, steps)
        stale = [s.step.name for s in status(plan) if s.state != "up to date"]
        if stale := [name for name in stale if name in before]:
            print(f"Note: not up to date, used as they are: {', '.join(stale)}", file=out)
    ran = False
    with run_lock(plan.paths) as lock:
        note_choices(plan.settings.name, **plan.parameters)
        cache = HashCache(plan.paths)
        for step in steps:
            now, parts = step_status(plan, step, cache)
            if now.state == "up to date" and not force:
                seconds = now.record["seconds"]
                _line(out, step, f"up to date (took {duration(seconds)})")
                continue
            if now.state == "blocked":
                made = producer(plan.steps, now.reason.split()[0])
                hint = f" Remedy: run step {made.name} first." if made else ""
                raise ArtifactError(f"{step.name}: {now.reason}.{hint}")
            if force:
                remove_outputs(plan.paths, step)
            elif taken := _take(plan, step, parts, cache):
                _line(out, step, taken)
                continue
            if now.reason.startswith("output "):
                _line(out, step, f"made again: {now.reason}")
            if not ran:
                _look_at_machine(plan, out)
            _run_step(plan, step, parts, now.reason, cache, lock, out)
            ran = True
        cache.save()
    return ran


def _look_at_machine(plan: Plan, out) -> None:
    """Before the first notebook: refuse too little memory, and say what will be slow."""
    if told := too_little_memory(notebooks=True):
        raise RecmiaError(told)
    if slow := slow_training(plan.settings):
        print(f"Note: {slow}", file=out, flush=True)


def _take(plan: Plan, step: Step, parts: dict, cache: HashCache) -> str | None:
    """Have a step from another run of the profile; what to say of it, None where none has it."""
    other = finished_alike(plan.paths, step, parts)
    record = take(other, plan.paths, step, cache) if other else None
    return record and f"as in '{other.profile}' (took {duration(record['seconds'])})"


def _run_step(
    plan: Plan, step: Step, parts: dict, reason: str, cache: HashCache, lock: Lock, out
) -> None:
    from recmia.run.execute import Log, StepFailed, execute

    paths = plan.paths
    for output in step.outputs:
        path = paths.resolve(output)
        (path if output.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
    log = Log(paths.log)
    log.write(f"=== {step.name} begins ({reason or 'forced'})\n")
    started, clock = _now(), time.monotonic()
    try:
        peak = execute(
            paths.notebooks / step.notebook,
            plan.parameters,
            paths,
            label=f"{step.name}  {step.title}",
            log=log,
            out=out,
            on_start=lock.note,
        )
    except StepFailed as error:
        log.write(f"=== {step.name} failed: {error}\n")
        _line(out, step, f"failed after {duration(time.monotonic() - clock)}")
        raise StepFailed(
            f"{step.notebook}, {error}\n"
            f"Executed notebook: {paths.executed / step.notebook}\nLog: {paths.log}"
        ) from None
    except KeyboardInterrupt:
        log.write(f"=== {step.name} interrupted\n")
        raise
    else:
        seconds = time.monotonic() - clock
        log.write(f"=== {step.name} done in {duration(seconds)}\n")
    finally:
        log.close()
        lock.note()
    outputs = path_hashes(paths, step.outputs, cache)
    if missing := [name for name, value in outputs.items() if value is None]:
        raise ArtifactError(f"{step.notebook} ended without writing {', '.join(missing)}.")
    record = {
        "step": step.name,
        "key": content_hash(parts),
        "parts": parts,
        "outputs": outputs,
        "seconds": round(seconds, 1),
        "peak_memory_bytes": peak,
        "started": started,
        "finished": _now(),
        "commit": commit(paths.root),
    }
    write_record(paths, step, record)
    cache.save()
    _line(out, step, f"done in {duration(seconds)}, peak memory {peak / 2**30:.1f} GiB")


def _line(out, step: Step, text: str) -> None:
    print(f"{step.name:<14} {step.title:<48} {text}", file=out, flush=True)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def commit(root: Path) -> dict[str, Any]:
    """The checkout's commit, and whether tracked files differ from it; empty outside git."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", str(root), *words],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
        ).stdout.strip()

    try:
        changes = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!reports")
        return {"commit": git("rev-parse", "HEAD"), "modified": bool(changes)}
    except (OSError, subprocess.CalledProcessError):
        return {}
