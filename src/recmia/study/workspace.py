"""What a notebook opens first: the settings, the folders and the device of one study run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recmia.device import resolve_device, worker_count
from recmia.errors import ArtifactError
from recmia.study.paths import StudyPaths
from recmia.study.settings import Settings, load_settings


@dataclass(frozen=True)
class Study:
    """One study run.

    Attributes:
        settings: every choice.
        paths: where things lie.
        device: torch device, resolved once.
        workers: models trained or attacked side by side.
    """

    settings: Settings
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


def open_study(profile: str = "quick", overrides: dict[str, Any] | None = None) -> Study:
    """Open a profile for a notebook.

    Raises:
        SettingsError: the profile or an override is not valid.
        DeviceError: the profile asks for a GPU that is not there.
    """
    settings = load_settings(profile, overrides)
    device = resolve_device(settings.device)
    workers = settings.workers or worker_count(device)
    return Study(settings, StudyPaths(settings.name), device, workers)
