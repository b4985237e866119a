"""How scores are spread, members against non-members where they are known."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recmia.plots.page import COLUMN_WIDTH
from recmia.plots.style import MEMBER_COLOUR, NONMEMBER_COLOUR, finish, styled

_BINS = 40
_OUTER = 0.005  # share of the scores at either end that is drawn in the outermost bins


@styled
def histogram(scores: np.ndarray, membership: np.ndarray | None, *, title: str) -> Figure:
    """Shares of the scores in bins of equal width; a few far out are counted in the outer bins.

    Args:
        scores: float64 [n], finite.
        membership: bool [n], or None where it is not known: then one histogram of all.
        title: of the figure.
    """
    figure = Figure(figsize=(COLUMN_WIDTH, 2.8))
    axes = figure.subplots()
    low, high = np.quantile(scores, [_OUTER, 1 - _OUTER])
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, _BINS + 1)
    sides = [("all", scores, "#777777")]
    if membership is not None:
        sides = [
            ("non-members", scores[~membership], NONMEMBER_COLOUR),
            ("members", scores[membership], MEMBER_COLOUR),
        ]
    shown = []
    for (name, values, colour), style in zip(sides, ("-", "--"), strict=False):
        share = np.full(len(values), 100 / len(values))
        axes.hist(np.clip(values, low, high), edges, weights=share, color=colour, alpha=0.3)
        axes.hist(
            np.clip(values, low, high), edges, weights=share, histtype="step", color=colour,
            ls=style, lw=1.6,
        )  # fmt: skip
        shown.append(Line2D([], [], color=colour, ls=style, label=f"{name} ({len(values):,})"))
    axes.set(xlabel="score of the attack", ylabel="share, per cent")
    finish(figure, title, shown)
    return figure
