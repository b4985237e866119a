"""Result files: same rows, same bytes; typed columns; the papers' numbers where they belong."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from recmia.errors import ArtifactError
from recmia.experiments.results import frame, join_paper_values, read_results, write_results
from recmia.experiments.rows import Row
from recmia.run.registry import papers

ROW = Row(
    study="proposal",
    artefact="Table 2",
    dataset="YooChoose 1/64",
    attack="MLP on scores",
    reading="as published",
    metric="ROC AUC",
    value=0.91234567,
    ci_low=0.9,
    ci_high=0.92,
    n_seeds=3,
    labels="target",
    augmented="non-members",
    nonmembers="near-miss",
    epoch=30,
)


def test_numbers_are_rounded_but_counts_are_exact(tmp_path: Path) -> None:
    rows = [ROW, replace(ROW, metric="interactions", value=26_478_390.0, ci_low=None, ci_high=None)]
    rows.append(replace(ROW, metric="TPR at 0.1% FPR", value=float("nan"), ci_low=None, note="few"))
    write_results(rows, tmp_path)
    lines = list(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text())))
    values = {line["metric"]: line["value"] for line in lines}
    assert values == {"ROC AUC": "0.912346", "interactions": "26478390", "TPR at 0.1% FPR": ""}


def test_same_rows_in_any_order_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [replace(ROW, epoch=epoch) for epoch in (5, 30, 100)]
    write_results(rows, tmp_path / "a")
    write_results(rows[::-1], tmp_path / "b")
    for name in ("results.csv", "results.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    read = read_results(tmp_path / "a")
    assert [row.epoch for row in read] == [5, 30, 100]  # by number, not by letter
    assert read == read_results(tmp_path / "a" / "results.csv")


def test_a_file_of_before_the_last_columns_is_read(tmp_path: Path) -> None:
    (made,) = write_results([replace(ROW, interval="range over draws", cause="c")], tmp_path)
    assert read_results(tmp_path) == [made]
    lines = list(csv.reader(io.StringIO((tmp_path / "results.csv").read_text())))
    newer = {lines[0].index(name) for name in ("interval", "degenerate", "cause")}
    older = [[cell for i, cell in enumerate(line) if i not in newer] for line in lines]
    (tmp_path / "results.csv").write_text("".join(",".join(line) + "\n" for line in older))
    assert read_results(tmp_path) == [replace(made, interval="", cause="")]


def test_the_typed_file_holds_the_same_rows(tmp_path: Path) -> None:
    rows = write_results([ROW, replace(ROW, epoch=None, held_out=False, share=0.7)], tmp_path)
    table = pd.read_parquet(tmp_path / "results.parquet")
    assert table.equals(frame(rows))
    assert table.dtypes[["epoch", "held_out", "share"]].astype(str).tolist() == [
        *("Int64", "boolean", "float64"),
    ]


def test_the_same_row_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="about the same thing.*epoch 30"):
        write_results([ROW, replace(ROW, value=0.5)], tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ci_low": 0.95, "ci_high": 0.9}, "swapped"),
        ({"note": "two\nlines"}, "one clean line"),
        ({"metric": ""}, "needs study, artefact and metric"),
        ({"epoch": 1.5}, "whole numbers"),
        ({"verdict": "perhaps"}, "not a verdict"),
        ({"interval": "wide"}, "kind of interval"),
    ],
)
def test_bad_rows_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ArtifactError, match=message):
        replace(ROW, **change)


def test_papers_numbers() -> None:
    """Table 1 and Table 2 of the proposal."""
    table2 = {"MLP on scores": 0.90012, "DL-MIA": 0.50352, "Biased-MIA": 0.50694}
    for attack, value in table2.items():
        (joined,) = join_paper_values([replace(ROW, attack=attack)], papers())
        assert joined.paper_value == value
    table1 = {"days": 182, "items": 50549, "sessions": 6756575, "interactions": 26478390}
    table1 |= {"mean session length": 3.83, "Gini index": 0.89}
    for metric, value in table1.items():
        row = Row(study="proposal", artefact="Table 1", metric=metric, value=1)
        assert join_paper_values([row], papers())[0].paper_value == value


@pytest.mark.parametrize(
    "change",
    [
        {"reading": "corrected"},
        {"metric": "F1"},
        {"attack": "random guess"},
        {"artefact": "Leakage curve"},
        {"study": "biased-mia"},
    ],
)
def test_no_papers_number_on_what_it_is_not_comparable_with(change: dict) -> None:
    assert join_paper_values([replace(ROW, **change)], papers())[0].paper_value is None


def test_a_number_that_the_paper_no_longer_has_is_taken_off() -> None:
    (joined,) = join_paper_values([replace(ROW, metric="F1", paper_value=0.9)], papers())
    assert joined.paper_value is None


@pytest.mark.parametrize("text", ["study,value\nproposal,much\n", "study,colour\nproposal,red\n"])
def test_a_file_that_is_no_results_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.csv").write_text(text)
    with pytest.raises(ArtifactError, match=r"results\.csv is not a results file"):
        read_results(tmp_path)
    with pytest.raises(ArtifactError, match="is missing"):
        read_results(tmp_path / "nowhere")
