"""Points on the plane: embeddings by t-SNE, and items before and after poisoning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recmia.plots.style import (
    GUIDE,
    MEMBER_COLOUR,
    NONMEMBER_COLOUR,
    headline,
    legend,
    require_columns,
    styled,
)
from recmia.seeds import generator

MEMBERS = ("members (trained on)", "non-members")


@styled
def tsne_scatter(
    frame: pd.DataFrame,
    *,
    title: str,
    panel: str | None = None,
    classes: tuple[str, str] = MEMBERS,
) -> Figure:
    """Members and non-members, or two other classes, on the plane (proposal, figures 1, 2 and 4).

    Args:
        frame: columns x, y, membership (bool), and the panel column where there is one.
        title: of the whole figure.
        panel: column with one side-by-side panel a value, in order of appearance.
        classes: names of membership and its opposite.
    """
    require_columns(frame, "x", "y", "membership", *([panel] if panel else []))
    names = list(frame[panel].unique()) if panel else [None]
    figure = Figure(figsize=(4.2 * len(names) + 0.4, 4.6))
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        rows = frame if name is None else frame[frame[panel] == name]
        # In random order, neither class hides the other.
        rows = rows.iloc[generator(0, "drawing order").permutation(len(rows))]
        sns.scatterplot(
            rows,
            x="x",
            y="y",
            hue="membership",
            ax=axes,
            legend=False,
            palette={True: MEMBER_COLOUR, False: NONMEMBER_COLOUR},
            alpha=0.6,
            linewidth=0,
            rasterized=True,
            s=float(np.clip(12000 / len(rows), 4, 14)),
        )
        axes.set(xticks=[], yticks=[], xlabel="t-SNE 1", ylabel="t-SNE 2", title=name or "")
        axes.margins(0.04)
    headline(figure, title)
    colours = zip(classes, (MEMBER_COLOUR, NONMEMBER_COLOUR), strict=True)
    legend(figure, [Line2D([], [], ls="", marker="o", color=c, label=name) for name, c in colours])
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
    figure = Figure(figsize=(9.2, 4.4))
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
    headline(figure, title)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
