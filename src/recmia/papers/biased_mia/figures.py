"""Figures of notebook 11: drawn from its result rows, and t-SNE pictures of saved lists."""

from __future__ import annotations

from pathlib import Path

from recmia.experiments.figure_set import FigureSet
from recmia.experiments.figures import DeclaredFigures
from recmia.experiments.results import join_paper_values
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.papers.biased_mia.paper import PAPER
from recmia.papers.biased_mia.pictures import draw_pictures

FIGURES = DeclaredFigures(PAPER.name, Path(__file__).with_name("figures.yaml"))


def draw_all(study: Study, rows: list[Row]) -> list[dict]:
    """Draw every figure into the report's folder.

    Args:
        study: the run.
        rows: the notebook's result rows.

    Returns:
        What ``figures.json`` holds.
    """
    figures = FigureSet(study, FIGURES.folder)
    FIGURES.draw_into(figures, join_paper_values(rows, [PAPER]))
    draw_pictures(figures, study)
    return figures.close()
