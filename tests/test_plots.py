"""Figures show what their tables hold, in fixed colours, and equal tables give equal bytes."""

import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import FancyBboxPatch

from recmia import plots
from recmia.embedding import tsne_embedding
from recmia.errors import DataError

STEPS = [
    ("01_one", "Clicks to sessions", (), ("01_one/a.parquet", "01_one/b.json")),
    ("02_two", "Cohorts", ("01_one/a.parquet",), ("02_two/",)),
    ("03_left", "A title that is rather long for half a page", ("02_two/x.npz",), ("03_left/",)),
    ("03_right", "Short", ("02_two/", "01_one/b.json"), ("03_right/",)),
    ("04_end", "Figures", ("03_left/", "03_right/", "01_one/b.json"), ("reports:figures/",)),
]


@pytest.fixture
def leakage() -> pd.DataFrame:
    rows = [
        (epoch, attack, condition, 0.5 + shift + epoch / 100, 0.1 + epoch * (30 - epoch) / 2000)
        for attack, shift in (("MLP", 0.02), ("loss threshold", 0.0))
        for condition in ("held-out", "near-miss")
        for epoch in (0, 5, 10, 20, 30)
    ]
    frame = pd.DataFrame(rows, columns=["epoch", "attack", "condition", "value", "ndcg"])
    return frame.assign(ci_low=frame.value - 0.01, ci_high=frame.value + 0.01)


def texts(figure) -> list[str]:
    found = [text.get_text() for text in figure.findobj(matplotlib.text.Text)]
    return [text for text in found if text]


def test_members_and_nonmembers_keep_their_colours():
    frame = pd.DataFrame({"x": range(6), "y": range(6), "membership": [True, False] * 3})
    figure = plots.tsne_scatter(frame, title="A picture")
    points = figure.axes[0].collections[0]
    colours = {
        int(x): to_hex(colour)
        for (x, _), colour in zip(points.get_offsets(), points.get_facecolors(), strict=True)
    }
    member, other = plots.MEMBER_COLOUR.lower(), plots.NONMEMBER_COLOUR.lower()
    assert colours == {x: other if x % 2 else member for x in range(6)}
    assert "A picture" in texts(figure)


def test_one_panel_a_value_in_order():
    frame = pd.DataFrame({"x": range(8), "y": range(8), "membership": [True, False] * 4})
    frame["stage"] = ["overfitted"] * 3 + ["generalising"] * 5
    figure = plots.tsne_scatter(frame, title="t", panel="stage")
    assert [axes.get_title("left") for axes in figure.axes] == ["overfitted", "generalising"]
    assert [len(axes.collections[0].get_offsets()) for axes in figure.axes] == [3, 5]


def test_leakage_shows_every_line_and_marks_the_best_checkpoint(leakage):
    figure = plots.leakage_curves(leakage, best_epoch=10)
    left, right = figure.axes
    drawn = [line for line in left.lines if len(line.get_xdata()) == 5]
    assert len(drawn) == 4 and len(left.collections) == 4
    rows = leakage[(leakage.attack == "MLP") & (leakage.condition == "held-out")]
    np.testing.assert_array_equal(drawn[0].get_ydata(), rows["value"])
    band = left.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(rows.ci_low.min())
    assert band[:, 1].max() == pytest.approx(rows.ci_high.max())
    assert any(line.get_linestyle() == "--" and line.get_xdata()[0] == 10 for line in left.lines)
    ndcg = rows.set_index("epoch").ndcg[10]
    assert any(line.get_linestyle() == "--" and line.get_xdata()[0] == ndcg for line in right.lines)
    assert {"0", "10", "30", "NDCG@20 on unseen sessions"} <= set(texts(figure))


def test_attacks_differ_by_colour_and_conditions_by_style(leakage):
    lines = [x for x in plots.leakage_curves(leakage).axes[0].lines if len(x.get_xdata()) == 5]
    colours = [line.get_color() for line in lines]
    styles = [line._dash_pattern for line in lines]
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert styles[0] == styles[2] != styles[1] == styles[3]


def test_logarithmic_roc_starts_at_the_least_measured_rate():
    frame = pd.DataFrame({"fpr": [0, 0.002, 0.1, 1], "tpr": [0, 0.05, 0.6, 1]})
    frame = frame.assign(attack="MLP", condition="held-out")
    axes = plots.roc_curves(frame).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert axes.get_xlim() == pytest.approx((0.002, 1))


NOTHING = {"panel": "", "row": "AUC", "style": "", "ci_low": np.nan, "ci_high": np.nan}


