"""The paper's part of a profile and its notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recmia.experiments.paper import Paper, optional
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step, registered_files
from recmia.papers.biased_mia.settings import BiasedMIAStudy
from recmia.released.settings import AUTHORS


def source_files(settings: Any, paths: StudyPaths) -> list[Path]:
    """Files that the notebook reads; none for data sets that are made up.

    Raises:
        DataError: the files are not there.
    """
    study = settings.biased_mia
    sources = [data.source for data in study.datasets.values()]
    return registered_files([*sources, *([AUTHORS] if study.released.authors else [])], paths)


PAPER = Paper(
    name="biased-mia",
    folder=Path(__file__).parent,
    sections={"biased_mia": optional(BiasedMIAStudy)},
    needs=("biased_mia",),
    steps=(
        Step(
            "11_biased_mia",
            "11_biased_mia.ipynb",
            "Biased-MIA (CCS 2021)",
            sections=("root_seed", "n_seeds", "device", "biased_mia", "intervals"),
            outputs=("11_biased_mia/", "reports:figures/biased-mia/"),
            external_inputs=source_files,
        ),
    ),
)
