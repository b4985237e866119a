"""The paper's part of a profile and its notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recmia.experiments.paper import Paper, optional
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step, registered_files
from recmia.papers.model_inversion.settings import FILES, ModelInversionStudy

NAME = "model-inversion"


def source_files(settings: Any, paths: StudyPaths) -> list[Path]:
    """Files that the notebook reads; none for data sets that are made up.

    Raises:
        DataError: the files are not there.
    """
    kinds = [data.source for data in settings.model_inversion.datasets.values()]
    return registered_files([name for kind in kinds for name in FILES.get(kind, ())], paths)


PAPER = Paper(
    name=NAME,
    folder=Path(__file__).parent,
    sections={"model_inversion": optional(ModelInversionStudy)},
    needs=("model_inversion",),
    steps=(
        Step(
            "13_model_inversion",
            "13_model_inversion.ipynb",
            "Model inversion by poisoning (PoPETs 2020)",
            sections=("root_seed", "device", "model_inversion", "intervals"),
            outputs=("13_model_inversion/", "reports:figures/model-inversion/"),
            external_inputs=source_files,
        ),
    ),
)
