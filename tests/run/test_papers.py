"""A paper in the report: readings side by side, its numbers beside ours, verdicts counted."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recmia.experiments.results import ResultRow, join_paper_values, write_results
from recmia.run import papers, registry
from recmia.run.pipeline import make_plan


def row(artefact: str, setting: str, reading: str, metric: str, value: float, **more) -> ResultRow:
    fields = {"attack": "Biased-MIA", "condition": "", "dataset": "MovieLens-1M"} | more
    limits = {"ci_low": value - 0.01, "ci_high": value + 0.01}
    return ResultRow(
        study="biased-mia", artefact=artefact, setting=setting, reading=reading, metric=metric,
        value=value, **(limits | fields),
    )  # fmt: skip


@pytest.fixture
def rows() -> list[ResultRow]:
    made = [
        row("Figure 3", "MIMI", "as published", "hard-label AUC", 0.9),
        row("Figure 3", "MIMI", "as published", "F1", 0.8),
        row("Figure 3", "MIMI", "corrected", "ROC AUC", 0.97),
        row("Figure 3", "MIMI", "control", "ROC AUC", 0.55, note="control: one model"),
        row("Figure 3", "MLML", "corrected", "ROC AUC", 0.6),
    ]
    for place, value, said in (
        ("AI", 0.1, "confirmed"),
        ("LI", -0.2, "refuted"),
        ("MI", 0.0, "open"),
    ):
        made.append(
            row("Claims", "more is better", "corrected", "difference of ROC AUC", value,
                attack="", condition=place, note=said)
        )  # fmt: skip
    return join_paper_values(made, registry.papers())


def test_readings_stand_side_by_side_with_the_papers_number(rows) -> None:
    table = papers.table(rows, "biased-mia", "Figure 3")
    assert table.columns == (
        *("Setting", "What", "Data", "as published: hard-label AUC", "corrected: ROC AUC"),
        *("control: ROC AUC", "Paper", "Difference", "Note"),
    )  # F1 is left to the table of all results
    first, second = table.rows
    assert first[3:] == (
        *("0.900 [0.890, 0.910]", "0.970 [0.960, 0.980]", "0.550 [0.540, 0.560]"),
        *("0.998", "-0.098", "control: one model"),
    )
    assert second[3:] == ("–", "0.600 [0.590, 0.610]", "–", "–", "–", "")
    assert table.numeric == (3, 4, 5, 6, 7)


def test_verdicts_are_gathered_and_listed(rows) -> None:
    said = papers.claims(rows, "biased-mia")
    assert said.rows == (
        (
            *("more is better", "corrected", "difference of ROC AUC", "-0.200 to +0.100"),
            *("AI", "LI", "MI"),
        ),
    )
    full = papers.claims_in_full(rows, "biased-mia")
    assert full.rows[0][2:] == (
        *("AI", "difference of ROC AUC", "+0.100 [+0.090, +0.110]", "confirmed"),
    )


def test_a_report_of_one_paper(tmp_path: Path, rows, monkeypatch) -> None:
    from recmia.run.manifest import make_manifest
    from recmia.run.report import render

    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "artifacts"))
    write_results(rows, tmp_path)
    figures = tmp_path / "figures" / "biased-mia"
    figures.mkdir(parents=True)
    (figures / "figure3.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (figures / "figures.json").write_text(
        '[{"file": "figure3.png", "title": "Nine settings", "caption": "Made up.", '
        '"source": ["here"], "artefact": "Figure 3"}]'
    )
    pages = render(tmp_path, make_manifest(make_plan("biased-mia")))
    page = pages["index.html"]
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Figure 3: the attack where data set and algorithm are known" in text
    assert "Nine settings" in text and 'href="figures/biased-mia/figure3.png"' in page
    assert "Biased-MIA (CCS 2021)" in text and "more is better" in text
    # Nothing of the main study is claimed where it was not run.
    assert "proposal" not in text.lower().replace("what recommenders leak", "")
    assert "tables/biased-mia-figure-3.csv" in pages and "tables/headline.csv" not in pages
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{anchor}"' in page
