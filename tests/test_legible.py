"""Every figure can be read at the size at which a page shows it, at its largest real shape."""

from __future__ import annotations

import json
import pickle
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recmia import plots
from recmia.errors import ArtifactError
from recmia.experiments.figures import Declared, draw, read_figures
from recmia.experiments.results import join_paper_values, read_results
from recmia.experiments.rows import Row
from recmia.experiments.words import Words, titles_of
from recmia.plots.histogram import histogram
from recmia.plots.page import COLUMN_WIDTH, PAGE_WIDTH, columns_of, shown_width, wrapped
from recmia.plots.style import finish, looks
from recmia.run.registry import papers
from tests.conftest import CHECKOUT
from tests.legibility import faults

RNG = np.random.default_rng(0)
LONG = "links free, until R settles, as many simulated users as there are, α = 0.05"
ATTACKS = [
    f"{name}, {how}"
    for name in ("LiRA", "RMIA, γ = 2", "BaVarIA-t", "Quantile regression", "Calibrated loss")
    for how in ("online", "offline", "one shadow only", "null")
]
SERVINGS = ["scores", "lists of 20", "scores of the lists", "labels alone"]
DEFENCES = ["no defence", "early stopping", "dropout 0.2", "dropout 0.5", "weight decay 1",
            "label smoothing 0.2", "lists of 20", "lists of 5", "lists of 1", "2 decimals",
            "1 decimal", "popularity randomisation", "DP-SGD, ε = 2", "DP-SGD, ε = 8",
            "DP-SGD, ε = 50"]  # fmt: skip
CELLS = [d + a for d, a in product("ALM", "ILN")]
KEY = "Shadow, then target, each a data set and a recommender. A: Amazon Digital Music. " * 3


def grid(paper: bool = False, **roles: list) -> pd.DataFrame:
    """Every combination of the roles' words, in their order, with values and wide intervals."""
    frame = pd.DataFrame(list(product(*roles.values())), columns=list(roles))
    for role, words in roles.items():
        if role != "x":
            frame[role] = pd.Categorical(frame[role], words, ordered=True)
    value = RNG.uniform(0.5, 1, len(frame))
    frame = frame.assign(value=value, ci_low=value - 0.2, ci_high=value + 0.02)
    return frame.assign(paper_value=value - 0.1 if paper else np.nan)


