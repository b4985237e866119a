"""Figures of notebook 09, from its result rows."""

from __future__ import annotations

from pathlib import Path

from recmia.experiments.figures import draw_set
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.papers.proposal.mismatch.plans import plans, shadow_names
from recmia.papers.proposal.mismatch.rows import UPPER_BOUND
from recmia.papers.proposal.names import STUDY

FIGURES = Path(__file__).with_name("figures.yaml")
FOLDER = f"{STUDY}.mismatch"  # beside notebook 06's, which keeps its own in order


def draw_all(study: Study, rows: list[Row]) -> list[dict]:
    """Draw every figure into the report's folder, shadows in the profile's order.

    Args:
        study: the run.
        rows: the notebook's result rows.

    Returns:
        What ``figures.json`` holds.
    """
    shadows = [plans(study)[name].title for name in shadow_names(study)]
    return draw_set(study, FOLDER, FIGURES, rows, {"variant": [UPPER_BOUND, *shadows]})
