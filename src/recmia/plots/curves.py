"""Curves over a parameter with interval bands."""

from __future__ import annotations

from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from recmia.plots.style import (
    GUIDE,
    PAPER,
    dashes,
    entries,
    headline,
    legend,
    levels,
    looks,
    panel_title,
    require_columns,
    styled,
)

MOST_TICKS = 7  # more values of x than these are not all named


@styled
def curves(
    frame: pd.DataFrame,
    *,
    title: str,
    xlabel: str,
    axis: Literal["linear", "log", "even"] = "linear",
    chance: float | None = None,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """A grid of curves: a row a metric, a column a panel; the paper's numbers are open diamonds.

    Args:
        frame: columns row, panel, x, series (a colour each), style (a line style each), value,
            ci_low, ci_high and paper_value (NaN where there is none).
        title: of the whole figure.
        xlabel: the parameter.
        axis: "even" puts the values of x, numbers or words, at equal distances.
        chance: where a dotted line is drawn, or None.
        limits: of the vertical axes, or None to fit the values.
    """
    require_columns(
        frame, "row", "panel", "x", "series", "style", "value", "ci_low", "ci_high", "paper_value"
    )
    rows, panels = levels(frame["row"]), levels(frame["panel"])
    look, dash = looks(levels(frame["series"])), dashes(levels(frame["style"]))
    width, height = max(6.4, 1.2 + 3.3 * len(panels)), 1.1 + (2.3 if rows[1:] else 3.3) * len(rows)
    figure = Figure(figsize=(width, height))
    grid = figure.subplots(len(rows), len(panels), squeeze=False, sharex="col", sharey="row")
    for row, line in zip(rows, grid, strict=True):
        for panel, axes in zip(panels, line, strict=True):
            own = frame[(frame["row"] == row) & (frame["panel"] == panel)]
            if axis == "even":
                places = levels(frame.loc[frame["panel"] == panel, "x"])
                own = own.assign(x=[places.index(x) for x in own["x"]])
                axes.set_xticks(range(len(places)), places)
            _draw(axes, own, look, dash)
            if axis != "even":
                axes.set_xscale(axis)
                places = sorted(own["x"].unique())
                if len(places) <= MOST_TICKS:
                    axes.set_xticks(places, [f"{x:,g}" for x in places])
                    axes.minorticks_off()
                elif axis == "linear":
                    axes.xaxis.set_major_locator(MaxNLocator(6))
            if chance is not None:
                axes.axhline(chance, color=GUIDE, lw=0.9, ls=":", zorder=0)
            if limits is not None:
                axes.set_ylim(*limits)
        line[0].set_ylabel(str(row))
    for panel, axes in zip(panels, grid[0], strict=True):
        axes.set_title(panel_title(str(panel), figure, len(panels)))
    for axes in grid[-1]:
        axes.set_xlabel(xlabel)
    headline(figure, title)
    paper = [Line2D([], [], **PAPER)] if frame["paper_value"].notna().any() else []
    legend(figure, entries(look, dash) + paper)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, look: dict, dash: dict) -> None:
    for (series, style), part in rows.groupby(["series", "style"], sort=False, observed=True):
        part, colour = part.sort_values("x"), look[series]["color"]
        axes.plot(part["x"], part["value"], ls=dash[style], ms=4, **look[series])
        axes.fill_between(part["x"], part["ci_low"], part["ci_high"], color=colour, alpha=0.1, lw=0)
        axes.plot(part["x"], part["paper_value"], ms=7, zorder=5, **PAPER | {"color": colour})
