"""Curves over a parameter with intervals."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recmia.plots.page import (
    PAGE_WIDTH,
    columns_of,
    log_places,
    plain_axis,
    plain_number,
    spaced_ticks,
    text_width,
    width_for,
    wrapped,
)
from recmia.plots.style import (
    CHANCE,
    PAPER,
    chance_entry,
    dashes,
    entries,
    finish,
    levels,
    looks,
    panel_title,
    require_columns,
    styled,
)

MOST_TICKS = 12  # more values of x than these have no ticks of their own
MOST_BANDS = 2  # with more curves than these in a panel, bands would hide each other: bars then
_NARROW, _ALONE = 1.75, 4.4  # inches of a panel at the least, and of a single one
_LOW, _HIGH = 1.75, 2.6  # inches downwards of a row among others, and of a single one


@styled
def curves(
    frame: pd.DataFrame,
    *,
    title: str,
    xlabel: str,
    axis: Literal["linear", "log", "even"] = "linear",
    chance: float | None = None,
    limits: tuple[float, float] | None = None,
    note: str = "",
) -> Figure:
    """A grid of curves: a row a metric, a column a panel; the paper's numbers are open diamonds.

    Intervals are bands, or bars a little beside each other where a panel has many curves.

    Args:
        frame: columns row, panel, x, series (a colour each), style (a line style each), value,
            ci_low, ci_high and paper_value (NaN where there is none).
        title: of the whole figure.
        xlabel: the parameter.
        axis: "even" puts the values of x, numbers or words, at equal distances.
        chance: where a dotted line is drawn, or None. Where no value is below it, the axis begins
            there.
        limits: of the vertical axes, or None to fit the values.
        note: below the title, what letters mean.
    """
    require_columns(
        frame, "row", "panel", "x", "series", "style", "value", "ci_low", "ci_high", "paper_value"
    )
    rows, panels = levels(frame["row"]), levels(frame["panel"])
    look, dash = looks(levels(frame["series"])), dashes(levels(frame["style"]))
    lines = frame.drop_duplicates(["row", "panel", "series", "style"])
    many = lines.groupby(["row", "panel"], observed=True).size().max() > MOST_BANDS
    columns = columns_of(len(panels), _NARROW, PAGE_WIDTH - 0.6)
    width = width_for(0.6 + max(columns * max(2.4, _names(frame, axis)), _ALONE))
    blocks = [panels[n : n + columns] for n in range(0, len(panels), columns)]
    deep = _LOW if len(rows) * len(blocks) > 1 else _HIGH
    height = (deep + 0.15) * len(rows) * len(blocks) + 0.6 * len(blocks)
    figure = Figure(figsize=(width, height))
    grid = figure.subplots(len(rows) * len(blocks), columns, squeeze=False, sharey=False)
    named: list[tuple[Axes, list[float], list[str]]] = []
    for number, axes in enumerate(grid.flat):
        (line, column), row = divmod(number, columns), rows[number // columns % len(rows)]
        block = blocks[line // len(rows)]
        if column >= len(block):
            axes.set_axis_off()
            continue
        panel, ends = block[column], line % len(rows) == len(rows) - 1
        own = frame[(frame["row"] == row) & (frame["panel"] == panel)]
        of_panel = frame.loc[frame["panel"] == panel, "x"]
        words = _words(of_panel, axis)
        if axis == "even":
            order = levels(of_panel)
            own, places = own.assign(x=[order.index(x) for x in own["x"]]), range(len(order))
        else:
            axes.set_xscale(axis)
            places = sorted(of_panel.unique())
        _draw(axes, own, look, dash, places, axis, many)
        if len(places) <= MOST_TICKS:
            named.append((axes, list(places), words if ends else [""] * len(words)))
        elif axis == "log":
            places = log_places(places[0], places[-1])
            words = [plain_number(place) for place in places]
            named.append((axes, places, words if ends else [""] * len(words)))
        else:
            plain_axis(axes.xaxis)
            axes.tick_params(axis="x", labelbottom=ends)
        if chance is not None:
            axes.axhline(chance, zorder=0, **CHANCE)
        if line % len(rows) == 0:
            axes.set_title(panel_title(str(panel), (width - 0.6) / columns - 0.1))
        axes.set_xlabel(wrapped(xlabel, (width - 0.6) / columns) if ends else "")
        axes.set_ylabel(wrapped(str(row), deep) if column == 0 else "")
        axes.tick_params(axis="y", labelleft=column == 0)
    for number, row in enumerate(rows):
        alike = [axes for axes in grid[number :: len(rows)].flat if axes.axison]
        _same_height(alike, frame[frame["row"] == row], chance, limits)
    shown = entries(look, dash)
    shown += [Line2D([], [], **PAPER)] if frame["paper_value"].notna().any() else []
    finish(figure, title, shown + chance_entry(chance), note)
    figure.draw_without_rendering()  # places the axes, so that it is known which names have room
    for axes, places, words in named:
        spaced_ticks(axes, places, words)
    return figure


def _words(x: pd.Series, axis: str) -> list[str]:
    """Names of the values of x, in their order along the axis."""
    if axis == "even":
        return [str(value) for value in levels(x)]
    return [plain_number(value) for value in sorted(x.unique())]


def _names(frame: pd.DataFrame, axis: str) -> float:
    """Inches that a panel needs for all names of its places; none where they are not all named."""
    words = [_words(x, axis) for _, x in frame.groupby("panel", observed=True)["x"]]
    named = [names for names in words if len(names) <= MOST_TICKS]
    return max((sum(text_width(name) + 0.16 for name in names) for names in named), default=0.0)


def _same_height(
    axes: list[Axes],
    rows: pd.DataFrame,
    chance: float | None,
    limits: tuple[float, float] | None,
) -> None:
    """One vertical axis for all panels of a row."""
    low, high = limits or (
        min(one.get_ylim()[0] for one in axes),
        max(one.get_ylim()[1] for one in axes),
    )
    if limits is None and chance is not None:
        least = rows[["value", "ci_low", "paper_value"]].min().min()
        low = chance if least >= chance else low
    for one in axes:
        one.set_ylim(low, high)
        plain_axis(one.yaxis)


def _draw(
    axes: Axes,
    rows: pd.DataFrame,
    look: dict,
    dash: dict,
    places: list[float],
    axis: str,
    many: bool,
) -> None:
    parts = list(rows.groupby(["series", "style"], sort=False, observed=True))
    for number, ((series, style), part) in enumerate(parts):
        part, colour = part.sort_values("x"), look[series]["color"]
        aside = 0.4 * ((number + 0.5) / len(parts) - 0.5) if many else 0.0
        x = _beside(part["x"].to_numpy(dtype=float), aside, places, axis)
        axes.plot(x, part["value"], ls=dash[style], ms=4, **look[series])
        if many:
            axes.vlines(x, part["ci_low"], part["ci_high"], color=colour, lw=1.1)
        else:
            axes.fill_between(x, part["ci_low"], part["ci_high"], color=colour, alpha=0.15, lw=0)
        axes.plot(x, part["paper_value"], ms=7, zorder=5, **PAPER | {"color": colour})


def _beside(x: np.ndarray, aside: float, places: list[float], axis: str) -> np.ndarray:
    """Places moved by a part of the least distance of two of them."""
    if not aside or len(places) < 2:
        return x
    if axis == "log":
        return x * np.exp(aside * np.diff(np.log(places)).min())
    return x + aside * np.diff(places).min()
