"""Values with intervals, a line of text each."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recmia.plots.page import PAGE_WIDTH, columns_of, plain_axis, text_width, width_for, wrapped
from recmia.plots.style import (
    CHANCE,
    PAPER,
    chance_entry,
    entries,
    finish,
    levels,
    looks,
    panel_title,
    require_columns,
    styled,
)

_LONGEST = 2.7  # inches of a line's words before they are broken
_PANEL = 2.3  # inches of a panel's own, at the least
_MARK, _TEXT = 0.115, 0.16  # inches downwards of a mark and of a line of words


@styled
def dots(
    frame: pd.DataFrame,
    *,
    title: str,
    xlabel: str,
    chance: float | None = 0.5,
    limits: tuple[float, float] | None = (0, 1.02),
    note: str = "",
) -> Figure:
    """Dots with intervals; the paper's number is an open diamond beside the dot it belongs to.

    Panels that do not fit side by side go on below.

    Args:
        frame: columns line, series (a colour and marker each), panel, value, ci_low, ci_high and
            paper_value (NaN where there is none).
        title: of the figure.
        xlabel: the metric.
        chance: where a dotted line is drawn, or None.
        limits: of the axis, or None to fit the values.
        note: below the title, what letters mean.
    """
    require_columns(frame, "line", "series", "panel", "value", "ci_low", "ci_high", "paper_value")
    panels, look = levels(frame["panel"]), looks(levels(frame["series"]))
    lines = {name: levels(frame.loc[frame["panel"] == name, "line"]) for name in panels}
    words = {line: wrapped(str(line), _LONGEST) for names in lines.values() for line in names}
    alike = all(names == lines[panels[0]] for names in lines.values())
    named = max(map(text_width, words.values())) + 0.2  # inches
    if alike:
        columns = columns_of(len(panels), _PANEL, PAGE_WIDTH - named)
        width = width_for(named + columns * _PANEL)
        own = (width - named) / columns
    else:
        columns = columns_of(len(panels), _PANEL + named, PAGE_WIDTH)
        width = width_for(columns * (_PANEL + named))
        own = width / columns - named
    above = [panels[n : n + columns] for n in range(0, len(panels), columns)]
    deep = [max(_depth(lines[name], words, len(look)) for name in row) for row in above]
    figure = Figure(figsize=(width, sum(deep) + 0.45 * len(above) + 0.25))
    grid = figure.subplots(len(above), columns, squeeze=False, sharex=True, height_ratios=deep)
    for number, axes in enumerate(grid.flat):
        if number >= len(panels):
            axes.set_axis_off()
            continue
        name = panels[number]
        _draw(axes, frame[frame["panel"] == name], lines[name], look)
        if chance is not None:
            axes.axvline(chance, zorder=0, **CHANCE)
        axes.set_ylim(len(lines[name]) - 0.5, -0.5)
        axes.set_title(panel_title(str(name), own))
        if limits is not None:
            axes.set_xlim(*limits)
        plain_axis(axes.xaxis)
        last = number + columns >= len(panels)  # of its column
        axes.set_xlabel(wrapped(xlabel, own) if last else "")
        axes.tick_params(axis="x", labelbottom=last)
        axes.set_yticks(range(len(lines[name])), [words[line] for line in lines[name]])
        axes.set_yticks(np.arange(len(lines[name]) - 1) + 0.5, minor=True)
        axes.tick_params(axis="y", which="both", length=0)
        axes.tick_params(axis="y", labelleft=not alike or number % columns == 0)
        axes.grid(axis="y", which="major", visible=False)
        axes.grid(axis="y", which="minor", visible=True, lw=0.5)
    shown = entries(look, {}, ls="")
    shown += [Line2D([], [], **PAPER)] if frame["paper_value"].notna().any() else []
    finish(figure, title, shown + chance_entry(chance), note)
    return figure


def _depth(lines: list, words: dict, series: int) -> float:
    """Inches that a panel takes downwards."""
    most = max(words[line].count("\n") + 1 for line in lines)
    return len(lines) * max(_MARK * series + 0.1, _TEXT * most + 0.08, 0.27)


def _draw(axes: Axes, rows: pd.DataFrame, lines: list, look: dict) -> None:
    for number, (series, style) in enumerate(look.items()):
        own = rows[rows["series"] == series]
        y = np.array([lines.index(line) for line in own["line"]], dtype=float)
        y += 0.75 * ((number + 0.5) / len(look) - 0.5)
        axes.hlines(y, own["ci_low"], own["ci_high"], color=style["color"], lw=1.6)
        axes.plot(own["value"], y, ls="", ms=5, label=series, **style)
        axes.plot(own["paper_value"], y, ms=6, **PAPER)
