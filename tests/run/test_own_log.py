"""The page of somebody's own click log opens with a verdict that follows from intervals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recmia.experiments.rows import Row
from recmia.pages import fill
from recmia.run import own_log
from recmia.run.manifest import of_own_log
from recmia.run.own_log import LEAK, NONE_FOUND, OPEN, UNEQUAL, answer
from recmia.run.papers import on_its_data, parts, report_of
from recmia.run.registry import papers
from recmia.run.report import FILTERS, TEMPLATES

from .made_up import STEPS_OF_ROWS, rows_of

PROPOSAL = next(paper for paper in papers() if paper.name == "proposal")
ASKED = report_of(PROPOSAL.folder).own_log
ROWS = [row for step in STEPS_OF_ROWS for row in rows_of(step)]


def said(attack: tuple[float, float], blind: tuple[float, float]) -> own_log.Answer:
    """The answer with these intervals in place of the made-up ones."""

    def changed(row: Row) -> Row:
        if row.subset != "known items" or row.metric != "ROC AUC":
            return row
        if row.artefact == "Leakage curve":
            return replace(row, ci_low=attack[0], ci_high=attack[1])
        if row.attack == "blind baseline":
            return replace(row, ci_low=blind[0], ci_high=blind[1])
        return row

    return answer(ASKED, map(changed, ROWS))


@pytest.mark.parametrize(
    ("attack", "blind", "verdict"),
    [
        ((0.6, 0.7), (0.47, 0.53), LEAK),
        ((0.6, 0.7), (0.55, 0.59), LEAK),  # more than what the cohorts show
        ((0.6, 0.7), (0.55, 0.61), UNEQUAL),
        ((0.48, 0.56), (0.55, 0.61), UNEQUAL),
        ((0.48, 0.56), (0.47, 0.53), NONE_FOUND),
        ((0.3, 0.45), (0.47, 0.53), NONE_FOUND),
        ((0.51, 0.56), (0.47, 0.53), OPEN),
    ],
)
def test_verdict_follows_from_intervals(attack, blind, verdict) -> None:
    found = said(attack, blind)
    assert found.verdict == verdict
    assert found.attack.subset == found.blind.subset == "known items"
    assert found.next_steps


def test_what_could_have_been_missed_is_said() -> None:
    assert "up to 0.560 would look the same" in said((0.48, 0.56), (0.47, 0.53)).why
    assert "up to 0.500" in said((0.3, 0.45), (0.47, 0.53)).why


def test_all_sessions_where_too_few_have_known_items() -> None:
    found = answer(ASKED, [row for row in ROWS if row.subset != "known items"])
    assert found.attack.subset is None and found.blind.subset is None
    assert found.attack.nonmembers == "held-out" and found.attack.labels == "shadow"


def test_severity_is_of_the_same_sessions() -> None:
    """312 found for 10 accused in 1,000: .01 x .312 / (.01 x .312 + .99 x .01) = 24%."""
    attack = next(row for row in ROWS if row in (answer(ASKED, ROWS).attack,))
    low = replace(attack, metric="TPR at 1% FPR", value=0.312, ci_low=0.3, ci_high=0.33)
    assert "that were, 312 [300, 330] are found" in answer(ASKED, [*ROWS, low]).severity
    assert "24% [23%, 25%] of accusations" in answer(ASKED, [*ROWS, low]).severity
    assert answer(ASKED, [*ROWS, replace(low, subset=None)]).severity == ""


def test_no_answer_without_an_attack() -> None:
    assert answer(ASKED, rows_of("01_preprocess")) is None
    assert answer(None, ROWS) is None


def test_nothing_of_the_papers_stands_on_the_page_of_an_own_log() -> None:
    manifest = {"settings": {"data": {"source": "file"}}}
    assert of_own_log(manifest) and not of_own_log({"settings": {"data": None}})
    rows = on_its_data([replace(row, paper_value=0.9) for row in ROWS], own=True)
    assert all(row.paper_value is None for row in rows)
    (part,) = parts(rows, {}, {}, own=True)
    assert part.answer is not None
    assert not part.findings and not part.sentences and not part.outcome and not part.counts
    assert part.cards[0] == part.answer.attack  # shown large as well


def test_the_page_says_it() -> None:
    found = answer(ASKED, ROWS)
    text = fill(TEMPLATES / "own_log.html.j2", {"answer": found}, FILTERS)
    assert f"<h2>{found.verdict}</h2>" in text
    assert "<b>0.620 [0.608, 0.632]</b>" in text and "known items" in text
    assert all(step.split("'")[0] in text for step in found.next_steps)
