"""Tables put ours under each reading beside the paper's, and say every condition once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recmia.errors import ArtifactError
from recmia.experiments import cells, claim_tables, tables
from recmia.experiments.rows import Row
from recmia.experiments.tables import Shown, artefact_table
from recmia.experiments.words import Words

WORDS = Words(claims={"more": "Figure 8: more is better"})
MIMI = {"shadow_data": "M", "shadow": "item-neighbours"}
MIMI |= {"target_data": "M", "target": "item-neighbours"}


def row(reading: str, value: float | None, metric: str = "ROC AUC", **columns) -> Row:
    limits = {"ci_low": value - 0.01, "ci_high": value + 0.01} if value is not None else {}
    given = {"study": "s", "artefact": "Figure 3", "attack": "Biased-MIA", "dataset": "MovieLens"}
    given |= {"reading": reading, "metric": metric, "value": value} | limits
    return Row(**given | columns)


def test_readings_stand_side_by_side_with_the_papers_number() -> None:
    rows = [
        row("as published", 0.9, "hard-label AUC", paper_value=0.998, **MIMI, k=100),
        row("as published", 0.8, "F1", **MIMI, k=100),
        row("corrected", 0.97, **MIMI, k=100),
        row("control", 0.55, **MIMI, k=100, serving="one model", note="a control"),
    ]
    shown = Shown(title="nine settings", metrics=("hard-label AUC", "ROC AUC"))
    table = artefact_table("s", "Figure 3", shown, rows, WORDS)
    assert table.columns == (
        *("Setting", "What", "as published: hard-label AUC", "corrected: ROC AUC"),
        *("control: ROC AUC", "Paper", "Difference", "Note"),
    )  # F1 is left to the table of all results
    assert table.rows == (
        (
            *("MIMI", "Biased-MIA", "0.900 [0.890, 0.910]", "0.970 [0.960, 0.980]"),
            *("0.550 [0.540, 0.560]", "0.998", "-0.098", "a control"),
        ),
    )
    assert table.numeric == (2, 3, 4, 5, 6)
    assert table.throughout == "MovieLens; k = 100; control: one model"
    assert table.name == "s-figure-3" and table.title == "Figure 3: nine settings"


def test_readings_stand_in_their_order() -> None:
    readings = ("control", "", "corrected", "as released", "as published")
    rows = [row(reading, 0.5, **MIMI) for reading in readings]
    table = artefact_table("s", "Figure 3", Shown(title="t"), rows, WORDS)
    assert [head.removesuffix("ROC AUC").removesuffix(": ") for head in table.columns[2:]] == [
        *("as published", "as released", "corrected", "control", ""),
    ]


def test_a_paper_beside_a_range_lies_in_it_or_outside() -> None:
    columns = {"ci_low": 0.8, "ci_high": 0.95, "interval": "range over draws"}
    rows = [row("as released", 0.9, k=1, paper_value=0.96, **columns)]
    rows.append(row("as released", 0.5, k=2, degenerate=1, paper_value=0.5))
    table = artefact_table("s", "Figure 3", Shown(title="t"), rows, WORDS)
    assert [line[2:4] for line in table.rows] == [
        ("0.900 (0.800–0.950)", "0.96, outside the range"),
        ("0.500 degenerate", "0.5"),
    ]


def test_factors_that_vary_make_lines() -> None:
    rows = [row("corrected", 0.5, **MIMI, ratio=ratio) for ratio in (0.1, None)]
    table = artefact_table("s", "Figure 3", Shown(title="t"), rows, WORDS)
    assert [line[2] for line in table.rows] == ["defence, ratio 0.1", "no defence"]


def test_kinds_name_lines_and_columns_name_readings() -> None:
    leak = {"variant": "label leak", "checkpoint": "best"}
    rows = [row("as published", 0.9, **MIMI, **leak), row("corrected", 0.6, **MIMI)]
    apart = artefact_table("s", "Figure 3", Shown(title="t"), rows, WORDS)
    assert len(apart.rows) == 1  # what a reading has throughout is said below
    assert "as published: label leak; best checkpoint" in apart.throughout
    rows.append(row("as published", 0.8, **MIMI, **leak | {"checkpoint": "last"}))
    kinds = {
        "best": {"checkpoint": ["best", None]},
        "last": {"checkpoint": "last", "variant": "label leak"},
    }
    table = artefact_table("s", "Figure 3", Shown(title="t", kinds=kinds), rows, WORDS)
    assert [line[1:] for line in table.rows] == [
        ("best", "0.900 [0.890, 0.910]", "0.600 [0.590, 0.610]"),
        ("last", "0.800 [0.790, 0.810]", "–"),
    ]


def test_values_of_a_column_across() -> None:
    rows = [
        row("corrected", 0.5 + e / 10, epoch=e, checkpoint="best" if e == 1 else None)
        for e in (0, 1, 2)
    ]
    shown = Shown(title="t", across="epoch", star={"checkpoint": "best"})
    table = artefact_table("s", "Figure 3", shown, rows, WORDS)
    assert table.columns[-3:] == ("0", "1", "2")
    assert table.rows[0][-3:] == ("0.500", "0.600★", "0.700")


def test_a_line_a_metric_where_the_paper_has_numbers_for_several() -> None:
    made = row("", None)
    numbers = (("a", 1, 2), ("b", 3, 5))
    rows = [replace(made, metric=m, value=v, paper_value=p) for m, v, p in numbers]
    wide = artefact_table("s", "Figure 3", Shown(title="t"), rows, WORDS)
    assert wide.rows == (("Biased-MIA", "1.000 (paper 2)", "3 (paper 5)"),)
    table = artefact_table("s", "Figure 3", Shown(title="t", long=True), rows, WORDS)
    assert table.columns == ("What", "Metric", "Ours", "Paper", "Difference")
    assert table.rows[1] == ("Biased-MIA", "b", "3", "5", "-2")


def test_lines_of_the_paper_first() -> None:
    rows = [row("corrected", 0.5, k=1), row("corrected", 0.6, k=2, paper_value=0.9)]
    table = artefact_table("s", "Figure 3", Shown(title="t", paper_first=True), rows, WORDS)
    assert [line[1] for line in table.rows] == ["k = 2", "k = 1"]


def test_two_results_in_one_cell_are_refused() -> None:
    rows = [row("corrected", 0.5, k=1), row("corrected", 0.6, k=2)]
    shown = Shown(title="t", columns={"ours": {"k": "*"}})
    with pytest.raises(ArtifactError, match="two results have one cell: Biased-MIA; .*ours"):
        artefact_table("s", "Figure 3", shown, rows, WORDS)


def test_verdicts_are_gathered_and_listed() -> None:
    found = (("A", 0.1, "confirmed"), ("L", -0.2, "refuted"), ("M", 0, "open"))
    columns = {"artefact": "Claims", "claim": "more", "l": 50}
    rows = [
        row("corrected", value, "difference of ROC AUC", target_data=data, verdict=said, **columns)
        for data, value, said in found
    ]
    about = ("Figure 8: more is better", "corrected", "difference of ROC AUC")
    assert claim_tables.claims("s", rows, WORDS).rows == (
        (*about, "-0.200 to +0.100", "A", "L", "M"),
    )
    full = claim_tables.claims_in_full("s", rows, WORDS, {rows[0].key: 0.0304}).rows
    assert full[0] == (*about, "A", "+0.100 [+0.090, +0.110]", "0.030", "confirmed")
    assert full[1][-2:] == ("–", "refuted")


def test_a_claim_without_words_is_called_by_its_key() -> None:
    made = row("corrected", 0.1, artefact="Claims", claim="unheard", verdict="open")
    assert claim_tables.claims("s", [made], Words()).rows[0][0] == "unheard"


def test_markdown_and_numbers() -> None:
    table = tables.Table("t", "T", ("A", "B"), (("x|y", "1"),), (1,))
    assert table.markdown() == "**T**\n\n| A | B |\n| --- | --: |\n| x\\|y | 1 |\n"
    found = [cells.number(v) for v in (None, 557248, 1, 0.1234, 26478.25)]
    assert found == ["–", "557,248", "1.000", "0.123", "26,478.2"]
