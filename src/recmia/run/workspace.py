"""What a notebook opens first."""

from __future__ import annotations

from typing import Any

from recmia.device import resolve_device, worker_count
from recmia.experiments.paths import StudyPaths
from recmia.experiments.study import Study
from recmia.run.records import note_choices
from recmia.run.settings import load_settings, meant_by


def open_study(profile: str = "quick", overrides: dict[str, Any] | None = None) -> Study:
    """Open a profile for a notebook.

    Raises:
        SettingsError: the profile or an override is not valid.
        DeviceError: the profile asks for a GPU that is not there.
    """
    profile, overrides = meant_by(profile, overrides)
    settings = load_settings(profile, overrides)
    note_choices(settings.name, profile, overrides)  # so that what is said of the run can name it
    device = str(resolve_device(settings.device))
    workers = settings.workers or worker_count(device)
    return Study(settings, StudyPaths(settings.name), device, workers)