def points(panels: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(RNG.normal(size=(200 * len(panels), 2)), columns=["x", "y"])
    return frame.assign(membership=np.arange(len(frame)) % 2 == 0, panel=np.repeat(panels, 200))


def leakage() -> pd.DataFrame:
    frame = grid(
        attack=["MLP on scores, target labels", "MLP on scores, shadow labels", "loss threshold"],
        condition=["held-out", "near-miss"],
        x=[0, 1, 2, 3, 5, 8, 10, 15, 20, 30],
    )
    return frame.rename(columns={"x": "epoch"}).assign(ndcg=lambda f: 0.1 + f.epoch / 400)


def roc(attacks: list[str], conditions: list[str]) -> pd.DataFrame:
    frame = grid(attack=attacks, condition=conditions, x=list(np.geomspace(1e-4, 1, 50)))
    return frame.rename(columns={"x": "fpr"}).assign(tpr=lambda f: f.fpr**0.5)


def frontier(names: list[str], heights: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    low = np.linspace(2, 0, len(names))
    high = [float(name.rsplit(" ", 1)[1]) if "DP" in name else np.nan for name in names]
    limits = pd.DataFrame({"series": names, "low": low, "high": high, "y": heights})
    x = np.linspace(0.3, 0.1, len(names))
    shown = pd.DataFrame({"series": names, "x": x, "x_low": x - 0.01, "x_high": x + 0.01})
    shown = shown.assign(y=heights, y_low=heights * 0.8, y_high=heights * 1.2)
    return pd.concat([shown.assign(open=False), shown.assign(open=True, x=x + 0.02)]), limits


def drawn_frontier(heights: np.ndarray) -> Figure:
    return plots.trade_off(
        *frontier(DEFENCES, heights),
        title="What a defence costs and what it prevents",
        xlabel="NDCG@20 on unseen sessions (more is better)",
        ylabel="TPR at 1% FPR (less is better)",
        chance=0.01,
        open_words="best validation checkpoint",
        filled_words="last epoch",
    )


def steps() -> list[tuple]:
    proposal = next(paper for paper in papers() if paper.name == "proposal")
    return [(step.name, step.title, step.inputs, step.outputs) for step in proposal.steps]


LARGEST = {
    "attacks through interfaces": lambda: plots.dots(
        grid(panel=["best validation checkpoint", "last"], line=ATTACKS, series=SERVINGS),
        title="What each interface gives away", xlabel="TPR at 1% FPR", chance=0.01, limits=None,
    ),
    "long lines and many series": lambda: plots.dots(
        grid(panel=["Foursquare, New York", "MovieLens, latest 100,000 of latest-small and 1M"],
             line=[f"{n}: {LONG}" for n in range(7)],
             series=[f"{n}: number of ratings unlike any honest user's" for n in range(7)]),
        title="Honest users, malicious users and crude bots that are flagged", xlabel="share",
    ),
    "panels with lines of their own": lambda: plots.dots(
        pd.concat(grid(panel=[f"Amazon Digital Music, slice {n}"], line=[f"{n}{c}" for c in CELLS],
                       series=["a", "b"], paper=True) for n in range(5)).astype({"panel": object}),
        title="Random cohort labels", xlabel="hard-label AUC", note=KEY,
    ),
    "a long title": lambda: plots.dots(
        grid(panel=[""], line=["a"], series=["s"]), title=f"{LONG}; {LONG}", xlabel=LONG
    ),
    "sizes": lambda: plots.curves(
        grid(row=["ROC AUC"], panel=["all sessions", "known items"], x=[2500, 5000, 10000, 20000,
             40000], series=["shadow labels", "target labels"],
             style=["best validation checkpoint", "last checkpoint"]),
        title="Does leakage fall with the number of sessions?", xlabel="training sessions",
        axis="log", chance=0.5,
    ),
    "close places": lambda: plots.curves(
        grid(row=["AUC"], panel=list("ALM"), x=[10000, 10100, 10200, 10300, 1000000], series=["s"],
             style=[""]),
        title="t", xlabel="sessions", axis="log",
    ),
    "many places": lambda: plots.curves(
        grid(row=["extractable"], panel=["best validation", "last"], style=["members", "others"],
             series=["real sessions", "random items", "rare items", "real items in another order"],
             x=[10.0**n for n in np.arange(0, 7, 0.25)]),
        title="What can be extracted by sampling", xlabel="samples, n", axis="log",
    ),
    "words at equal distances": lambda: plots.curves(
        grid(row=["MIPre", "MIRec"], panel=[f"{LONG[:40]}, {n}" for n in range(4)], series=["l'"],
             style=[""], x=["0", "0.2", "0.4", "0.6", "0.8", "V"], paper=True),
        title="Leakage against what the adversary knows", axis="even",
        xlabel="share β of users whose ratings are known; V itself",
    ),
    "many curves": lambda: plots.curves(
        grid(row=["TPR at 1% FPR"], panel=["best validation", "last"], x=[1, 2, 4, 8, 16, 32, 64],
             series=ATTACKS[:7], style=[""]),
        title="How many shadows does an attack need?", xlabel="shadow models", axis="even",
        chance=0.01,
    ),
    "five panels": lambda: plots.curves(
        grid(row=["a measure with a name that is longer than its row is high", "MIRec"],
             panel=[f"l' = {n}" for n in range(1, 6)], series=[""], style=[""], paper=True,
             x=[0.01, 0.02, 0.03, 0.04, 0.05]),
        title="Leakage against poisoning", xlabel="poisoning rate α",
    ),
    "three grids": lambda: plots.heat_maps(
        grid(panel=["as released", "corrected", "control: one model serves everybody (ROC AUC)"],
             y=CELLS, x=CELLS), title="Every shadow against every target", note=KEY,
    ),
    "four grids": lambda: plots.heat_maps(
        grid(panel=["DL-MIA, corrected: without the leak", "b", "DL-MIA, released code", "d"],
             y=CELLS[:6], x=CELLS[:6]), title="Sequential recommenders", note=KEY,
    ),
    "grids of four cells": lambda: plots.heat_maps(
        grid(panel=["Biased-MIA, as released", "DL-MIA, as released: with the leak",
             "DL-MIA, control: the same without the leak"], y=["DC", "DG"], x=["DC", "DG"]),
        title="Sequential recommenders: hard-label AUC, as released", note=KEY,
    ),
    "a grid of one cell": lambda: plots.heat_maps(
        grid(panel=["as released", "corrected", "control"], y=["AIMI"], x=["AIMI"]),
        title="One shadow against one target", note=KEY,
    ),
    "many low lines": lambda: plots.heat_maps(
        grid(panel=["hard-label AUC", "ROC AUC"], y=[f"{n}, {LONG[:50]}" for n in range(29)],
             x=["AIAI", "AIAL", "ALAI", "ALAL", "ANAN"]),
        title="Ablation", xlabel="setting", ylabel="",
    ),
    **{
        f"{n} t-SNE panels": lambda n=n: plots.tsne_scatter(
            points([f"AI shadow with the defence, {k}" for k in range(n)]), panel="panel", note=KEY,
            title="AI without and with the defence", classes=("factors of the attacker",
            "hidden states of the recommender"),
        )
        for n in (1, 2, 3, 4, 5)
    },
    "maps of items": lambda: plots.item_maps(
        RNG.random((60, 2)), RNG.random((60, 2)),
        ["other item"] * 54 + ["decoy"] * 5 + ["sensitive item"],
        title="MovieLens, latest 100,000 of latest-small and 1M: unrated counts as 0",
    ),
    "leakage": lambda: plots.leakage_curves(
        leakage(), best_epoch=10,
        title="Leakage against training and ranking, augmented also trained on, known items",
    ),
    "ROC curves": lambda: plots.roc_curves(
        roc(ATTACKS[:6], ["best validation", "last", "no model"]), title="Seen by its scores"
    ),
    "histogram": lambda: histogram(
        RNG.normal(size=200), np.arange(200) < 90, title="Scores of members and non-members"
    ),
    "frontier": lambda: drawn_frontier(0.6 * 0.75 ** np.arange(len(DEFENCES))),
    "frontier, equal heights": lambda: drawn_frontier(np.full(len(DEFENCES), 0.02)),
    "pipeline": lambda: plots.pipeline_diagram(steps()),
}  # fmt: skip


@pytest.mark.parametrize("shape", LARGEST)
def test_the_largest_shapes_can_be_read(shape: str) -> None:
    figure = pickle.loads(pickle.dumps(LARGEST[shape]()))  # noqa: S301  as it is drawn and saved
    assert faults(figure) == []


REPORTS = {
    "biased-mia": ("biased-mia", "biased_mia"),
    "dl-mia": ("dl-mia", "dl_mia"),
    "model-inversion": ("model-inversion", "model_inversion"),
    "yoochoose64": ("proposal", "proposal"),
    "yoochoose64-sizes": ("proposal", "proposal/sizes"),
    "yoochoose64-mismatch": ("proposal", "proposal/mismatch"),
}
FIGURES = CHECKOUT / "src" / "recmia" / "papers"
COMMITTED = [
    pytest.param(report, declared, id=f"{report}-{declared.name}")
    for report, (_, folder) in REPORTS.items()
    for declared in read_figures(FIGURES / folder / "figures.yaml")
]


@cache
def committed(report: str) -> tuple[list[Row], Words]:
    """A committed report's rows beside the papers' values, and its words."""
    folder, study = CHECKOUT / "reports" / report, REPORTS[report][0]
    settings = json.loads((folder / "manifest.json").read_text())["settings"]
    rows = [row for row in read_results(folder) if row.study == study]
    own = Words(titles_of(settings["model_inversion"])) if study == "model-inversion" else Words()
    return join_paper_values(rows, papers()), own


@pytest.mark.parametrize(("report", "declared"), COMMITTED)
def test_figures_of_committed_results_can_be_read(report: str, declared: Declared) -> None:
    drawn = list(draw(declared, *committed(report)))
    assert drawn
    for figure, about in drawn:
        assert faults(figure) == [], about["name"]
        assert about["title"] and len(about["caption"]) > 40


def bare() -> Figure:
    figure = Figure(figsize=(4, 3))
    figure.subplots()
    return figure


def planted(kind: str) -> Figure:
    """A figure with one fault."""
    figure = bare()
    axes = figure.axes[0]
    if kind == "small":
        axes.text(0.5, 0.5, "small", fontsize=7)
    elif kind == "overlap":
        axes.set_xticks([0.5, 0.51], ["one", "another"])
    elif kind == "outside":
        figure.text(0.9, 0.5, "a text that leaves the figure")
    elif kind == "legend":
        axes.plot([0, 1], [0, 1], label="inside")
        axes.legend()
    elif kind == "colour":
        figure.legend(handles=[Line2D([], [], color=c, label=c) for c in ("red", "green")])
    elif kind == "wide":
        figure.set_figwidth(PAGE_WIDTH + 1)
    return figure


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("small", "pixels"),
        ("overlap", "lies on"),
        ("outside", "leaves"),
        ("legend", "the legend"),
        ("colour", "colour alone"),
        ("wide", "fit a page"),
    ],
)
def test_what_cannot_be_read_is_found(kind: str, said: str) -> None:
    assert not faults(bare()) and any(said in fault for fault in faults(planted(kind)))