def test_dots_and_their_intervals() -> None:
    frame = pd.DataFrame(
        {
            "line": ["AIAI", "LILI"],
            "series": "ours",
            "panel": "",
            "value": [0.8, 0.6],
            "ci_low": [0.7, np.nan],
            "ci_high": [0.85, np.nan],
            "paper_value": [0.9, np.nan],
        }
    )
    axes = plots.dots(frame, title="t", xlabel="AUC").axes[0]
    ours = next(line for line in axes.lines if line.get_label() == "ours")
    paper = next(line for line in axes.lines if line.get_label() == "paper")
    assert ours.get_xdata().tolist() == [0.8, 0.6] and axes.get_xlabel() == "AUC"
    assert paper.get_xdata()[0] == 0.9 and paper.get_ydata()[0] == ours.get_ydata()[0]
    segments = [s[:, 0].tolist() for c in axes.collections for s in c.get_segments() if len(s)]
    assert [0.7, 0.85] in segments
    assert [text.get_text() for text in axes.get_yticklabels()] == ["AIAI", "LILI"]


def test_panels_with_the_same_lines_name_them_once() -> None:
    frame = pd.DataFrame({"line": ["a", "b"] * 2, "panel": ["left"] * 2 + ["right"] * 2})
    frame = frame.assign(series="s", value=0.5, ci_low=0.4, ci_high=0.6, paper_value=np.nan)
    left, right = plots.dots(frame, title="t", xlabel="x").axes
    assert left.yaxis.get_tick_params()["labelleft"]
    assert not right.yaxis.get_tick_params()["labelleft"]


def test_curves_are_drawn_in_order_of_the_parameter() -> None:
    frame = pd.DataFrame({"x": [100, 10, 50], "value": [0.9, 0.5, 0.8], "series": "Item"})
    frame = frame.assign(**NOTHING, paper_value=[0.95, np.nan, np.nan])
    axes = plots.curves(frame, title="t", xlabel="k").axes[0]
    line = next(line for line in axes.lines if len(line.get_xdata()) == 3)
    assert line.get_xdata().tolist() == [10, 50, 100]
    assert line.get_ydata().tolist() == [0.5, 0.8, 0.9]
    paper = next(line for line in axes.lines if line.get_label() == "paper")
    assert [x for x, y in zip(*paper.get_data(), strict=True) if y == y] == [100]
    assert axes.get_ylabel() == "AUC"


def test_words_stand_at_equal_distances_in_the_order_of_their_categories() -> None:
    x = pd.Categorical(["V", "0.2", "0"], ["0", "0.2", "V"], ordered=True)
    frame = pd.DataFrame({"x": x, "value": [0.3, 0.2, 0.1], "series": "s"})
    axes = plots.curves(
        frame.assign(**NOTHING, paper_value=np.nan), title="t", xlabel="β", axis="even"
    ).axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "0.2", "V"]
    line = next(line for line in axes.lines if len(line.get_xdata()) == 3)
    assert line.get_ydata().tolist() == [0.1, 0.2, 0.3]


def test_a_grid_of_curves_has_a_row_a_metric_and_a_column_a_panel() -> None:
    places = pd.MultiIndex.from_product([["MIPre", "MIRec"], ["left", "right"], [1, 2]])
    frame = places.to_frame(index=False, name=["row", "panel", "x"])
    frame = frame.assign(series="s", style="", value=0.5, ci_low=0.4, ci_high=0.6)
    figure = plots.curves(frame.assign(paper_value=np.nan), title="t", xlabel="α")
    assert [axes.get_ylabel() for axes in figure.axes] == ["MIPre", "", "MIRec", ""]
    assert [axes.get_title("left") for axes in figure.axes[:2]] == ["left", "right"]


