"""Leakage against training, and ROC curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from recmia.plots.page import COLUMN_WIDTH, PAGE_WIDTH, SMALLEST
from recmia.plots.style import (
    CHANCE,
    HALO,
    chance_entry,
    dashes,
    entries,
    finish,
    levels,
    looks,
    require_columns,
    styled,
)

_EVERY = 0.13  # of the axes' diagonal: marks along a curve that has many corners
BEST = "best validation NDCG@20"


@styled
def leakage_curves(
    frame: pd.DataFrame,
    *,
    best_epoch: int | None = None,
    title: str = "Leakage against training and ranking quality",
) -> Figure:
    """ROC AUC of attacks against the epoch, and against NDCG@20 on unseen sessions.

    Args:
        frame: columns epoch, attack, condition, value, ci_low, ci_high and ndcg (the model's
            NDCG@20 at that epoch); one row an epoch and line. Attacks have colours, conditions
            line styles.
        best_epoch: the checkpoint that validation would choose, marked.
        title: of the whole figure.
    """
    require_columns(frame, "epoch", "attack", "condition", "value", "ci_low", "ci_high", "ndcg")
    figure, (lines, shown) = Figure(figsize=(PAGE_WIDTH, 3.6)), _lines(frame)
    left, right = figure.subplots(1, 2, sharey=True)
    for look, rows in lines:
        rows = rows.sort_values("epoch")
        left.plot(rows["epoch"], rows["value"], **look)
        left.fill_between(
            rows["epoch"], rows["ci_low"], rows["ci_high"], color=look["color"], alpha=0.15, lw=0
        )
        right.plot(rows["ndcg"], rows["value"], **look)
    for axes in (left, right):
        axes.axhline(0.5, **CHANCE)
    left.set(xlabel="epoch", ylabel="ROC AUC", title="Against the epoch")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set(xlabel="NDCG@20 on unseen sessions", title="Against ranking quality")
    right.margins(0.08, 0.12)
    at_epoch = frame.groupby("epoch").agg(ndcg=("ndcg", "first"), top=("value", "max"))
    mark = {"color": "black", "lw": 0.9, "ls": "--"}
    if best_epoch is not None:
        left.axvline(best_epoch, zorder=1, **mark)
        right.axvline(at_epoch["ndcg"].get(best_epoch, np.nan), zorder=1, **mark)
    if best_epoch is not None:
        shown.append(Line2D([], [], label=BEST, **mark))
    finish(figure, title, shown + chance_entry(0.5))
    _label_epochs(figure, right, at_epoch, first=best_epoch)
    return figure


@styled
def roc_curves(frame: pd.DataFrame, *, title: str = "ROC curves") -> Figure:
    """ROC curves on logarithmic axes, where low false positive rates can be read.

    Args:
        frame: columns fpr, tpr, attack and condition: corners of each curve
            (:func:`recmia.evaluation.metrics.roc_curve`).
        title: of the figure.
    """
    require_columns(frame, "fpr", "tpr", "attack", "condition")
    figure, (lines, shown) = Figure(figsize=(COLUMN_WIDTH, 4.9)), _lines(frame)
    axes = figure.subplots()
    for look, rows in lines:
        axes.plot(rows["fpr"], rows["tpr"], drawstyle="steps-post", ms=4, markevery=_EVERY, **look)
    ends = (min(0.01, frame.loc[frame["fpr"] > 0, "fpr"].min()), 1.0)
    axes.set(xscale="log", yscale="log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_percent))
        axis.set_minor_formatter(NullFormatter())
    axes.plot(ends, ends, **CHANCE)
    axes.set(xlim=ends, ylim=ends, xlabel="false positive rate", ylabel="true positive rate")
    axes.set(aspect="equal")
    finish(figure, title, [*shown, Line2D([], [], label="chance", **CHANCE)])
    return figure


def _percent(rate: float, _: int) -> str:
    # By name, not a lambda: figures travel to the process that saves them.
    return f"{100 * rate:g}%"


def _lines(frame: pd.DataFrame) -> tuple[list[tuple[dict, pd.DataFrame]], list[Line2D]]:
    """Look and rows of each line, attacks by colour and conditions by line style; a legend."""
    look, dash = looks(levels(frame["attack"])), dashes(levels(frame["condition"]))
    groups = frame.groupby(["attack", "condition"], sort=False)
    lines = [(look[attack] | {"ls": dash[condition]}, rows) for (attack, condition), rows in groups]
    return lines, entries(look, dash)


def _label_epochs(figure: Figure, axes: Axes, points: pd.DataFrame, first: int | None) -> None:
    """Write epochs above the topmost points, leaving out labels that would overlap others."""
    figure.draw_without_rendering()  # places the axes, so that distances in points are known
    scale = 72 / figure.dpi
    order = sorted(points.index, key=lambda e: (e != first, e not in points.index[[0, -1]], e))
    taken: list[np.ndarray] = []
    for epoch in order:
        place = points.loc[epoch, ["ndcg", "top"]].to_numpy(dtype=float)
        spot = axes.transData.transform(place) * scale
        if all(abs(spot[0] - o[0]) > 20 or abs(spot[1] - o[1]) > 14 for o in taken):
            taken.append(spot)
            text = {"ha": "center", "fontsize": SMALLEST, "path_effects": HALO}
            axes.annotate(f"{epoch:g}", place, (0, 6), textcoords="offset points", **text)