def test_sizes_are_plain_numbers_and_the_axis_begins_at_one_half() -> None:
    figure = LARGEST["sizes"]()
    left = figure.axes[0]
    names = [text.get_text() for text in left.get_xticklabels()]
    assert names == ["2,500", "5,000", "10,000", "20,000", "40,000"]
    frame = grid(row=["AUC"], panel=[""], x=[1, 2], series=["s"], style=[""])
    for least, begins in ((0.5, True), (0.31, False)):
        drawn = plots.curves(frame.assign(ci_low=least), title="t", xlabel="x", chance=0.5)
        low = drawn.axes[0].get_ylim()[0]
        assert (low == 0.5) == begins and low <= least  # nothing is cut off


def test_bars_of_many_curves_stand_beside_each_other() -> None:
    shape = {"row": ["AUC"], "panel": [""], "x": [1, 2, 3], "style": [""]}
    for count in (2, 5):
        axes = plots.curves(grid(series=list(range(count)), **shape), title="t", xlabel="x").axes[0]
        at = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 3][::2]
        assert (
            len({*at}) == (1 if count == 2 else count) and max(map(abs, np.subtract(at, 1))) < 0.5
        )


def test_no_two_of_many_series_look_the_same() -> None:
    many = looks(range(40)).values()
    assert len({(look["color"], look["marker"]) for look in many}) == 40


