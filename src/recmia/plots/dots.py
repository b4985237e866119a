"""Values with intervals, a line of text each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recmia.plots.style import (
    GUIDE,
    PAPER,
    entries,
    headline,
    legend,
    levels,
    looks,
    panel_title,
    require_columns,
    styled,
)


@styled
def dots(
    frame: pd.DataFrame,
    *,
    title: str,
    xlabel: str,
    chance: float | None = 0.5,
    limits: tuple[float, float] | None = (0, 1.02),
) -> Figure:
    """Dots with intervals; the paper's number is an open diamond beside the dot it belongs to.

    Args:
        frame: columns line, series (a colour and marker each), panel (side by side), value, ci_low,
            ci_high and paper_value (NaN where there is none).
        title: of the figure.
        xlabel: the metric.
        chance: where a dotted line is drawn, or None.
        limits: of the axis, or None to fit the values.
    """
    require_columns(frame, "line", "series", "panel", "value", "ci_low", "ci_high", "paper_value")
    panels, names = levels(frame["panel"]), levels(frame["series"])
    look = looks(names)
    lines = {name: levels(frame.loc[frame["panel"] == name, "line"]) for name in panels}
    most = max(map(len, lines.values()))
    height = min(0.16 * most * max(2, len(look)) + 1.5, 11)
    alike = all(names == lines[panels[0]] for names in lines.values())
    # A character takes a fifteenth of an inch.
    words = max(len(str(line)) for names in lines.values() for line in names) / 15
    width = 3.3 * len(panels) + words * (1 if alike else len(panels))
    figure = Figure(figsize=(max(6.4, width), height))
    grid = figure.subplots(1, len(panels), squeeze=False, sharex=True, sharey=alike)[0]
    for axes, name in zip(grid, panels, strict=True):
        rows = frame[frame["panel"] == name]
        for number, series in enumerate(names):
            own = rows[rows["series"] == series]
            y = np.array([lines[name].index(line) for line in own["line"]], dtype=float)
            y += 0.7 * ((number + 0.5) / len(look) - 0.5)
            axes.hlines(y, own["ci_low"], own["ci_high"], color=look[series]["color"], lw=1.6)
            axes.plot(own["value"], y, ls="", ms=5, label=series, **look[series])
            axes.plot(own["paper_value"], y, ms=6, **PAPER)
        if chance is not None:
            axes.axvline(chance, color=GUIDE, lw=0.9, ls=":", zorder=0)
        axes.set(ylim=(len(lines[name]) - 0.5, -0.5), xlabel=xlabel)
        axes.set_title(panel_title(str(name), figure, len(panels)))
        if limits is not None:
            axes.set_xlim(*limits)
        axes.set_yticks(range(len(lines[name])), lines[name], fontsize=8)
        axes.set_yticks(np.arange(len(lines[name]) - 1) + 0.5, minor=True)
        axes.tick_params(axis="y", which="both", length=0)
        axes.tick_params(axis="y", labelleft=not alike or name == panels[0])
        axes.grid(axis="y", which="major", visible=False)
        axes.grid(axis="y", which="minor", visible=True, lw=0.5)
    headline(figure, title)
    paper = [Line2D([], [], **PAPER)] if frame["paper_value"].notna().any() else []
    legend(figure, entries(look, {}, ls="") + paper)
    return figure
