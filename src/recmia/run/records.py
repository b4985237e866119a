"""What is remembered of a run in its folder: each finished step, and what the run's name means."""

from __future__ import annotations

from typing import Any

from recmia.errors import SettingsError
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step
from recmia.storage import read_json, write_json

# What every reader of a record relies on.
_WHOLE = {"key": str, "parts": dict, "outputs": dict, "seconds": (int, float), "finished": str}
_WHOLE |= {"started": str, "peak_memory_bytes": int, "commit": dict}
_PARTS = ("settings", "inputs", "modules")


def write_record(paths: StudyPaths, step: Step, record: dict[str, Any]) -> None:
    """Remember a step's finished run."""
    write_json(paths.records / f"{step.name}.json", record)


def read_record(paths: StudyPaths, step: Step) -> dict[str, Any] | None:
    """The record of a step's last finished run; None if there is none that can be read."""
    record = _read(paths, step.name)
    if record is None or any(not isinstance(record.get(n), kind) for n, kind in _WHOLE.items()):
        return None
    if any(not isinstance(record["parts"].get(name), dict) for name in _PARTS):
        return None
    return record


def forget(paths: StudyPaths, step: Step) -> None:
    """Remove a step's record, before its outputs go."""
    (paths.records / f"{step.name}.json").unlink(missing_ok=True)


def note_choices(name: str, profile: str, overrides: dict[str, Any]) -> None:
    """Write down which profile and overrides a run's name stands for, where they are not the name.

    Args:
        name: of the run, ``<profile>+<8 hexadecimal digits>`` or that of a YAML file.
        profile: a shipped name or the path of a YAML file.
        overrides: dotted setting name to value.
    """
    choices = {"profile": profile, "overrides": overrides}
    if name != profile and choices != noted_choices(name):
        write_json(StudyPaths(name).records / "choices.json", choices)


def noted_choices(name: str) -> dict[str, Any] | None:
    """What `note_choices` wrote; None where no run has this name."""
    try:
        found = _read(StudyPaths(name), "choices")
    except SettingsError:  # no name of a run, or no checkout to look in
        return None
    whole = found and isinstance(found.get("profile"), str)
    return found if whole and isinstance(found.get("overrides"), dict) else None


def _read(paths: StudyPaths, name: str) -> dict[str, Any] | None:
    try:
        found = read_json(paths.records / f"{name}.json")
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
