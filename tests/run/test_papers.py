"""A paper in the report: what it declares, and its tables beside its figures."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from recmia.errors import ArtifactError
from recmia.experiments.results import write_results
from recmia.experiments.rows import Row
from recmia.run import papers, registry
from recmia.run.papers import Report, card_rows, on_its_data, report_of
from recmia.run.pipeline import make_plan

MIMI = {"shadow_data": "M", "shadow": "item-neighbours"}
MIMI |= {"target_data": "M", "target": "item-neighbours"}


def row(artefact: str, reading: str, metric: str, value: float, **columns) -> Row:
    limits = {"ci_low": value - 0.01, "ci_high": value + 0.01}
    given = {"study": "biased-mia", "artefact": artefact, "dataset": "MovieLens-1M"}
    given |= {"reading": reading, "metric": metric, "value": value, "attack": "Biased-MIA"}
    return Row(**given | limits | columns)


@pytest.fixture
def rows() -> list[Row]:
    return [
        row("Figure 3", "as released", "hard-label AUC", 0.9, **MIMI),
        row("Figure 3", "corrected", "ROC AUC", 0.97, **MIMI),
        row("Claims", "corrected", "difference of ROC AUC", 0.1, claim="easier-than-lfm",
            verdict="confirmed", **MIMI),
    ]  # fmt: skip


def test_a_report_of_one_paper(tmp_path: Path, rows, monkeypatch) -> None:
    from recmia.run.manifest import make_manifest
    from recmia.run.report import render

    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "artifacts"))
    write_results(rows, tmp_path)
    figures = tmp_path / "figures" / "biased-mia"
    figures.mkdir(parents=True)
    about = {"caption": "Made up.", "source": ["here"], "artefact": "Figure 3"}
    for name, dots in (("figure3", 1536), ("narrow", 896)):
        head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + dots.to_bytes(4, "big")
        (figures / f"{name}.png").write_bytes(head + b"\0" * 8)
    (figures / "figures.json").write_text(
        json.dumps(
            [
                about | {"file": "figure3.png", "title": "Nine settings"},
                about | {"file": "narrow.png", "title": "One setting"},
            ]
        )
    )
    pages = render(tmp_path, make_manifest(make_plan("biased-mia")))
    page = pages["index.html"]
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Figure 3: the attack where data set and algorithm are known" in text
    # At their own size; what is too wide for half a page has a line to itself.
    widths = re.findall(r'<figure( class="wide")?>.*?<img [^>]*width="(\d+)"', page)
    assert widths == [(' class="wide"', "922"), ("", "538")]
    assert "Nine settings" in text and 'href="figures/biased-mia/figure3.png"' in page
    assert "Biased-MIA (CCS 2021)" in text and "confirmed" in text.lower()
    assert "easier-than-lfm" not in text  # the paper's words, not their key
    # Nothing of the main study is claimed where it was not run.
    assert "proposal" not in text.lower().replace("what recommenders leak", "")
    assert "tables/biased-mia-figure-3.csv" in pages
    assert not any(name.startswith("tables/proposal") for name in pages)
    for anchor in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{anchor}"' in page


def test_only_real_data_is_held_against_the_paper(tmp_path: Path, rows, monkeypatch) -> None:
    from recmia.run.manifest import make_manifest
    from recmia.run.report import render

    findings = [{"text": "Ours is {it}.", "numbers": {"it": {"metric": "hard-label AUC"}}}]
    (tmp_path / "findings.yaml").write_text(yaml.safe_dump(findings))
    paper = replace(registry.papers()[1], folder=tmp_path)
    for name in ("report.yaml", "deviations.yaml", "paper_values.csv", "claims.yaml"):
        (tmp_path / name).write_bytes((registry.papers()[1].folder / name).read_bytes())
    monkeypatch.setattr(registry, "papers", lambda: (paper,))
    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "artifacts"))
    report = tmp_path / "report"
    judged = {"claim": "learned-beats-k-means", "verdict": "degenerate"}
    rows.append(row("Claims", "corrected", "difference of ROC AUC", 0.2, **judged))
    write_results(rows, report)
    pages = {}
    for source in ({}, {"ml-1m.zip": {"bytes": 1, "sha256": "0"}}):
        manifest = make_manifest(make_plan("biased-mia")) | {"source_data": source}
        page = render(report, manifest)["index.html"]
        pages[bool(source)] = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    # MIMI of Figure 3 is 0.998 in the paper; ours is 0.9, alone among its like.
    real = (
        "Findings Ours is 0.900 [0.890, 0.910].",
        "Of 1 comparisons with a published number 0 have it in our interval",
        "0.998 -0.098 not explained",
        "outside our intervals that no tested cause covers",
    )
    assert [text in pages[True] for text in real] == [True] * 4
    assert [text in pages[False] for text in real] == [False] * 4
    assert "1 of 1 claims that were confirmed" in pages[False]  # the degenerate one does not enter


def test_rows_that_no_part_of_the_page_shows_are_none(rows) -> None:
    (part,) = papers.parts(rows, {}, {})
    assert part.study == "biased-mia" and part.datasets == ["MovieLens-1M"]
    assert [artefact["name"] for artefact in part.artefacts] == ["Figure 3"]
    assert [table.name for table in part.tables] == [
        *("biased-mia-figure-3", "biased-mia-claims", "biased-mia-claims-in-full"),
    ]


def test_marks_are_read_without_colour_and_after_their_legend(rows, tmp_path, monkeypatch) -> None:
    from recmia.run.manifest import make_manifest
    from recmia.run.report import render

    monkeypatch.setenv("RECMIA_ARTIFACTS", str(tmp_path / "artifacts"))
    write_results(rows, tmp_path / "report")
    manifest = make_manifest(make_plan("biased-mia"))
    page = render(tmp_path / "report", manifest)["index.html"]
    before, _, matrix = page.partition('<table class="matrix">')
    assert 'aria-hidden="true">✓</span><span class="heard">holds</span>' in matrix
    assert "An empty cell was not asked." in before.rpartition("<h3")[2]
    assert before.index("Two letters are data and a recommender") < before.index("<table")


def test_a_report_that_says_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "report.yaml").write_text("title: T\nsource: S\nquestion: Q\ncolour: red\n")
    with pytest.raises(ArtifactError, match=r"(?s)report\.yaml: .*artefacts.*colour"):
        report_of(tmp_path)


def test_the_papers_number_stands_beside_its_own_data_only() -> None:
    rows = [
        Row(study="proposal", artefact="Table 2", dataset=data, metric="ROC AUC", paper_value=0.9)
        for data in ("YooChoose 1/64", "MovieLens-1M", "RetailRocket", "Gowalla", "our shop")
    ]
    assert [row.paper_value for row in on_its_data(rows)] == [0.9, None, None, None, None]
    other = replace(rows[1], study="dl-mia")
    assert on_its_data([other]) == [other]  # this paper says nothing of data sets


def test_a_row_that_two_tables_have_is_one_card() -> None:
    about = {"study": "proposal", "metric": "ROC AUC", "epoch": 50, "value": 0.9}
    best = Row(artefact="Leakage curve", checkpoint="best validation", **about)
    last = Row(artefact="Table 2", checkpoint="best validation", **about)
    other = Row(artefact="Table 2", checkpoint="best validation", **about | {"value": 0.8})
    cards = ({"artefact": "Leakage curve"}, {"artefact": "Table 2"})
    report = Report(title="t", source="s", question="q", cards=cards, artefacts={})
    assert card_rows(report, [last, best, other]) == [best, other]
