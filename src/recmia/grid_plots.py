"""Figures over settings: heat maps of a grid, dots with intervals, curves over a parameter."""

from __future__ import annotations

from itertools import cycle
from textwrap import fill

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from recmia.drawing import GUIDE, headline, require_columns, styled

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
PAPER = {"color": "#555555", "marker": "d", "markerfacecolor": "white"}


@styled
def heat_maps(frame: pd.DataFrame, *, title: str) -> Figure:
    """Shadows against targets, one panel a reading (CCS 2021, figure 6).

    Args:
        frame: columns panel, shadow, target and value in [0, 1]; settings in order of appearance.
        title: of the whole figure.
    """
    require_columns(frame, "panel", "shadow", "target", "value")
    names = list(frame["panel"].unique())
    order = list(dict.fromkeys(frame["target"]))
    size = max(0.42 * len(order) + 1.2, 2.4)
    figure = Figure(figsize=(size * len(names) + 0.8, size + 0.8))
    grid = figure.subplots(1, len(names), squeeze=False, sharey=True)[0]
    for axes, name in zip(grid, names, strict=True):
        rows = frame[frame["panel"] == name]
        table = rows.pivot(index="shadow", columns="target", values="value")
        # The first setting at the bottom, so that the diagonal rises as in the paper.
        table = table.reindex(index=order[::-1], columns=order)
        sns.heatmap(
            table, vmin=0, vmax=1, center=0.5, cmap="vlag", annot=True, fmt=".2f", square=True,
            annot_kws={"fontsize": 7}, cbar=name == names[-1], linewidths=0.4, ax=axes,
            cbar_kws={"shrink": 0.8, "label": "AUC"},
        )  # fmt: skip
        axes.set(
            xlabel="target",
            ylabel="shadow" if name == names[0] else "",
            title=_wrapped(name, figure, len(names)),
        )
        axes.tick_params(axis="both", length=0, labelrotation=0)
    headline(figure, title)
    return figure


@styled
def dots_with_intervals(
    frame: pd.DataFrame,
    *,
    title: str,
    xlabel: str,
    chance: float | None = 0.5,
    limits: tuple[float, float] | None = (0, 1.02),
) -> Figure:
    """Values with intervals, a line a setting, a colour and marker a series.

    Args:
        frame: columns setting, series, value, ci_low, ci_high (NaN where there is none) and,
            where there are several panels, panel; the series "paper" is drawn as an open diamond.
        title: of the figure.
        xlabel: the metric.
        chance: where a dotted line is drawn, or None.
        limits: of the axis, or None to fit the values.
    """
    require_columns(frame, "setting", "series", "value", "ci_low", "ci_high")
    panels = list(frame["panel"].unique()) if "panel" in frame else [None]
    looks = _looks(list(frame["series"].unique()))
    most = max(
        (frame if name is None else frame[frame["panel"] == name])["setting"].nunique()
        for name in panels
    )
    height = 0.16 * most * max(2, len(looks)) + 1.5
    figure = Figure(figsize=(max(6.4, 4.1 * len(panels)), min(height, 11)))
    grid = figure.subplots(1, len(panels), squeeze=False, sharex=True)[0]
    for axes, name in zip(grid, panels, strict=True):
        rows = frame if name is None else frame[frame["panel"] == name]
        settings = list(dict.fromkeys(rows["setting"]))
        for number, (series, look) in enumerate(looks.items()):
            own = rows[rows["series"] == series]
            if own.empty:
                continue
            y = np.array([settings.index(s) for s in own["setting"]], dtype=float)
            y += 0.7 * ((number + 0.5) / len(looks) - 0.5)
            known = own["ci_low"].notna().to_numpy()
            axes.hlines(
                y[known], own["ci_low"][known], own["ci_high"][known], color=look["color"], lw=1.6
            )
            axes.plot(own["value"], y, ls="", ms=5, label=series, **look)
        if chance is not None:
            axes.axvline(chance, color=GUIDE, lw=0.9, ls=":", zorder=0)
        axes.set(
            ylim=(len(settings) - 0.5, -0.5),
            xlabel=xlabel,
            title=_wrapped(name, figure, len(panels)),
        )
        if limits is not None:
            axes.set_xlim(*limits)
        axes.set_yticks(range(len(settings)), settings, fontsize=8)
        axes.set_yticks(np.arange(len(settings) - 1) + 0.5, minor=True)
        axes.tick_params(axis="y", which="both", length=0)
        axes.grid(axis="y", which="major", visible=False)
        axes.grid(axis="y", which="minor", visible=True, lw=0.5)
    headline(figure, title)
    _legend(figure, grid)
    return figure


