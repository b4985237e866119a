"""Figures of the study, drawn from tidy tables: one style, one colour for each role.

Figures are plain :class:`matplotlib.figure.Figure` objects; nothing is registered with pyplot.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from recmia.diagram import pipeline_diagram
from recmia.drawing import (
    GUIDE,
    HALO,
    MEMBER_COLOUR,
    NONMEMBER_COLOUR,
    headline,
    require_columns,
    save_figure,
    styled,
)
from recmia.embedding import tsne_embedding
from recmia.seeds import generator

__all__ = [
    "MEMBER_COLOUR",
    "NONMEMBER_COLOUR",
    "bars_with_intervals",
    "leakage_curves",
    "pipeline_diagram",
    "roc_curves",
    "save_figure",
    "training_curves",
    "tsne_embedding",
    "tsne_scatter",
]

LINE_LOOKS = (
    ("-", "o"),
    ((0, (4, 1.5)), "s"),
    ((0, (1, 1.2)), "^"),
    ((0, (6, 1.5, 1, 1.5)), "D"),
)
BEST = "best validation NDCG@20"


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
            rows, x="x", y="y", hue="membership",
            palette={True: MEMBER_COLOUR, False: NONMEMBER_COLOUR},
            s=float(np.clip(12000 / len(rows), 4, 14)), alpha=0.6, linewidth=0, legend=False,
            rasterized=True, ax=axes,
        )  # fmt: skip
        axes.set(xticks=[], yticks=[], xlabel="t-SNE 1", ylabel="t-SNE 2", title=name or "")
        axes.margins(0.04)
    headline(figure, title)
    handles = [
        axes.plot([], [], "o", color=colour)[0] for colour in (MEMBER_COLOUR, NONMEMBER_COLOUR)
    ]
    figure.legend(handles, classes, loc="outside lower center", ncols=2)
    return figure


def _percent(rate: float, _: int) -> str:
    # By name, not a lambda: figures travel to the process that saves them.
    return f"{100 * rate:g}%"


@styled
def leakage_curves(
    frame: pd.DataFrame,
    *,
    best_epoch: int | None = None,
    title: str = "Leakage against training and ranking quality",
) -> Figure:
    """ROC AUC of attacks against the epoch, and against NDCG@20 on unseen sessions.

    Args:
        frame: columns epoch, attack, condition, value, ci_low, ci_high and ndcg (the model's
            NDCG@20 at that epoch); one row an epoch and line. Attacks have colours, conditions
            line styles.
        best_epoch: the checkpoint that validation would choose, marked.
        title: of the whole figure.
    """
    require_columns(frame, "epoch", "attack", "condition", "value", "ci_low", "ci_high", "ndcg")
    figure = Figure(figsize=(9.6, 4.6))
    left, right = figure.subplots(1, 2, sharey=True)
    for look, rows in _lines(frame):
        rows = rows.sort_values("epoch")
        left.plot(rows["epoch"], rows["value"], **look)
        left.fill_between(
            rows["epoch"], rows["ci_low"], rows["ci_high"], color=look["color"], alpha=0.15, lw=0
        )
        right.plot(rows["ndcg"], rows["value"], **look)
    for axes in (left, right):
        axes.axhline(0.5, color=GUIDE, lw=0.8, ls=":")
    left.set(xlabel="epoch", ylabel="ROC AUC", title="Against the epoch")
    left.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set(xlabel="NDCG@20 on unseen sessions", title="Against ranking quality")
    right.margins(0.08, 0.12)
    at_epoch = frame.groupby("epoch").agg(ndcg=("ndcg", "first"), top=("value", "max"))
    if best_epoch is not None:
        marks = {left: best_epoch, right: at_epoch["ndcg"].get(best_epoch, np.nan)}
        for axes, place in marks.items():
            axes.axvline(place, color="black", lw=0.9, ls="--", zorder=1, label=BEST)
    _label_epochs(figure, right, at_epoch, first=best_epoch)
    headline(figure, title)
    _legend(figure, left, frame)
    return figure


@styled
def training_curves(frame: pd.DataFrame, *, title: str = "Overfitting") -> Figure:
    """Training loss, and ranking quality on unseen sessions, against the epoch.

    Args:
        frame: columns epoch, reading, seed, train_loss and validation_ndcg_20 (NaN where not
            measured); one row an epoch and model. Readings have colours, seeds are thin lines.
        title: of the figure.
    """
    require_columns(frame, "epoch", "reading", "seed", "train_loss", "validation_ndcg_20")
    figure = Figure(figsize=(9.6, 4.2))
    panels = (
        ("train_loss", "training loss, nats a click", "What is trained on"),
        ("validation_ndcg_20", "NDCG@20", "What is not"),
    )
    palette = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    for axes, (column, label, heading) in zip(figure.subplots(1, 2), panels, strict=True):
        for number, (reading, rows) in enumerate(frame.groupby("reading", sort=False)):
            measured = rows.dropna(subset=[column])
            for _, seed_rows in measured.groupby("seed"):
                axes.plot(
                    seed_rows["epoch"], seed_rows[column], color=palette[number], lw=0.7, alpha=0.5
                )
            mean = measured.groupby("epoch")[column].mean()
            axes.plot(mean.index, mean, color=palette[number], lw=1.8, label=reading)
        axes.set(xlabel="epoch", ylabel=label, title=heading)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    headline(figure, title)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


@styled
def roc_curves(frame: pd.DataFrame, *, log_log: bool = True, title: str = "ROC curves") -> Figure:
    """ROC curves; on logarithmic axes low false positive rates can be read.

    Args:
        frame: columns fpr, tpr, attack and condition: corners of each curve
            (:func:`recmia.evaluation.metrics.roc_curve`).
        log_log: logarithmic axes, from the smallest positive rate on.
        title: of the figure.
    """
    require_columns(frame, "fpr", "tpr", "attack", "condition")
    figure = Figure(figsize=(5.6, 5.4))
    axes = figure.subplots()
    for look, rows in _lines(frame):
        look = {**look, "marker": None}
        axes.plot(rows["fpr"], rows["tpr"], drawstyle="steps-post", **look)
    ends = (0.0, 1.0)
    if log_log:
        ends = (min(0.01, frame.loc[frame["fpr"] > 0, "fpr"].min()), 1.0)
        axes.set(xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(_percent))
            axis.set_minor_formatter(NullFormatter())
    axes.plot(ends, ends, color=GUIDE, lw=0.9, ls=":", label="chance")
    axes.set(xlim=ends, ylim=ends, xlabel="false positive rate", ylabel="true positive rate")
    axes.set(title=title, aspect="equal")
    _legend(figure, axes, frame, markers=False)
    return figure


@styled
def bars_with_intervals(frame: pd.DataFrame, *, xlabel: str, title: str) -> Figure:
    """Ours beside the papers', with intervals where there are any (Table 2).

    Args:
        frame: columns attack, source (such as "ours"; "paper" is grey), value, ci_low, ci_high
            (NaN for a value without interval); rows of one source share a colour, grouped by
            attack in order of appearance.
        xlabel: the metric.
        title: of the figure.
    """
    require_columns(frame, "attack", "source", "value", "ci_low", "ci_high")
    attacks, sources = list(frame["attack"].unique()), list(frame["source"].unique())
    height = 0.8 / len(sources)
    figure = Figure(figsize=(7.2, 1.3 + 0.26 * len(attacks) * (len(sources) + 0.5)))
    axes = figure.subplots()
    palette = cycle(matplotlib.rcParams["axes.prop_cycle"].by_key()["color"])
    colours = {source: "#BBBBBB" if source == "paper" else next(palette) for source in sources}
    for number, source in enumerate(sources):
        rows = frame[frame["source"] == source]
        y = np.array([attacks.index(a) for a in rows["attack"]]) + height * (number - 0.5)
        y = y - height * (len(sources) / 2 - 1)
        axes.barh(y, rows["value"], height * 0.9, color=colours[source], label=source)
        measured = rows["ci_low"].notna().to_numpy()
        limits = rows.loc[measured, ["ci_low", "ci_high"]].to_numpy().T
        axes.hlines(y[measured], *limits, color="black", lw=1.2)
        ends = rows[["value", "ci_high"]].max(axis=1)
        for place, end, value in zip(y, ends, rows["value"], strict=True):
            axes.annotate(
                f"{value:.3f}", (end, place), (4, 0), textcoords="offset points", va="center",
                fontsize=8, path_effects=HALO,
            )  # fmt: skip
    axes.axvline(0.5, color=GUIDE, lw=0.9, ls=":")
    axes.set(xlim=(0, 1.12), ylim=(len(attacks) - 0.5, -0.5), xlabel=xlabel)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks(range(len(attacks)), attacks, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    headline(figure, title)
    figure.legend(loc="outside lower center", ncols=len(sources))
    return figure


def _looks(frame: pd.DataFrame) -> tuple[dict[str, str], dict[str, dict]]:
    """Colour of each attack, and line style and marker of each condition."""
    palette = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    attacks, conditions = frame["attack"].unique(), frame["condition"].unique()
    return dict(zip(attacks, cycle(palette))), {  # noqa: B905
        condition: {"linestyle": line, "marker": marker}
        for condition, (line, marker) in zip(conditions, cycle(LINE_LOOKS))  # noqa: B905
    }


def _lines(frame: pd.DataFrame) -> Iterator[tuple[dict, pd.DataFrame]]:
    """Look and rows of each line: a colour for an attack, a line style for a condition."""
    colours, styles = _looks(frame)
    for (attack, condition), rows in frame.groupby(["attack", "condition"], sort=False):
        yield {"color": colours[attack], **styles[condition]}, rows


def _legend(figure: Figure, axes: Axes, frame: pd.DataFrame, *, markers: bool = True) -> None:
    """Attacks by colour, conditions by line style, then what else is labelled in ``axes``."""
    colours, styles = _looks(frame)
    entries = [(Line2D([], [], color=colour, lw=3), name) for name, colour in colours.items()]
    for condition, style in styles.items():
        style = style if markers else {**style, "marker": None}
        entries.append((Line2D([], [], color=GUIDE, **style), condition))
    entries += zip(*axes.get_legend_handles_labels(), strict=True)
    handles, labels = zip(*entries, strict=True)
    figure.legend(handles, labels, loc="outside lower center", ncols=4)


def _label_epochs(figure: Figure, axes: Axes, points: pd.DataFrame, first: int | None) -> None:
    """Write epochs above the topmost points, leaving out labels that would overlap others."""
    figure.draw_without_rendering()  # places the axes, so that distances in points are known
    scale = 72 / figure.dpi
    order = sorted(points.index, key=lambda e: (e != first, e not in points.index[[0, -1]], e))
    taken: list[np.ndarray] = []
    for epoch in order:
        place = points.loc[epoch, ["ndcg", "top"]].to_numpy(dtype=float)
        spot = axes.transData.transform(place) * scale
        if all(abs(spot[0] - o[0]) > 20 or abs(spot[1] - o[1]) > 14 for o in taken):
            taken.append(spot)
            axes.annotate(
                f"{epoch:g}", place, (0, 6), textcoords="offset points", ha="center", fontsize=8,
                path_effects=HALO,
            )  # fmt: skip
