"""Figures of notebook 09, from its result rows."""

from __future__ import annotations

from pathlib import Path

from recmia.experiments.figure_set import FigureSet
from recmia.experiments.figures import draw, read_figures
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.experiments.words import Words
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
    figures = FigureSet(study, FOLDER)
    shadows = [plans(study)[name].title for name in shadow_names(study)]
    for declared in read_figures(FIGURES):
        order = declared.order | {"variant": [UPPER_BOUND, *shadows]}
        ordered = declared.model_copy(update={"order": order})
        for figure, about in draw(ordered, rows, Words()):
            figures.add(figure, **about)
    return figures.close()
