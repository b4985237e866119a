"""Figures of the study, drawn from tidy tables: one style, one colour for each role.

Figures are plain :class:`matplotlib.figure.Figure` objects; nothing is registered with pyplot.
"""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from recmia.diagram import pipeline_diagram
from recmia.drawing import GUIDE, MEMBER_COLOUR, NONMEMBER_COLOUR, save_figure, styled
from recmia.embedding import tsne_embedding
from recmia.errors import DataError
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

LINE_STYLES = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))
MARKERS = ("o", "s", "^", "D")


@styled
def tsne_scatter(frame: pd.DataFrame, *, title: str, panel: str | None = None) -> Figure:
    """Members and non-members on the plane (proposal, figures 1, 2 and 4).

    Args:
        frame: columns x, y, membership (bool), and the panel column where there is one.
        title: of the whole figure.
        panel: column with one side-by-side panel a value, in order of appearance.
    """
    _require(frame, "x", "y", "membership", *([panel] if panel else []))
    names = list(frame[panel].unique()) if panel else [None]
    figure = Figure(figsize=(4.2 * len(names) + 0.4, 4.6))
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        rows = frame if name is None else frame[frame[panel] == name]
        # In random order, neither class hides the other.
        rows = rows.iloc[generator(0, "drawing order").permutation(len(rows))]
        sns.scatterplot(
            rows, x="x", y="y", hue="membership",
            palette={True: MEMBER_COLOUR, False: NONMEMBER_COLOUR},
            s=float(np.clip(9000 / len(rows), 3, 14)), alpha=0.6, linewidth=0, legend=False,
            rasterized=True, ax=axes,
        )  # fmt: skip
        axes.set(xticks=[], yticks=[], xlabel="t-SNE 1", ylabel="t-SNE 2", title=name or "")
        axes.margins(0.04)
    figure.suptitle(title, fontsize=11, fontweight="bold")
    handles = [
        axes.plot([], [], "o", color=colour)[0] for colour in (MEMBER_COLOUR, NONMEMBER_COLOUR)
    ]
    labels = ["members (trained on)", "non-members"]
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


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
    _require(frame, "epoch", "attack", "condition", "value", "ci_low", "ci_high", "ndcg")
    figure = Figure(figsize=(9.6, 4.6))
    left, right = figure.subplots(1, 2, sharey=True)
    for label, look, rows in _lines(frame):
        rows = rows.sort_values("epoch")
        left.plot(rows["epoch"], rows["value"], label=label, **look)
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
        left.axvline(best_epoch, color="black", lw=1, ls="--", label="best validation NDCG@20")
        if best_epoch in at_epoch.index:
            right.axvline(at_epoch.loc[best_epoch, "ndcg"], color="black", lw=1, ls="--")
    _label_epochs(figure, right, at_epoch, first=best_epoch)
    figure.suptitle(title, fontsize=11, fontweight="bold")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


@styled
def training_curves(frame: pd.DataFrame, *, title: str = "Overfitting") -> Figure:
    """Training loss, and ranking quality on unseen sessions, against the epoch.

    Args:
        frame: columns epoch, reading, seed, train_loss and validation_ndcg_20 (NaN where not
            measured); one row an epoch and model. Readings have colours, seeds are thin lines.
        title: of the figure.
    """
    _require(frame, "epoch", "reading", "seed", "train_loss", "validation_ndcg_20")
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
    figure.suptitle(title, fontsize=11, fontweight="bold")
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
    _require(frame, "fpr", "tpr", "attack", "condition")
    figure = Figure(figsize=(5.6, 5.4))
    axes = figure.subplots()
    for label, look, rows in _lines(frame):
        look = {**look, "marker": None}
        axes.plot(rows["fpr"], rows["tpr"], label=label, drawstyle="steps-post", **look)
    floor = 0.0
    if log_log:
        positive = frame.loc[frame["fpr"] > 0, "fpr"]
        floor = float(positive.min())
        axes.set(xscale="log", yscale="log")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda rate, _: f"{100 * rate:g}%"))
    ends = (max(floor, 1e-6) if log_log else 0, 1)
    axes.plot(ends, ends, color=GUIDE, lw=0.9, ls=":", label="guessing")
    axes.set(xlim=ends, ylim=ends, xlabel="false positive rate", ylabel="true positive rate")
    axes.set(title=title, aspect="equal")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


