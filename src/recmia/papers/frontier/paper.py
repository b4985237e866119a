"""The audit's part of a profile and its notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recmia.experiments.paper import Paper, optional
from recmia.experiments.paths import StudyPaths
from recmia.experiments.step import Step, registered_files
from recmia.papers.frontier.names import STUDY
from recmia.papers.frontier.settings import Bounds, Checkpoint, Frontier

SESSIONS = ("01_preprocess/sessions.parquet", "01_preprocess/items.parquet")
REPEATED = ("dataset", "root_seed", "device", "cohorts", "target", "intervals", "frontier")


def checkpoint_files(settings: Any, paths: StudyPaths) -> list[Path]:
    """Files that notebook 25 reads.

    Raises:
        DataError: they are not there.
    """
    return registered_files([settings.checkpoint.source], paths)


PAPER = Paper(
    name=STUDY,
    folder=Path(__file__).parent,
    sections={
        "frontier": optional(Frontier),
        "bounds": optional(Bounds),
        "checkpoint": optional(Checkpoint),
    },
    needs=("frontier",),
    steps=(
        Step(
            "21_shadows",
            "21_shadows.ipynb",
            "The membership game and its shadow models",
            sections=REPEATED,
            inputs=SESSIONS,
            outputs=("21_shadows/",),
        ),
        Step(
            "22_attacks",
            "22_attacks.ipynb",
            "Every attack on the game, and who is at risk",
            sections=(*REPEATED, "attack"),
            inputs=(*SESSIONS, "21_shadows/"),
            outputs=("22_attacks/", f"reports:figures/{STUDY}/"),
        ),
        Step(
            "23_bounds",
            "23_bounds.ipynb",
            "Canaries, lower bounds on ε, and what can be extracted",
            sections=(*REPEATED, "bounds"),
            inputs=(*SESSIONS, "21_shadows/"),
            outputs=("23_bounds/", f"reports:figures/{STUDY}.bounds/"),
        ),
        Step(
            "24_defences",
            "24_defences.ipynb",
            "What defences cost and what they prevent",
            sections=REPEATED,
            inputs=(*SESSIONS, "21_shadows/"),
            outputs=("24_defences/", f"reports:figures/{STUDY}.defences/"),
        ),
        Step(
            "25_checkpoint",
            "25_checkpoint.ipynb",
            "A model that others trained",
            sections=("dataset", "root_seed", "device", "intervals", "checkpoint"),
            outputs=("25_checkpoint/",),
            external_inputs=checkpoint_files,
        ),
    ),
)
