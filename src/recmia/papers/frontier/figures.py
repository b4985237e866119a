"""Figures of notebook 22: declared ones from its rows, and ROC curves from kept scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from recmia.evaluation.metrics import roc_curve
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.figures import DeclaredFigures
from recmia.experiments.lines import Line
from recmia.experiments.rows import Row
from recmia.papers.frontier import names
from recmia.papers.frontier.attacking import ATTACKS, Audit, scores_of
from recmia.plots import roc_curves

FIGURES = DeclaredFigures(names.STUDY, Path(__file__).with_name("figures.yaml"))
CURVES = (
    names.MAIN,
    names.ENGINE["lira_online"],
    names.rmia("online", 1),
    names.MLP,
    names.LOSS,
    names.BLIND,
)
MOST_CORNERS = 400  # of a curve: more are not seen


def draw_all(audit: Audit, rows: list[Row], lines: list[Line]) -> list[dict]:
    """Draw every figure into the report's folder.

    Args:
        audit: whose.
        rows: the notebook's result rows.
        lines: of `recmia.papers.frontier.attacking.lines_of`.

    Returns:
        What ``figures.json`` holds.
    """
    figures = FigureSet(audit.game.study, FIGURES.folder)
    figures.add(
        roc(lines),
        "roc",
        "ROC curves on logarithmic axes",
        "The first target, attacked through its scores with all its shadows; the blind baseline "
        "sees no model. Every curve ends at the left at one false positive.",
        ["22_attacks"],
        ATTACKS,
    )
    FIGURES.draw_into(figures, rows)
    return figures.close()


def roc(lines: list[Line]) -> Figure:
    """ROC curves of some attacks on the first target, checkpoints by line style."""
    wanted = {"artefact": ATTACKS, "subset": None, "variant": None}
    wanted |= {"serving": [names.SCORES, None]}
    shown = [line for line in lines if line.matches(wanted) and line.columns["attack"] in CURVES]
    shown.sort(key=lambda line: CURVES.index(line.columns["attack"]))
    frames = []
    for line in shown:
        fpr, tpr = _thinned(*roc_curve(*scores_of(line.runs[0])))
        condition = line.columns["checkpoint"] or "no model"
        about = {"attack": line.columns["attack"], "condition": condition}
        frames.append(pd.DataFrame({"fpr": fpr, "tpr": tpr}).assign(**about))
    return roc_curves(pd.concat(frames, ignore_index=True), title="One target, seen by its scores")


def _thinned(fpr: np.ndarray, tpr: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The corners that logarithmic axes can show, the best of each step along the curve."""
    inside = fpr > 0
    fpr, tpr = fpr[inside], tpr[inside]
    steps = np.geomspace(fpr[0], 1, MOST_CORNERS)
    kept = np.unique(np.maximum(np.searchsorted(fpr, steps, side="right") - 1, 0))
    return fpr[kept], tpr[kept]
