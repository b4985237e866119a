"""The paper's part of a profile and its notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recmia.experiments.paper import Paper, optional
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step, registered_files
from recmia.papers.dl_mia.settings import DLMIAStudy
from recmia.released.settings import AUTHORS


def source_files(settings: Any, paths: StudyPaths) -> list[Path]:
    """Files that the notebook reads, with the language model's; none for what is made up.

    Raises:
        DataError: the files are not there, or the language model is not installed.
    """
    halves = (settings.dl_mia.general, settings.dl_mia.sequential)
    names = [data.source for half in halves for data in half.datasets.values()]
    files = registered_files(
        [*names, *([AUTHORS] if settings.dl_mia.released.authors else [])], paths
    )
    if settings.dl_mia.text_model != "tf-idf":
        from recmia.papers.dl_mia.language_model import weights_file  # it brings torch

        files.append(weights_file())
    return files


PAPER = Paper(
    name="dl-mia",
    folder=Path(__file__).parent,
    sections={"dl_mia": optional(DLMIAStudy)},
    needs=("dl_mia",),
    steps=(
        Step(
            "12_dl_mia",
            "12_dl_mia.ipynb",
            "DL-MIA (KDD 2022)",
            sections=("root_seed", "n_seeds", "device", "dl_mia", "intervals"),
            outputs=("12_dl_mia/", "reports:figures/dl-mia/"),
            external_inputs=source_files,
        ),
    ),
)
