"""What came out of a paper's results follows from rows and their intervals."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from recmia.errors import ArtifactError
from recmia.run.outcomes import Outcome, sentence

from .made_up import row

PICTURE = {"artefact": "Figure 1", "metric": "ROC AUC"}


def shown(value: float, half: float, **columns):
    return [row("Figure 1", "ROC AUC", value, half=half, epoch=5, **columns)]


@pytest.mark.parametrize(
    ("value", "half", "limit", "begins"),
    [
        (0.5, 0.05, {"below": 0.6}, "Came out: "),
        (0.58, 0.05, {"below": 0.6}, "Open: "),
        (0.7, 0.05, {"below": 0.6}, "Did not: "),
        (0.95, 0.02, {"above": 0.9}, "Came out: "),
        (0.91, 0.02, {"above": 0.9}, "Open: "),
        (0.8, 0.02, {"above": 0.9}, "Did not: "),
    ],
)
def test_the_interval_decides(value, half, limit, begins):
    said = sentence(
        [Outcome(what="mix after {epoch} epochs", row=PICTURE, **limit)], shown(value, half)
    )
    assert said.startswith(f"{begins}mix after 5 epochs (ROC AUC {value:.3f} [")


def test_a_number_of_the_paper_is_looked_for_in_the_interval():
    outcome = [Outcome(what="the MLP's", row=PICTURE)]
    assert sentence(outcome, shown(0.8, 0.01, paper_value=0.825)).startswith("Came out: ")
    assert sentence(outcome, shown(0.8, 0.01, paper_value=0.835)) == (
        "Did not: the MLP's (0.800 [0.790, 0.810]; the paper: 0.835)."
    )


def test_what_there_is_no_result_for_is_named():
    there = Outcome(what="Figure 1, mixes", row=PICTURE, below=0.6)
    absent = Outcome(what="Table 9, a number", row={"artefact": "Table 9"})
    assert sentence([there, absent], shown(0.5, 0.01)).endswith(" Not in this report: Table 9.")
    assert sentence([absent], shown(0.5, 0.01)) == ""
    # Data that the paper says nothing of has no number of the paper's.
    number = Outcome(what="Figure 1, its number", row=PICTURE)
    assert sentence([there, number], shown(0.5, 0.01)) == sentence([there], shown(0.5, 0.01))


def test_unclear_outcomes_are_refused():
    two = shown(0.5, 0.01) + shown(0.6, 0.01, k=2)
    with pytest.raises(ArtifactError, match="2 are like that"):
        sentence([Outcome(what="mixes", row=PICTURE, below=0.6)], two)
    with pytest.raises(ValidationError, match="not both"):
        Outcome(what="", row={}, above=0.1, below=0.2)
