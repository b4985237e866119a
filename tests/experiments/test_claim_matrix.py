"""The matrix of marks: which claims stand where, what is said of each cell, what letters mean."""

from __future__ import annotations

from recmia.experiments.claim_matrix import MARKS, Mark, claim_matrix, codes
from recmia.experiments.rows import VERDICTS, Row
from recmia.experiments.words import Words

WORDS = Words(claims={"more": "Figure 8: more is better"})


def claim(verdict: str, **columns) -> Row:
    given = {"study": "s", "artefact": "Claims", "reading": "corrected", "claim": "more"}
    given |= {"metric": "difference of ROC AUC", "value": 0.1, "verdict": verdict}
    return Row(**given | columns)


def place(code: str, data: str = "") -> dict:
    recommender = {"I": "item-neighbours", "L": "lfm"}[code[1]]
    sides = {"shadow_data": code[0], "shadow": recommender}
    return sides | {"target_data": code[0], "target": recommender, "dataset": data}


def test_every_verdict_has_a_sign_and_a_word_of_its_own() -> None:
    assert [*MARKS] == [verdict for verdict in VERDICTS if verdict]
    assert len({sign for sign, _ in MARKS.values()}) == len(MARKS)
    assert len({word for _, word in MARKS.values()}) == len(MARKS)


def test_claims_are_lines_and_targets_are_columns() -> None:
    rows = [
        claim("confirmed", **place("ML")),
        claim("refuted", **place("AI")),
        claim("open", **place("AI"), reading="as released", metric="difference of hard-label AUC"),
        claim("", **place("AL"), artefact="Figure 8"),
    ]
    matrix = claim_matrix(rows, WORDS)
    assert matrix.columns == ("AI", "ML")
    assert [(line.claim, line.reading) for line in matrix.lines] == [
        ("Figure 8: more is better", "as released"),
        ("Figure 8: more is better", "corrected"),
    ]
    assert matrix.lines[0].cells == ((Mark("open", 1),), ())
    assert matrix.lines[1].cells == ((Mark("refuted", 1),), (Mark("confirmed", 1),))
    assert [mark.verdict for mark in matrix.legend] == ["confirmed", "refuted", "open"]
    assert not matrix.several


def test_results_of_one_cell_are_counted_by_verdict() -> None:
    sides = place("AI") | {"shadow": "lfm"}
    rows = [claim("degenerate", **place("AI")), claim("confirmed", **sides)]
    rows += [claim("confirmed", **place("AI"), against="LFM")]
    matrix = claim_matrix(rows, WORDS)
    assert matrix.lines[0].cells == ((Mark("confirmed", 2), Mark("degenerate", 1)),)
    assert matrix.several


def test_a_claim_about_two_metrics_is_two_lines() -> None:
    rows = [claim("open", **place("AI"), metric=metric) for metric in ("MIPre", "MIRec")]
    said = [line.claim for line in claim_matrix(rows, WORDS).lines]
    assert said == [f"Figure 8: more is better: {metric}" for metric in ("MIPre", "MIRec")]


def test_what_is_about_many_settings_stands_behind_the_settings() -> None:
    rows = [claim("open", half="general"), claim("open"), claim("open", **place("MI"))]
    assert claim_matrix(rows, WORDS).columns == ("MI", "all settings", "general")
    rows = [claim("open", system="s", dataset="D", variant="links held", target_data="d")]
    assert claim_matrix(rows, WORDS).columns == ("D, links held",)


def test_letters_are_said_before_they_are_used() -> None:
    rows = [claim("open", **place("AI", "Music")), claim("open", **place("ML", "Movies"))]
    said = codes(rows)
    assert "Data: A is Music; M is Movies." in said and "Recommenders: I is Item; L is LFM." in said
    assert "the shadow's two, then the target's" in said
    assert codes([claim("open", dataset="Music")]) == ""
    assert codes([claim("open", system="s", target_data="movielens")]) == ""
