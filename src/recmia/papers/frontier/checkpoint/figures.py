"""The figure of notebook 25, from its result rows."""

from __future__ import annotations

from pathlib import Path

from recmia.experiments.figures import draw_set
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.papers.frontier.names import STUDY

FIGURES = Path(__file__).with_name("figures.yaml")
FOLDER = f"{STUDY}.checkpoint"  # beside notebook 22's, which keeps its own in order


def draw_all(study: Study, rows: list[Row]) -> list[dict]:
    """Draw the figure into the report's folder.

    Args:
        study: the run.
        rows: the notebook's result rows.

    Returns:
        What ``figures.json`` holds.
    """
    return draw_set(study, FOLDER, FIGURES, rows)
