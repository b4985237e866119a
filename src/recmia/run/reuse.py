"""A step that another run of the profile has finished alike is taken from there, not run again.

Overrides give a run a name and folders of its own; the steps that they do not touch would come out
as they did in the profile's own run. Alike means what up to date means: all parts of the step's key
are equal (`recmia.run.fingerprint`). Files are linked, not copied, for they may be large; what is
written is written aside and renamed, so that neither run can change the other's.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step
from recmia.run.fingerprint import HashCache, differences, path_hashes
from recmia.run.records import forget, read_record, write_record


def finished_alike(paths: StudyPaths, step: Step, parts: dict[str, Any]) -> StudyPaths | None:
    """Folders of another run of the profile whose step is up to date with the same parts.

    Args:
        paths: of the run that is to have the step.
        step: the step.
        parts: of its key in that run.
    """
    for other in _other_runs(paths):
        record = read_record(other, step)
        if record is None or differences(record["parts"], parts):
            continue
        if path_hashes(other, step.outputs, HashCache(other)) == record["outputs"]:
            return other
    return None


def take(
    other: StudyPaths, paths: StudyPaths, step: Step, cache: HashCache
) -> dict[str, Any] | None:
    """Link what another run's step left into this run, in place of what is there.

    Returns:
        The step's record; None where the other run was at work meanwhile and what came is not
        what its record says.
    """
    record = read_record(other, step)
    remove_outputs(paths, step)
    places = zip(_places(other, step), _places(paths, step), strict=True)
    for there, here in places:
        if there.exists():
            _link(there, here)
    if record is None or path_hashes(paths, step.outputs, cache) != record["outputs"]:
        return None
    record |= {"taken_from": record.get("taken_from", other.profile)}
    write_record(paths, step, record)
    return record


def remove_outputs(paths: StudyPaths, step: Step) -> None:
    """Remove a step's record and outputs, checkpoints too."""
    forget(paths, step)
    for output in step.outputs:
        path = paths.resolve(output)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _other_runs(paths: StudyPaths) -> Iterator[StudyPaths]:
    """The profile's own run first, then those with other overrides."""
    profile = paths.profile.partition("+")[0]
    folders = (paths.artifacts.with_name(profile), *paths.artifacts.parent.glob(f"{profile}+*"))
    for folder in sorted(folders):
        if folder.is_dir() and folder != paths.artifacts:
            yield StudyPaths(folder.name)


def _places(paths: StudyPaths, step: Step) -> list[Path]:
    """Where a step leaves something: its folder with what is kept there, reports, its notebook."""
    outside = [out for out in step.outputs if not out.startswith(f"{step.name}/")]
    return [
        paths.artifacts / step.name,
        *map(paths.resolve, outside),
        paths.executed / step.notebook,
    ]


def _link(source: Path, target: Path) -> None:
    """A folder's files but hidden ones, which are locks and what is being written; or one file."""
    if source.is_dir():
        ignore = shutil.ignore_patterns(".*", "*.part")
        shutil.copytree(source, target, copy_function=_link_file, ignore=ignore, dirs_exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        _link_file(source, target)


def _link_file(source: str | Path, target: str | Path) -> None:
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # a file system without links
        shutil.copy2(source, target)