def test_heat_map_puts_shadows_up_and_targets_across() -> None:
    cells = [("AI", "AI", 0.9), ("AI", "LI", 0.6), ("LI", "AI", 0.4), ("LI", "LI", 0.8)]
    frame = pd.DataFrame(cells, columns=["y", "x", "value"]).assign(panel="a")
    axes = plots.heat_maps(frame, title="t").axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["AI", "LI"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["LI", "AI"]  # rising diagonal
    assert [t.get_text() for t in axes.texts] == ["0.40", "0.80", "0.90", "0.60"]


def test_a_table_that_cannot_be_drawn_says_why() -> None:
    with pytest.raises(DataError, match="missing: y"):
        plots.heat_maps(pd.DataFrame({"panel": [1], "x": [1], "value": [1]}), title="")


def test_pipeline_has_a_box_a_step_and_direct_arrows_only():
    figure = plots.pipeline_diagram(STEPS)
    axes = figure.axes[0]
    assert len([p for p in axes.patches if isinstance(p, FancyBboxPatch)]) == len(STEPS) + 1
    # log>01, 01>02, 02>03 twice, 03>04 twice; 01>03_right and 01>04 are implied.
    assert len([text for text in axes.texts if text.get_text() == ""]) == 6
    assert any("01_one, 03_left, 03_right" in text for text in texts(figure))


def test_pipeline_text_stays_within_its_boxes():
    figure = plots.pipeline_diagram(STEPS)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [p.get_window_extent() for p in axes.patches if isinstance(p, FancyBboxPatch)]
    page = figure.bbox
    for text in axes.texts:
        if text.get_text() and text.get_text() != "Pipeline":
            extent = text.get_window_extent()
            assert any(
                box.x0 <= extent.x0
                and extent.x1 <= box.x1
                and box.y0 <= extent.y0
                and extent.y1 <= box.y1
                for box in boxes
            ), text.get_text()
    assert all(page.x0 < box.x0 and box.x1 < page.x1 and page.y0 < box.y0 for box in boxes)


def test_pipeline_breaks_no_name_however_narrow_its_boxes():
    first = ("01_preprocess", "Sessions", ["log"], ["01_preprocess/"])
    below = [
        (f"0{n}_mismatch", "A step", ["01_preprocess/"], [f"reports:figures/proposal.mismatch{n}/"])
        for n in range(2, 6)
    ]
    words = [text.get_text() for text in plots.pipeline_diagram([first, *below]).axes[0].texts]
    assert words.count("01_preprocess") == len(below)
    assert {f"proposal.mismatch{n}/" for n in range(2, 6)} <= set(words)


def test_pipeline_refuses_steps_out_of_order():
    with pytest.raises(DataError, match="declared no earlier"):
        plots.pipeline_diagram([STEPS[1], STEPS[0]])


def test_equal_tables_give_equal_files_without_dates(tmp_path, leakage):
    for folder in ("a", "b"):
        paths = plots.save_figure(plots.leakage_curves(leakage), tmp_path / folder, "curves")
        assert [path.name for path in paths] == ["curves.png", "curves.svg"]
    for name in ("curves.png", "curves.svg"):
        content = (tmp_path / "a" / name).read_bytes()
        assert content == (tmp_path / "b" / name).read_bytes()
        assert b"dc:date" not in content
    assert len(list((tmp_path / "a").iterdir())) == 2


@pytest.mark.filterwarnings("error")
def test_diagram_is_saved_as_drawn(tmp_path):
    figure = plots.pipeline_diagram(STEPS)
    plots.save_figure(figure, tmp_path, "pipeline")
    assert figure.axes[0].get_position().bounds == (0, 0, 1, 1)


def test_caller_style_and_pyplot_are_left_alone(leakage):
    before = dict(matplotlib.rcParams)
    plots.leakage_curves(leakage)
    assert dict(matplotlib.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


@pytest.mark.parametrize("column", ["epoch", "ndcg", "ci_low"])
def test_missing_columns_are_named(leakage, column):
    with pytest.raises(DataError, match=column):
        plots.leakage_curves(leakage.drop(columns=column))


def test_empty_table_is_refused(leakage):
    with pytest.raises(DataError, match="empty"):
        plots.leakage_curves(leakage[:0])


def test_tsne_is_repeatable_and_keeps_clusters_apart():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(80, 6)) + 12 * (np.arange(80) < 40)[:, None]
    features = np.column_stack([features, np.ones(80)])  # a constant column does no harm
    first, second = (tsne_embedding(features, perplexity=10, seed=3) for _ in range(2))
    assert first.shape == (80, 2) and first.dtype == np.float32
    assert (first == second).all()
    centres = first[:40].mean(axis=0), first[40:].mean(axis=0)
    within = max(part.std(axis=0).max() for part in (first[:40], first[40:]))
    assert np.linalg.norm(centres[0] - centres[1]) > 3 * within


def test_tsne_refuses_what_it_cannot_place():
    with pytest.raises(DataError):
        tsne_embedding(np.full((50, 2), np.nan), perplexity=5, seed=1)
    with pytest.raises(DataError, match="perplexity"):
        tsne_embedding(np.ones((20, 2)), perplexity=30, seed=1)
