"""Heat maps of a grid of settings."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from recmia.plots.style import headline, levels, panel_title, require_columns, styled


@styled
def heat_maps(
    frame: pd.DataFrame, *, title: str, xlabel: str = "target", ylabel: str = "shadow"
) -> Figure:
    """Shadows against targets, one panel a reading (CCS 2021, figure 6), or any other grid.

    Args:
        frame: columns panel, y (the shadow), x (the target) and value in [0, 1].
        title: of the whole figure.
        xlabel: what x is.
        ylabel: what y is.
    """
    require_columns(frame, "panel", "y", "x", "value")
    names, columns, lines = (levels(frame[name]) for name in ("panel", "x", "y"))
    if set(lines) == set(columns):
        # The first setting at the bottom, so that the diagonal rises as in the paper.
        lines = columns[::-1]
    width, height = (max(0.42 * len(order) + 1.2, 2.4) for order in (columns, lines))
    names_of_lines = 0.06 * max(len(str(line)) for line in lines)
    size = (width * len(names) + 0.8 + names_of_lines, height + 0.8)
    figure = Figure(figsize=size, layout="compressed")  # for square cells: names stay inside
    grid = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
    for axes, name in zip(grid, names, strict=True):
        rows = frame[frame["panel"] == name].astype({"x": object, "y": object})
        table = rows.pivot(index="y", columns="x", values="value")
        table = table.reindex(index=lines, columns=columns)
        sns.heatmap(
            table,
            vmin=0,
            vmax=1,
            center=0.5,
            cmap="vlag",
            linewidths=0.4,
            annot=True,
            fmt=".2f",
            annot_kws={"fontsize": 7},
            square=True,
            cbar=name == names[-1],
            cbar_kws={"shrink": 0.8, "label": "AUC"},
            ax=axes,
        )
        axes.set(xlabel=xlabel, ylabel=ylabel if name == names[0] else "")
        axes.set_title(panel_title(str(name), figure, len(names)))
        axes.tick_params(axis="both", length=0, labelrotation=0)
    headline(figure, title)
    return figure
