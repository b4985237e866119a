"""What a notebook opens first: the settings, the folders and the device of one study run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recmia.errors import ArtifactError
from recmia.experiments.paths import StudyPaths


@dataclass(frozen=True, eq=False)  # so that functions of a study can be cached
class Study:
    """One study run.

    Attributes:
        settings: every choice (`recmia.run.settings.Settings`).
        paths: where things lie.
        device: torch device, resolved once.
        workers: models trained or attacked side by side.
    """

    settings: Any
    paths: StudyPaths
    device: str
    workers: int

    def folder(self, step: str) -> Path:
        """Folder of a step's outputs, made if missing."""
        folder = self.paths.artifacts / step
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def need(self, relative: str) -> Path:
        """An earlier step's output.

        Raises:
            ArtifactError: it is not there; the message names the notebook that makes it.
        """
        path = self.paths.artifacts / relative
        if not path.exists():
            step = relative.split("/")[0]
            raise ArtifactError(
                f"{relative} of profile '{self.settings.name}' is missing. Remedy: run notebook "
                f"{step} first, or `recmia run --profile {self.settings.name}`."
            )
        return path

    def seeds(self) -> range:
        """Repetitions of the study: 0 to n_seeds - 1."""
        return range(self.settings.n_seeds)
