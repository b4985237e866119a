"""ARTIFACT.md's tables: every link leads to a file, and numbers are those of rows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recmia.run import artifact
from recmia.run.papers import report_of
from recmia.run.registry import papers

from .made_up import row

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / name for name in ("README.md", "ARTIFACT.md", "CONTRIBUTING.md")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))
(PROPOSAL,) = (report_of(paper.folder) for paper in papers() if paper.name == "proposal")


def heading_anchors(text: str) -> set[str]:
    """Anchors as a page of Markdown has them."""
    heads = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")):
        if link.startswith("http"):
            continue
        name, _, anchor = link.partition("#")
        path = (document.parent / name).resolve() if name else document
        assert path.exists(), link
        assert not anchor or anchor in heading_anchors(path.read_text(encoding="utf-8")), link


def test_every_paper_is_there_with_its_tables_and_figures() -> None:
    text = (ROOT / "ARTIFACT.md").read_text(encoding="utf-8")
    for paper in papers():
        title = f"**{report_of(paper.folder).title}, ["
        assert title in text or paper.name == "frontier"  # whose report may not be committed
    for item in ("Figure 6: ", "Table 7: ", "Figure 3a: ", "Figure 3b: ", "Headline: "):
        assert f"\n| {item}" in text
    for badge in ("Available", "Functional", "Reproduced"):
        assert f"\n| {badge} | " in text


def test_one_number_stands_beside_the_papers_and_several_are_counted() -> None:
    wanted = {"artefact": "Table 9"}
    ours = {"reading": "as published", "half": 0.01}
    one = row("Table 9", "ROC AUC", 0.7, paper_value=0.71, **ours)
    other = row("Table 9", "ROC AUC", 0.8, paper_value=0.95, **ours)
    control = row("Table 9", "ROC AUC", 0.5, reading="control")
    said = artifact._numbers(PROPOSAL, wanted, [one, control])
    assert said == ("ROC AUC 0.700 [0.690, 0.710]", "0.71")
    said = artifact._numbers(PROPOSAL, wanted, [one, other])
    assert said == ("1 of 2 numbers found again", "in the table")
    assert artifact._numbers(PROPOSAL, wanted, [control]) == ("in the table", "–")
    assert artifact._numbers(PROPOSAL, wanted, []) == ("in the figure", "–")


def test_what_must_be_got_by_hand_is_said_with_its_way() -> None:
    text = artifact.data([])
    by_hand = [line for line in text.splitlines() if "| by hand |" in line]
    assert any("`yoochoose-1-64`" in line and "CC BY-NC-ND" in line for line in by_hand)
    assert "| download | `.venv/bin/recmia data fetch ml-1m` |" in text
