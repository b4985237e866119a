"""What a defence costs beside what it prevents, and what is proved of it from both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recmia.plots.page import PAGE_WIDTH, SMALLEST, plain_axis, plain_number
from recmia.plots.style import (
    CHANCE,
    GUIDE,
    finish,
    levels,
    looks,
    require_columns,
    styled,
)

OPEN_END = {"lw": 0.8, "ls": (0, (2, 2))}
_HEIGHT, _LINE = 3.6, 0.17  # inches of the axes, and of a name beside them
LINEAR_TO = 0.1  # the axis of ε is logarithmic from there, so that a bound of 0 has a place


@styled
def trade_off(
    points: pd.DataFrame,
    limits: pd.DataFrame,
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    chance: float,
    open_words: str,
    filled_words: str,
) -> Figure:
    """Points with two intervals each; on the right, the same height against limits of ε.

    Args:
        points: columns series (a colour and marker each), open (bool: how the marker is filled), x,
            x_low, x_high, y, y_low and y_high; two of one series are joined by a line.
        limits: columns series, low and high (NaN where nothing bounds it from above), y. From the
            lower limit a line leads to the upper one, or an arrow to nowhere.
        title: of the figure.
        xlabel: of the points.
        ylabel: of both.
        chance: where a dotted line is drawn.
        open_words: what open markers mean.
        filled_words: what filled ones mean.
    """
    ends = ("x", "x_low", "x_high", "y", "y_low", "y_high")
    require_columns(points, "series", "open", *ends)
    require_columns(limits, "series", "low", "high", "y")
    look = looks(levels(points["series"]))
    figure = Figure(figsize=(PAGE_WIDTH, _HEIGHT + 0.8))
    left, right = figure.subplots(1, 2, sharey=True)
    for series, own in points.groupby("series", sort=False, observed=True):
        colour, marker = look[series]["color"], look[series]["marker"]
        left.plot(own["x"], own["y"], color=colour, lw=0.8, alpha=0.6)
        for point in own.itertuples():
            left.hlines(point.y, point.x_low, point.x_high, color=colour, lw=1.2)
            left.vlines(point.x, point.y_low, point.y_high, color=colour, lw=1.2)
            face = "white" if point.open else colour
            left.plot(point.x, point.y, ls="", ms=7, marker=marker, color=colour, mfc=face)
    for limit in limits.itertuples():
        _limits(right, limit, look[limit.series])
    for axes in (left, right):
        axes.axhline(chance, zorder=0, **CHANCE)
        axes.set_yscale("log")
    plain_axis(left.yaxis)
    plain_axis(left.xaxis)
    left.set(xlabel=xlabel, ylabel=ylabel, title="against what ranking costs")
    right.set_xscale("symlog", linthresh=LINEAR_TO)
    right.set_xlim(left=-LINEAR_TO / 4)
    right.xaxis.set_major_formatter(plain_number)
    right.set(xlabel="privacy loss ε", title="against what is proved")
    _name(right, limits, look)
    marks = {"color": GUIDE, "marker": "o", "ls": ""}
    kinds = [
        Line2D([], [], label=filled_words, **marks),
        Line2D([], [], label=open_words, mfc="white", **marks),
        Line2D([], [], label="proved from below", **marks | {"marker": "|", "mew": 2}),
        Line2D([], [], label="nothing bounds it from above", color=GUIDE, **OPEN_END),
        Line2D([], [], label="guessing", **CHANCE),
    ]
    finish(figure, title, kinds)
    return figure


def _name(axes: Axes, limits: pd.DataFrame, look: dict) -> None:
    """Names on the right, each as near to its height as the others let it."""
    low, high = np.log(axes.get_ylim())
    order = limits.sort_values("y")
    wanted = (np.log(order["y"].to_numpy(dtype=float)) - low) / (high - low)
    for place, at, series in zip(
        wanted, _apart(wanted, _LINE / _HEIGHT), order["series"], strict=True
    ):
        free = {"transform": axes.transAxes, "clip_on": False}
        axes.plot([1.0, 1.05], [place, at], color=GUIDE, lw=0.6, **free)
        axes.plot(1.08, at, ls="", ms=6, **look[series], **free)
        axes.text(1.12, at, series, va="center", fontsize=SMALLEST, transform=axes.transAxes)


def _apart(places: np.ndarray, gap: float) -> np.ndarray:
    """Rising places moved as little as keeps them a gap apart: runs that touch stay centred."""
    runs: list[list[float]] = []  # centre and size of each run
    for place in places:
        runs.append([place, 1])
        while len(runs) > 1 and runs[-1][0] - runs[-2][0] < gap * (runs[-1][1] + runs[-2][1]) / 2:
            (one, few), (other, more) = runs.pop(-2), runs.pop()
            runs.append([(one * few + other * more) / (few + more), few + more])
    return np.concatenate([c + gap * (np.arange(n) - (n - 1) / 2) for c, n in runs])


def _limits(axes: Axes, limit: tuple, look: dict[str, str]) -> None:
    colour, marker = look["color"], look["marker"]
    axes.plot(limit.low, limit.y, ls="", ms=5, marker="|", mew=2, color=colour)
    if np.isnan(limit.high):
        to, axes_of = (0.99, limit.y), ("axes fraction", "data")
        arrow = {"arrowstyle": "->", "color": colour, **OPEN_END}
        axes.annotate("", to, (limit.low, limit.y), axes_of, "data", arrowprops=arrow)
    else:
        axes.hlines(limit.y, limit.low, limit.high, color=colour, lw=1.6)
        axes.plot(limit.high, limit.y, ls="", ms=7, marker=marker, color=colour)
