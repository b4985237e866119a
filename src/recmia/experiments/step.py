"""A step of a study: a notebook with declared settings, inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recmia.experiments.paths import StudyPaths

ExternalInputs = Callable[[Any, StudyPaths], list[Path]]


@dataclass(frozen=True)
class Step:
    """One notebook of the study.

    Attributes:
        name: e.g. "03_train"; also the folder of its outputs.
        notebook: file name below ``notebooks/``.
        title: what it does, for progress lines and the pipeline figure.
        sections: fields of the profile that its result depends on.
        inputs: artifact-relative files, or folders ending in "/"; ``reports:`` before a path
            means below the report instead.
        outputs: as inputs.
        external_inputs: source files from outside the artifacts, told apart by name, size and
            modification time, for they may be too large to hash each time.
    """

    name: str
    notebook: str
    title: str
    sections: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    external_inputs: ExternalInputs | None = None


def registered_files(names: Iterable[str], paths: StudyPaths) -> list[Path]:
    """Files of the named data sets of the registry, each once; what is made up has none.

    Raises:
        DataError: the files are not there.
    """
    from recmia.data.registry import find_files

    wanted = dict.fromkeys(name for name in names if name != "synthetic")
    return [path for name in wanted for path in find_files(name, paths.data)]


def producer(steps: tuple[Step, ...], relative: str) -> Step | None:
    """The step that writes ``relative``."""
    for step in steps:
        for output in step.outputs:
            if relative == output or (output.endswith("/") and relative.startswith(output)):
                return step
    return None


def feeders(steps: tuple[Step, ...], chosen: Sequence[Step]) -> set[str]:
    """Names of the steps, outside ``chosen``, whose outputs these rest on, however deeply."""
    found: set[str] = set()
    queue = list(chosen)
    while queue:
        for name in queue.pop().inputs:
            made = producer(steps, name)
            if made is not None and made not in chosen and made.name not in found:
                found.add(made.name)
                queue.append(made)
    return found
