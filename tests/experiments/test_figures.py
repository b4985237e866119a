"""Figures follow their declarations: which rows, in which order, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from recmia.errors import ArtifactError
from recmia.experiments.figure_key import key_of, key_of_cells
from recmia.experiments.figures import Declared, _Drawing, draw, read_figures
from recmia.experiments.rows import Row
from recmia.experiments.selecting import first_kind
from recmia.experiments.words import Words
from recmia.run.papers import report_of
from recmia.run.registry import papers

WORDS = Words()


def row(**columns) -> Row:
    given = {"study": "s", "artefact": "Figure 1", "metric": "AUC", "value": 0.5, "reading": ""}
    return Row(**given | columns)


def declared(**fields) -> Declared:
    given = {"name": "f", "artefact": "Figure 1", "title": "T", "caption": "C", "draw": "dots"}
    return Declared(**given | fields)


def test_rows_are_chosen_and_named_by_kinds_in_their_order() -> None:
    rows = [row(reading="corrected"), row(reading="as published"), row(reading="control")]
    kinds = {"later": {"reading": "corrected"}, "first": {"reading": "as published"}}
    figure = declared(kinds=kinds, line=["metric"], series=["kind"])
    (drawn,) = draw(figure, rows, WORDS)
    labels = [line.get_label() for line in drawn[0].axes[0].lines if line.get_label() in kinds]
    assert labels == ["later", "first"]
    assert drawn[1]["source"] == ["the rows of Figure 1"] and drawn[1]["artefact"] == "Figure 1"


def test_lines_stand_by_number_and_words_by_their_numbers() -> None:
    rows = [row(k=k, features=f"Concat{n}") for k in (100, 9) for n in (100, 20)]
    frame = _Drawing(declared(line=["k"], series=["features"]), rows, WORDS).frame()
    assert list(frame["line"].cat.categories) == ["k = 9", "k = 100"]
    assert list(frame["series"].cat.categories) == ["Concat20", "Concat100"]


def test_readings_stand_in_their_own_order() -> None:
    rows = [row(reading=name) for name in ("corrected", "control", "as released", "as published")]
    frame = _Drawing(declared(line=["metric"], series=["reading"]), rows, WORDS).frame()
    assert list(frame["series"].cat.categories) == [
        *("as published", "as released", "corrected", "control"),
    ]


def test_one_figure_for_each_value() -> None:
    rows = [row(target_data=name, dataset=name.upper()) for name in ("a", "b")]
    figure = declared(name="f-{target_data}", title="Of {dataset}", each="target_data", line=[])
    found = [about for _, about in draw(figure, rows, WORDS)]
    assert [about["name"] for about in found] == ["f-a", "f-b"]
    assert [about["title"] for about in found] == ["Of A", "Of B"]


def test_the_highest_value_of_each_panel() -> None:
    rows = [row(target_data="a", threshold=t) for t in (1, 3)] + [row(target_data="b", threshold=2)]
    shown = _Drawing(declared(panel=["target_data"], highest="threshold"), rows, WORDS)
    assert [(r.target_data, r.threshold) for r in shown.rows] == [("a", 3), ("b", 2)]


def test_only_whole_curves() -> None:
    rows = [row(k=k, l=n) for k, n in ((10, 1), (10, 2), (20, 1), (10, 3), (20, 3))]
    figure = declared(draw="curves", x="l", series=["k"], whole=True)
    assert set(_Drawing(figure, rows, WORDS).frame()["series"]) == {"k = 10"}


def test_what_is_absent_stands_last_or_at_a_number() -> None:
    rows = [row(beta=beta) for beta in (None, 0.8, 0.0)]
    even = declared(draw="curves", x="beta", axis="even", absent="V")
    assert list(_Drawing(even, rows, WORDS).frame()["x"].cat.categories) == ["0", "0.8", "V"]
    numbers = declared(draw="curves", x="beta", absent=1)
    assert _Drawing(numbers, rows, WORDS).frame()["x"].tolist() == [1, 0.8, 0]


def test_the_papers_number_is_drawn_where_ours_is_missing() -> None:
    rows = [row(k=1, value=None, paper_value=0.9), row(k=2, value=None), row(k=3)]
    ((drawn, _),) = draw(declared(line=["k"]), rows, WORDS)
    assert [text.get_text() for text in drawn.axes[0].get_yticklabels()] == ["k = 1", "k = 3"]
    paper = next(line for line in drawn.axes[0].lines if line.get_label() == "paper")
    assert [x for x in paper.get_xdata() if x == x] == [0.9]


def test_two_results_in_one_place_are_refused() -> None:
    rows = [row(k=10), row(k=20)]
    with pytest.raises(ArtifactError, match=r"Figure f: two results have one place, .*'AUC'"):
        list(draw(declared(line=["metric"]), rows, WORDS))


def test_a_wrong_declaration_is_named(tmp_path: Path) -> None:
    entry = {"name": "mine", "artefact": "A", "title": "T", "caption": "C", "draw": "pie"}
    (tmp_path / "figures.yaml").write_text(yaml.safe_dump([entry]))
    with pytest.raises(ArtifactError, match=r"(?s)figures\.yaml, figure mine: .*draw"):
        read_figures(tmp_path / "figures.yaml")


@pytest.mark.parametrize("paper", papers(), ids=lambda paper: paper.name)
def test_figures_of_papers_stand_beside_what_the_report_shows(paper) -> None:
    shown = report_of(paper.folder).artefacts
    for figure in read_figures(paper.folder / "figures.yaml"):
        artefacts = figure.artefact if isinstance(figure.artefact, list) else [figure.artefact]
        assert set(artefacts) <= set(shown), figure.name
        for wanted in figure.kinds.values():  # raises where a column is not there
            first_kind(row(), {"": wanted})


def test_the_recipe_of_contributing(tmp_path: Path) -> None:
    """The entry that CONTRIBUTING shows, beside a paper's own, makes one figure more."""
    text = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    recipe = text.split("## Add a figure")[1].split("```yaml\n")[1].split("```")[0]
    (paper,) = [paper for paper in papers() if paper.name == "biased-mia"]
    own = (paper.folder / "figures.yaml").read_text(encoding="utf-8")
    (tmp_path / "figures.yaml").write_text(own + recipe)
    figure = read_figures(tmp_path / "figures.yaml")[-1]
    assert figure.artefact in report_of(paper.folder).artefacts
    columns = {"artefact": "Figure 3", "metric": "hard-label AUC", "reading": "as released"}
    rows = [
        row(**columns, target_data=data, dataset=data * 3, target=name, value=value)
        for data in "AL"
        for name, value in (("lfm", 0.6), ("item-neighbours", 0.9))
    ]
    ((drawn, about),) = draw(figure, rows, WORDS)
    assert about["name"] == "by_algorithm" and about["title"] == "hard-label AUC by algorithm"
    assert [axes.get_title("left") for axes in drawn.axes] == ["AAA", "LLL"]
    labels = [text.get_text() for text in drawn.axes[0].get_yticklabels()]
    assert labels == ["Item", "LFM"]
    assert drawn.axes[0].lines[0].get_xdata().tolist() == [0.6, 0.9]


