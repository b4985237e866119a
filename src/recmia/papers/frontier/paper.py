"""The audit's part of a profile and its notebooks."""

from __future__ import annotations

from pathlib import Path

from recmia.experiments.paper import Paper, optional
from recmia.experiments.step import Step
from recmia.papers.frontier.names import STUDY
from recmia.papers.frontier.settings import Frontier

SESSIONS = ("01_preprocess/sessions.parquet", "01_preprocess/items.parquet")
REPEATED = ("dataset", "root_seed", "device", "cohorts", "target", "intervals", "frontier")

PAPER = Paper(
    name=STUDY,
    folder=Path(__file__).parent,
    sections={"frontier": optional(Frontier)},
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
    ),
)
