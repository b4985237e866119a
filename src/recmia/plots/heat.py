"""Heat maps of a grid of settings."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from recmia.plots.page import PAGE_WIDTH, SMALLEST, columns_of, text_width, width_for, wrapped
from recmia.plots.style import finish, levels, panel_title, require_columns, styled

_LONGEST = 3.2  # inches of a line's words before they are broken
_CELL, _LOW_CELL = 0.4, 0.28  # inches: room for a number of two digits
_NARROWEST = 1.6  # inches of a panel: its heading has words
_BAR = 0.8  # inches of the colours' bar with its numbers
_LEAST = 0.9  # inches of a panel's height: the colours' bar beside it has numbers
_SQUARE = 12  # more lines than these are drawn in low cells


@styled
def heat_maps(
    frame: pd.DataFrame,
    *,
    title: str,
    xlabel: str = "target",
    ylabel: str = "shadow",
    note: str = "",
) -> Figure:
    """Shadows against targets, one panel a reading (CCS 2021, figure 6), or any other grid.

    Panels that do not fit side by side go on below.

    Args:
        frame: columns panel, y (the shadow), x (the target) and value in [0, 1].
        title: of the whole figure.
        xlabel: what x is.
        ylabel: what y is.
        note: below the title, what letters mean.
    """
    require_columns(frame, "panel", "y", "x", "value")
    panels, across, lines = (levels(frame[name]) for name in ("panel", "x", "y"))
    if set(lines) == set(across):
        # The first setting at the bottom, so that the diagonal rises as in the paper.
        lines = across[::-1]
    words = {line: wrapped(str(line), _LONGEST) for line in lines}
    named = max(map(text_width, words.values())) + 0.45
    cell = max(_CELL, max(text_width(str(name)) for name in across) + 0.08)
    need = max(cell * len(across), _NARROWEST) + 0.1
    columns = columns_of(len(panels), need, PAGE_WIDTH - named - _BAR)
    width = width_for(named + columns * need + _BAR)
    square = len(lines) <= _SQUARE and cell * len(across) >= _NARROWEST
    high = max(_LEAST, (min(cell, 0.45) if square else _LOW_CELL) * len(lines))
    below = -(-len(panels) // columns)
    figure = Figure(figsize=(width, below * (high + 0.5) + 0.35), layout="compressed")
    grid = figure.subplots(below, columns, squeeze=False)
    for number, axes in enumerate(grid.flat):
        if number >= len(panels):
            axes.set_axis_off()
            continue
        rows = frame[frame["panel"] == panels[number]].astype({"x": object, "y": object})
        table = rows.pivot(index="y", columns="x", values="value")
        first, last = number % columns == 0, number + columns >= len(panels)
        sns.heatmap(
            table.reindex(index=lines, columns=across),
            vmin=0,
            vmax=1,
            center=0.5,
            cmap="vlag",
            linewidths=0.4,
            annot=True,
            fmt=".2f",
            annot_kws={"fontsize": SMALLEST},
            square=square,
            cbar=False,
            xticklabels=across,
            yticklabels=[words[line] for line in lines] if first else False,
            ax=axes,
        )
        axes.set(xlabel=xlabel if last else "", ylabel=ylabel if first else "")
        axes.set_title(panel_title(panels[number], need - 0.1))
        axes.tick_params(axis="both", length=0, labelrotation=0)
    drawn = [axes for axes in grid.flat if axes.axison]
    figure.colorbar(drawn[0].collections[0], ax=list(grid.flat), shrink=0.8, label="AUC")
    finish(figure, title, note=note)
    return figure
