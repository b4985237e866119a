"""Drawing functions of notebook 13: tidy tables in, figures out."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recmia.drawing import GUIDE, headline, require_columns, styled

STYLES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))
MARKERS = "osD^vP"
SENSITIVE_COLOUR, DECOY_COLOUR, OTHER_COLOUR = "#D55E00", "#0072B2", "#BBBBBB"


@styled
def curves(
    frame: pd.DataFrame,
    *,
    title: str,
    xlabel: str,
    line: str,
    style: str,
    log: bool = False,
    paper: pd.DataFrame | None = None,
) -> Figure:
    """A grid of curves: a row a metric, a column a panel.

    Args:
        frame: columns x (numbers or words), value, ci_low, ci_high, metric, panel, and the two
            columns named ``line`` (a colour each) and ``style`` (a line style each).
        title: of the whole figure.
        xlabel: of the horizontal axis.
        line: column that a colour stands for, named in the legend.
        style: column that a line style stands for.
        log: logarithmic horizontal axis.
        paper: columns x, value, metric, panel: the paper's own points.
    """
    require_columns(frame, "x", "value", "ci_low", "ci_high", "metric", "panel", line, style)
    metrics, panels = list(frame["metric"].unique()), list(frame["panel"].unique())
    figure = Figure(figsize=(1.2 + max(3.3 * len(panels), 4.4), 1.1 + 2.3 * len(metrics)))
    grid = figure.subplots(len(metrics), len(panels), squeeze=False, sharex="col", sharey="row")
    palette = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    lines, styles = list(frame[line].unique()), list(frame[style].unique())
    for row, metric in enumerate(metrics):
        for column, panel in enumerate(panels):
            axes: Axes = grid[row, column]
            rows = frame[(frame["metric"] == metric) & (frame["panel"] == panel)]
            words = rows["x"].dtype == object
            order = sorted(set(rows["x"]), key=_place) if words else None
            for (name, look), part in rows.groupby([line, style], sort=False):
                part = part.sort_values("x", key=lambda xs: xs.map(_place) if words else xs)
                x = [order.index(value) for value in part["x"]] if words else part["x"]
                axes.plot(
                    x, part["value"], color=palette[lines.index(name)],
                    ls=STYLES[styles.index(look)], marker=MARKERS[lines.index(name)],
                )  # fmt: skip
                axes.fill_between(
                    x, part["ci_low"].astype(float), part["ci_high"].astype(float),
                    color=palette[lines.index(name)], alpha=0.09, lw=0,
                )  # fmt: skip
            if words:
                axes.set_xticks(range(len(order)), order)
            elif log:
                axes.set_xscale("log")
            else:
                axes.set_xticks(sorted(set(rows["x"])))
            if paper is not None:
                shown = paper[(paper["metric"] == metric) & (paper["panel"] == panel)]
                axes.plot(shown["x"], shown["value"], "*", color="black", ms=11, zorder=5)
            if row == 0:
                axes.set_title(panel, wrap=True, fontsize=9)
            if row == len(metrics) - 1:
                axes.set_xlabel(xlabel)
            if column == 0:
                axes.set_ylabel(metric)
            if 0.5 < frame.loc[frame["metric"] == metric, "ci_high"].max() <= 1:
                axes.set_ylim(-0.03, 1.03)
    headline(figure, title)
    handles = [
        Line2D([], [], color=palette[i], marker=MARKERS[i], label=str(name))
        for i, name in enumerate(lines)
    ]
    if len(styles) > 1:
        handles += [
            Line2D([], [], color=GUIDE, ls=STYLES[i], label=str(look))
            for i, look in enumerate(styles)
        ]
    if paper is not None:
        handles.append(
            Line2D([], [], color="black", marker="*", ms=9, ls="", label="the paper, in its text")
        )
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, 2 * len(panels)))
    return figure


def _place(word: str) -> tuple[bool, float]:
    """Numbers in their order, then what is no number."""
    try:
        return False, float(word)
    except ValueError:
        return True, 0.0


@styled
def ranges(frame: pd.DataFrame, *, title: str, xlabel: str) -> Figure:
    """Values with intervals, one line of text each: a panel a column, metrics by colour.

    Args:
        frame: columns label, panel, metric, value, ci_low, ci_high.
        title: of the whole figure.
        xlabel: of the horizontal axes.
    """
    require_columns(frame, "label", "panel", "metric", "value", "ci_low", "ci_high")
    panels, metrics = list(frame["panel"].unique()), list(frame["metric"].unique())
    tallest = max(frame[frame["panel"] == panel]["label"].nunique() for panel in panels)
    figure = Figure(figsize=(0.6 + 4.6 * len(panels), 1.2 + 0.34 * tallest))
    palette = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        rows = frame[frame["panel"] == panel]
        labels = list(rows["label"].unique())
        for number, metric in enumerate(metrics):
            part = rows[rows["metric"] == metric].dropna(subset=["value"])
            y = np.array([labels.index(label) for label in part["label"]], dtype=float)
            y += 0.22 * (number - (len(metrics) - 1) / 2)
            axes.hlines(
                y, part["ci_low"].astype(float), part["ci_high"].astype(float),
                color=palette[number], lw=1.2,
            )  # fmt: skip
            axes.plot(part["value"], y, MARKERS[number], color=palette[number], ms=5)
        axes.set_yticks(range(len(labels)), labels)
        axes.set(xlim=(-0.03, 1.03), ylim=(len(labels) - 0.5, -0.5), xlabel=xlabel)
        axes.set_title(panel, fontsize=9, wrap=True)
        axes.grid(axis="y", visible=False)
    headline(figure, title)
    handles = [
        Line2D([], [], color=palette[i], marker=MARKERS[i], label=metric)
        for i, metric in enumerate(metrics)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(metrics))
    return figure


@styled
def item_maps(before: np.ndarray, after: np.ndarray, kinds: Sequence[str], *, title: str) -> Figure:
    """Items on the plane before and after poisoning (the paper's figure 3, from real profiles).

    Args:
        before: float [items, 2].
        after: float [items, 2], in the same coordinates.
        kinds: "sensitive item", "decoy" or "other item" of each.
        title: of the whole figure.
    """
    figure = Figure(figsize=(9.2, 4.4))
    looks = (
        ("other item", OTHER_COLOUR, 7, 1, "."),
        ("decoy", DECOY_COLOUR, 46, 3, "s"),
        ("sensitive item", SENSITIVE_COLOUR, 90, 2, "o"),
    )
    kinds = np.array(kinds)
    panels = zip(figure.subplots(1, 2), (before, after), ("Before poisoning", "After"), strict=True)
    for axes, points, name in panels:
        for kind, colour, size, order, marker in looks:
            shown = points[kinds == kind]
            axes.scatter(
                shown[:, 0], shown[:, 1], s=size, c=colour, marker=marker, zorder=order,
                linewidths=0.6, edgecolors="none" if kind == "other item" else "white",
                label=kind, alpha=0.95, rasterized=kind == "other item",
            )  # fmt: skip
        if name == "After":
            links = points[kinds == "decoy"]
            for end in points[kinds == "sensitive item"]:
                for start in links:
                    axes.plot(*np.stack([start, end], axis=1), color=GUIDE, lw=0.8, ls="--")
        axes.set(
            title=name, xlabel="how highly everybody is predicted to rate it",
            ylabel="how highly sensitive users are, beyond that",
        )  # fmt: skip
    headline(figure, title)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure
