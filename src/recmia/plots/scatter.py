"""Points on the plane: embeddings by t-SNE, and items before and after poisoning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recmia.plots.page import PAGE_WIDTH
from recmia.plots.style import (
    GUIDE,
    MEMBER_COLOUR,
    NONMEMBER_COLOUR,
    finish,
    panel_title,
    require_columns,
    styled,
)
from recmia.seeds import generator

MEMBERS = ("members (trained on)", "non-members")
LOOKS = ({"color": MEMBER_COLOUR, "marker": "o"}, {"color": NONMEMBER_COLOUR, "marker": "^"})
_SIDES = {1: 4.4, 2: 4.2, 3: PAGE_WIDTH / 3, 4: 3.4}  # inches of a panel, by how many there are


@styled
def tsne_scatter(
    frame: pd.DataFrame,
    *,
    title: str,
    panel: str | None = None,
    classes: tuple[str, str] = MEMBERS,
    note: str = "",
) -> Figure:
    """Members and non-members, or two other classes, on the plane (proposal, figures 1, 2 and 4).

    Args:
        frame: columns x, y, membership (bool), and the panel column where there is one.
        title: of the whole figure.
        panel: column with one side-by-side panel a value, in order of appearance.
        classes: names of membership and its opposite.
        note: below the title, what letters mean.
    """
    require_columns(frame, "x", "y", "membership", *([panel] if panel else []))
    names = list(frame[panel].unique()) if panel else [None]
    columns, side = (2 if len(names) > 3 else len(names)), _SIDES[min(len(names), 4)]
    below = -(-len(names) // columns)
    figure = Figure(figsize=(min(columns * side, PAGE_WIDTH), below * side))
    grid = list(figure.subplots(below, columns, squeeze=False).flat)
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(grid, names, strict=False):
        rows = frame if name is None else frame[frame[panel] == name]
        # In random order, neither class hides the other.
        rows = rows.iloc[generator(0, "drawing order").permutation(len(rows))]
        sns.scatterplot(
            rows,
            x="x",
            y="y",
            hue="membership",
            style="membership",
            ax=axes,
            legend=False,
            palette={kind: look["color"] for kind, look in zip((True, False), LOOKS, strict=True)},
            markers={kind: look["marker"] for kind, look in zip((True, False), LOOKS, strict=True)},
            alpha=0.6,
            linewidth=0,
            rasterized=True,
            s=float(np.clip(12000 / len(rows), 4, 14)),
        )
        axes.set(xticks=[], yticks=[], xlabel="t-SNE 1", ylabel="t-SNE 2")
        axes.set_title(panel_title(str(name or ""), side - 0.4))
        axes.margins(0.04)
    marks = zip(classes, LOOKS, strict=True)
    shown = [Line2D([], [], ls="", label=name, **look) for name, look in marks]
    finish(figure, title, shown, note)
    return figure


# Size, order and look of each kind of item.
ITEMS = {
    "other item": (7, 1, {"c": "#BBBBBB", "marker": ".", "edgecolors": "none"}),
    "decoy": (46, 3, {"c": NONMEMBER_COLOUR, "marker": "s", "edgecolors": "white"}),
    "sensitive item": (90, 2, {"c": MEMBER_COLOUR, "marker": "o", "edgecolors": "white"}),
}


@styled
def item_maps(before: np.ndarray, after: np.ndarray, kinds: Sequence[str], *, title: str) -> Figure:
    """Items on the plane before and after poisoning (PoPETs 2020, figure 3, from real profiles).

    Args:
        before: float [items, 2].
        after: float [items, 2], in the same coordinates.
        kinds: "sensitive item", "decoy" or "other item" of each.
        title: of the whole figure.
    """
    figure = Figure(figsize=(PAGE_WIDTH, 4.0))
    kinds = np.array(kinds)
    panels = zip(figure.subplots(1, 2), (before, after), ("Before poisoning", "After"), strict=True)
    for axes, points, name in panels:
        for kind, (size, order, look) in ITEMS.items():
            x, y = points[kinds == kind].T
            rough = {"rasterized": kind == "other item", "alpha": 0.95, "linewidths": 0.6}
            axes.scatter(x, y, s=size, zorder=order, label=kind, **look, **rough)
        if name == "After":
            for end in points[kinds == "sensitive item"]:
                for start in points[kinds == "decoy"]:
                    axes.plot(*np.stack([start, end], axis=1), color=GUIDE, lw=0.8, ls="--")
        axes.set(title=name, xlabel="how highly everybody is predicted to rate it")
        axes.set_ylabel("how highly sensitive users are, beyond that")
    shown = [
        Line2D([], [], ls="", marker=look["marker"], color=look["c"], label=kind)
        for kind, (_, _, look) in ITEMS.items()
    ]
    linked = Line2D([], [], color=GUIDE, lw=0.8, ls="--", label="link made by poisoning")
    finish(figure, title, [*shown, linked])
    return figure