@styled
def sweep_curves(
    frame: pd.DataFrame,
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    chance: float | None = 0.5,
    log: bool = False,
) -> Figure:
    """Curves over a parameter with interval bands, one panel a group.

    Args:
        frame: columns panel, x, series, style (a reading, drawn solid or dashed), value, ci_low,
            ci_high.
        title: of the figure.
        xlabel: the parameter.
        ylabel: the metric.
        chance: where a dotted line is drawn, or None.
        log: a logarithmic horizontal axis.
    """
    require_columns(frame, "panel", "x", "series", "style", "value", "ci_low", "ci_high")
    panels = list(frame["panel"].unique())
    looks = _looks(list(frame["series"].unique()))
    dashes = dict(zip(frame["style"].unique(), ("-", "--", ":"), strict=False))
    figure = Figure(figsize=(max(6.4, 3.6 * len(panels)), 4.4))
    grid = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, name in zip(grid, panels, strict=True):
        for (series, style), rows in frame[frame["panel"] == name].groupby(
            ["series", "style"], sort=False
        ):
            rows = rows.sort_values("x")
            label = series if len(dashes) == 1 else f"{series}, {style}"
            look = {"ls": dashes[style], "ms": 4, **looks[series]}
            axes.plot(rows["x"], rows["value"], label=label, **look)
            axes.fill_between(
                rows["x"], rows["ci_low"], rows["ci_high"], color=looks[series]["color"],
                alpha=0.13, lw=0,
            )  # fmt: skip
        if chance is not None:
            axes.axhline(chance, color=GUIDE, lw=0.9, ls=":", zorder=0)
        axes.set(xlabel=xlabel, title=_wrapped(name, figure, len(panels)))
        if log:
            axes.set_xscale("log")
        else:
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    grid[0].set_ylabel(ylabel)
    headline(figure, title)
    _legend(figure, grid)
    return figure


def with_paper(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows, and the paper's numbers (column paper_value) as a series "paper" without intervals."""
    theirs = frame[frame.paper_value.notna()]
    theirs = theirs.assign(value=theirs.paper_value, ci_low=np.nan, ci_high=np.nan, series="paper")
    return pd.concat([frame, theirs])


def _looks(series: list[str]) -> dict[str, dict]:
    palette = cycle(matplotlib.rcParams["axes.prop_cycle"].by_key()["color"])
    markers = cycle(MARKERS)
    return {
        name: PAPER if name == "paper" else {"color": next(palette), "marker": next(markers)}
        for name in series
    }


def _legend(figure: Figure, grid) -> None:
    entries = {}
    for axes in grid:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    # About ten characters an inch, and room for the mark.
    fit = int(figure.get_figwidth() * 10 / (max(map(len, entries)) + 8))
    columns = max(1, min(4, fit, len(entries)))
    figure.legend(
        entries.values(), entries, loc="outside lower center", ncols=columns, handlelength=3.2
    )


def _wrapped(title: str | None, figure: Figure, panels: int) -> str:
    """A panel's title in lines that fit its width."""
    return fill(title or "", max(12, int(figure.get_figwidth() / panels * 8.5)))