def test_panels_fill_lines_evenly() -> None:
    assert [columns_of(n, 2.5, 9.6) for n in (1, 2, 3, 4, 5, 6, 7)] == [1, 2, 3, 2, 3, 3, 3]
    assert columns_of(3, 20, 9.6) == 1


def test_lines_break_between_words_but_not_beside_an_equals_sign() -> None:
    text = wrapped("shared by all, α = 0.05", 1.05)
    assert text.split("\n") == ["shared by all,", "α = 0.05"]
    assert wrapped("incomprehensibilities", 0.1) == "incomprehensibilities"


def test_a_figure_grows_by_its_title_and_legend() -> None:
    heights = []
    for names in (["a"], [f"an entry that fills a line, number {n}" for n in range(9)]):
        figure = Figure(figsize=(COLUMN_WIDTH, 3), layout="constrained")
        axes = figure.subplots()
        finish(figure, "t", [Line2D([], [], label=name) for name in names])
        figure.draw_without_rendering()
        heights.append(axes.get_window_extent().height)
    assert heights[0] == pytest.approx(heights[1], abs=15)


def test_a_page_shows_a_picture_at_its_own_size(tmp_path: Path) -> None:
    figure = plots.tsne_scatter(points(["a"]), title="t")
    png = next(p for p in plots.save_figure(figure, tmp_path, "f") if p.suffix == ".png")
    assert shown_width(png) == pytest.approx(figure.get_figwidth() * 96, abs=1)
    for content in (b"\x89PNG\r\n\x1a\n", b"<svg/>" * 9):
        png.write_bytes(content)
        with pytest.raises(ArtifactError, match=r"f\.png is no PNG"):
            shown_width(png)
