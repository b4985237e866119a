"""What a report was made from: commit, settings, versions, hardware, times, hashes; no paths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import recmia
from recmia.errors import DamagedError, RecmiaError
from recmia.experiments.closure import reach
from recmia.experiments.step import Step
from recmia.preprocess.oddities import oddities
from recmia.run.fingerprint import CODE_PARTS, HashCache
from recmia.run.hardware import hardware
from recmia.run.pipeline import Plan, commit
from recmia.run.records import read_record
from recmia.storage import file_hash, read_json


def make_manifest(plan: Plan) -> dict[str, Any]:
    """The manifest of a run, from its steps' records.

    Returns:
        A mapping: ``profile``, ``title``, ``description``, ``commit``, ``settings``,
        ``overrides``, ``versions``, ``hardware``, ``source_data`` (name to size and SHA-256),
        ``reading`` (sentences, of an own log),
        ``steps`` (name, title, seconds, peak_memory_bytes, disk_bytes, started, finished, key,
        inputs, outputs, commit, and hashes of its ``code``), ``not_run`` (names of the profile's
        other steps, where there are any), ``training_seconds_per_epoch``,
        ``started`` and ``finished``.
    """
    settings = plan.settings
    steps, not_run = [], []
    for step in plan.steps:
        if record := read_record(plan.paths, step):
            kept = ("seconds", "peak_memory_bytes", "started", "finished", "key", "outputs")
            steps.append(
                {"name": step.name, "title": step.title, "notebook": step.notebook}
                | {name: record[name] for name in kept}
                | {"inputs": record["parts"]["inputs"], "commit": record["commit"]}
                | {"code": _code(plan, step, record["parts"])}
                | {"disk_bytes": _bytes_in(plan.paths.artifacts / step.name)}
            )
        else:
            not_run.append(step.name)
    return {
        "profile": settings.name,
        "title": settings.title,
        "description": " ".join(settings.description.split()),
        "dataset": settings.dataset,
        "commit": commit(plan.paths.root),
        "settings": published_settings(plan),
        "versions": versions(),
        "hardware": hardware(),
        "source_data": source_data(plan),
        **reading(plan),
        "steps": steps,
        **({"not_run": not_run} if not_run else {}),
        "training_seconds_per_epoch": training_seconds(plan),
        "started": min((s["started"] for s in steps), default=None),
        "finished": max((s["finished"] for s in steps), default=None),
    }


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a written report.

    Raises:
        FileNotFoundError: there is no report.
        DamagedError: it is not what was written.
    """
    file = folder / "manifest.json"
    found = read_json(file)
    if not isinstance(found, dict):
        raise DamagedError(file, "no mapping")
    parts = {"profile": str, "settings": dict, "steps": list, "source_data": dict}
    for name, kind in parts.items():
        if not isinstance(found.get(name), kind):
            raise DamagedError(file, f"'{name}' is missing or of another kind")
    return found


def published_settings(plan: Plan) -> dict[str, Any]:
    """A run's settings; of a path of this machine its name is enough."""
    values = plan.settings.model_dump(mode="json")
    if values["data"] and values["data"].get("path"):
        values["data"]["path"] = os.path.basename(values["data"]["path"])
    return values


def _bytes_in(folder: Path) -> int:
    """Size of the files that a step keeps."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _code(plan: Plan, step: Step, parts: dict[str, Any]) -> dict[str, Any]:
    """Hashes of a step's code; "makers" names the modules that its kept results rest on."""
    modules, makers = parts["modules"], set()
    for stamp in (plan.paths.artifacts / step.name).rglob("*.stamp.json"):
        try:
            made_by = read_json(stamp)["parts"]["modules"]
            if made_by.items() <= modules.items():  # others are left from earlier code
                makers |= made_by.keys()
        except (AttributeError, KeyError, TypeError) as error:
            raise DamagedError(stamp, error) from error
    return {name: parts[name] for name in CODE_PARTS} | {"makers": sorted(makers)}


def versions() -> dict[str, str]:
    """Versions of Python and of every library that the code imports."""
    code = reach(f"{recmia.__name__}.*")
    return {name: code.libraries[name] for name in ("python", *code.imported)}


def training_seconds(plan: Plan) -> dict[str, float]:
    """Median seconds an epoch of each trained model, by its folder.

    A step that found its models trained already takes seconds; this is what they had cost.
    """
    return {
        path.parent.relative_to(plan.paths.artifacts).as_posix(): round(
            read_json(path)["seconds_per_epoch"], 3
        )
        for path in sorted(plan.paths.artifacts.glob("*/**/timing.json"))
    }


def made_up(manifest: dict[str, Any]) -> bool:
    """Whether a report is about no data from outside."""
    return not manifest["source_data"]


def of_own_log(manifest: dict[str, Any]) -> bool:
    """Whether a report is about somebody's own click log."""
    data = manifest["settings"].get("data") or {}
    return data.get("source") == "file"


def source_data(plan: Plan) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of each source file, by its bare name; empty for the synthetic log."""
    cache = HashCache(plan.paths)
    found = {}
    for step in plan.steps:
        if step.external_inputs is None:
            continue
        try:
            files = step.external_inputs(plan.settings, plan.paths)
        except RecmiaError:
            continue  # the source has been put away since; the step's key still names it
        for path in files:
            if path.is_file():
                found[path.name] = {"bytes": path.stat().st_size, "sha256": cache.file(path)}
    cache.save()
    return found


def reading(plan: Plan) -> dict[str, list[str]]:
    """What is odd about somebody's own log, under ``reading``; nothing for any other."""
    path = plan.paths.artifacts / "01_preprocess" / "statistics.json"
    if plan.settings.data is None or plan.settings.data.source != "file" or not path.is_file():
        return {}
    return {"reading": oddities(read_json(path))}


def file_hashes(folder) -> dict[str, str]:
    """SHA-256 of every file of a report but its manifest, by relative name."""
    return {
        path.relative_to(folder).as_posix(): file_hash(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json" and not path.name.startswith(".")
    }