@styled
def bars_with_intervals(frame: pd.DataFrame, *, xlabel: str, title: str) -> Figure:
    """Ours beside the papers', with intervals where there are any (Table 2).

    Args:
        frame: columns attack, source (such as "paper", "ours"), value, ci_low, ci_high (NaN for
            a value without interval); rows of one source share a colour, grouped by attack in
            order of appearance.
        xlabel: the metric.
        title: of the figure.
    """
    _require(frame, "attack", "source", "value", "ci_low", "ci_high")
    attacks, sources = list(frame["attack"].unique()), list(frame["source"].unique())
    height = 0.8 / len(sources)
    figure = Figure(figsize=(7.2, 1.3 + 0.26 * len(attacks) * (len(sources) + 0.5)))
    axes = figure.subplots()
    palette = ["#BBBBBB", *matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]]
    for number, source in enumerate(sources):
        rows = frame[frame["source"] == source]
        y = np.array([attacks.index(a) for a in rows["attack"]]) + height * (number - 0.5)
        y = y - height * (len(sources) / 2 - 1)
        axes.barh(y, rows["value"], height * 0.9, color=palette[number], label=source)
        measured = rows["ci_low"].notna().to_numpy()
        limits = rows.loc[measured, ["ci_low", "ci_high"]].to_numpy().T
        axes.hlines(y[measured], *limits, color="black", lw=1.2)
        ends = rows[["value", "ci_high"]].max(axis=1)
        for place, end, value in zip(y, ends, rows["value"], strict=True):
            axes.annotate(
                f"{value:.3f}", (end, place), (4, 0), textcoords="offset points", va="center",
                fontsize=8,
            )  # fmt: skip
    axes.axvline(0.5, color=GUIDE, lw=0.9, ls=":")
    axes.set(xlim=(0, 1.12), ylim=(len(attacks) - 0.5, -0.5), xlabel=xlabel)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks(range(len(attacks)), attacks, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    figure.suptitle(title, fontsize=11, fontweight="bold")
    figure.legend(loc="outside lower center", ncols=len(sources))
    return figure


def _lines(frame: pd.DataFrame) -> Iterator[tuple[str, dict, pd.DataFrame]]:
    """Label, look and rows of each line: a colour for an attack, a line style for a condition."""
    attacks, conditions = list(frame["attack"].unique()), list(frame["condition"].unique())
    palette = matplotlib.rcParams["axes.prop_cycle"].by_key()["color"]
    for (attack, condition), rows in frame.groupby(["attack", "condition"], sort=False):
        style = conditions.index(condition) % len(LINE_STYLES)
        yield (
            f"{attack}, {condition}" if condition else str(attack),
            {
                "color": palette[attacks.index(attack) % len(palette)],
                "linestyle": LINE_STYLES[style],
                "marker": MARKERS[style],
            },
            rows,
        )


def _label_epochs(figure: Figure, axes: Axes, points: pd.DataFrame, first: int | None) -> None:
    """Write epochs above the topmost points, leaving out labels that would overlap others."""
    figure.draw_without_rendering()  # places the axes, so that distances in points are known
    scale = 72 / figure.dpi
    order = sorted(points.index, key=lambda e: (e != first, e not in points.index[[0, -1]], e))
    taken: list[np.ndarray] = []
    for epoch in order:
        place = points.loc[epoch, ["ndcg", "top"]].to_numpy(dtype=float)
        spot = axes.transData.transform(place) * scale
        if all(abs(spot[0] - o[0]) > 18 or abs(spot[1] - o[1]) > 11 for o in taken):
            taken.append(spot)
            axes.annotate(
                f"{epoch:g}", place, (0, 6), textcoords="offset points", ha="center", fontsize=8
            )


def _require(frame: pd.DataFrame, *columns: str) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing or not len(frame):
        raise DataError(
            f"A figure needs the columns {', '.join(columns)}; "
            + (f"missing: {', '.join(missing)}." if missing else "the table is empty."),
        )