SETTING = {"shadow_data": "M", "shadow": "lfm", "target_data": "A", "target": "item-neighbours"}


def test_codes_are_spelt_out_where_they_are_shown() -> None:
    rows = [
        row(**SETTING, dataset="Amazon Digital Music (the authors' files)"),
        row(**SETTING | {"target_data": "M", "target": "lfm"}, dataset="MovieLens-1M"),
    ]
    said = "A: Amazon Digital Music, M: MovieLens-1M; I: item neighbours, L: latent factors (LFM)."
    assert key_of(rows, ["kind", "setting"]).endswith(said)
    assert key_of(rows, ["setting"]).startswith("Shadow, then target,")
    assert key_of(rows, ["target side"]).startswith("Codes are of")
    assert key_of(rows, ["kind", "metric"]) == key_of([row(system="zeros")], ["setting"]) == ""
    titles = {"A": "Amazon Digital Music (a slice)", "M": "MovieLens-1M"}
    assert key_of_cells(["AI", "ML"], titles).endswith(said)
    figure = next(draw(declared(line=["setting"]), rows, WORDS))[0]
    assert said in " ".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_data_is_the_name_without_what_is_said_of_its_files() -> None:
    rows = [
        row(dataset="MovieLens-1M (the authors' files)", target_data="M"),
        row(dataset="Foursquare, New York", target_data="foursquare"),
    ]
    drawn = next(draw(declared(panel=["data"], line=["metric"]), rows, WORDS))[0]
    titles = [axes.get_title("left") for axes in drawn.axes]
    assert titles == ["MovieLens-1M (M)", "Foursquare, New York"]
