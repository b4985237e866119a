"""What stands in a cell: intervals, ranges over draws, and where everybody was alike."""

from __future__ import annotations

import pytest

from recmia.experiments import cells
from recmia.experiments.rows import RANGE, Row

AUC = {"study": "s", "artefact": "Figure 3", "metric": "hard-label AUC", "value": 0.947}
AUC |= {"ci_low": 0.846, "ci_high": 0.991, "n_seeds": 20}


@pytest.mark.parametrize(
    ("columns", "cell", "sentence"),
    [
        ({}, "0.947 [0.846, 0.991]", "0.947 [0.846, 0.991]"),
        ({"interval": RANGE}, "0.947 (0.846–0.991)", "0.947 (0.846 to 0.991 over 20 draws)"),
        ({"ci_low": None, "ci_high": None}, "0.947", "0.947"),
        ({"value": 0.5, "degenerate": 1}, "0.500 degenerate", "0.500 degenerate"),
        (
            {"degenerate": 0.15},
            *["0.947 [0.846, 0.991] degenerate in 3 of 20"] * 2,
        ),
    ],
)
def test_a_value_and_what_stands_beside_it(columns: dict, cell: str, sentence: str) -> None:
    row = Row(**AUC | columns)
    assert cells.with_interval(row) == cell
    assert cells.in_a_sentence(row) == sentence


@pytest.mark.parametrize(
    ("paper", "interval", "said"),
    [
        (0.846, RANGE, "0.846, in the range"),
        (0.845, RANGE, "0.845, outside the range"),
        (0.9, "", "0.9"),
        (None, RANGE, "–"),
    ],
)
def test_the_papers_number_lies_in_the_range_or_outside(paper, interval: str, said: str) -> None:
    row = Row(**AUC, paper_value=paper, interval=interval)
    assert cells.paper_beside(row) == said
