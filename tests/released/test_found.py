"""Draws as rows, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.experiments.lines import Line
from recmia.experiments.rows import AS_RELEASED, CONFIRMED, DEGENERATE, OPEN, RANGE, REFUTED
from recmia.released.found import attack_rows, claim_rows, drawn, mean_interval, range_row

ABOUT = {"study": "biased-mia", "artefact": "Figure 8", "attack": "Biased-MIA"}
ABOUT |= {"reading": AS_RELEASED}
CLAIM = {"artefact": "Figure 8", "first": {"k": 50}, "second": {"k": 10}, "differs": "k"}


def found(*hard: float, same: list[bool] | None = None) -> dict[str, np.ndarray]:
    values = np.array(hard)
    of_all = np.zeros(len(values), dtype=bool) if same is None else np.array(same)
    return {"hard": values, "roc": values / 2, "same": of_all}


def test_a_row_is_the_mean_with_the_range_of_what_was_drawn() -> None:
    values = np.array([0.5, np.nan, 0.9, 0.7, np.nan])
    assert drawn(values).tolist() == [0.5, 0.9, 0.7]
    row = range_row(values, **ABOUT, metric="hard-label AUC", k=50)
    assert (row.value, row.ci_low, row.ci_high, row.n_seeds) == (0.7, 0.5, 0.9, 3)
    assert (row.interval, row.k, row.reading) == (RANGE, 50, AS_RELEASED)


def test_only_labels_can_be_degenerate() -> None:
    of = found(0.5, 0.8, np.nan, 0.5, 1.0, same=[True, False, True, True, False])
    hard, roc = attack_rows(of, **ABOUT)
    # The third was not drawn: two of four.
    assert (hard.metric, hard.value, hard.degenerate) == ("hard-label AUC", 0.7, 0.5)
    assert (roc.metric, roc.value, roc.degenerate) == ("ROC AUC", 0.35, 0)
    assert hard.n_seeds == roc.n_seeds == 4
    assert attack_rows(found(0.6, 0.7), **ABOUT)[0].degenerate == 0


def lines(first: dict, second: dict) -> list[Line]:
    return [Line(ABOUT | {"k": 50}, first), Line(ABOUT | {"k": 10}, second)]


def test_students_interval_by_hand() -> None:
    # Mean 0.2, standard deviation 0.1 of three; Student's quantile of two degrees is 4.302653.
    width = 4.302653 * 0.1 / np.sqrt(3)
    made = mean_interval(np.array([0.1, 0.2, 0.3]), 0.95)
    assert made == pytest.approx((0.2, 0.2 - width, 0.2 + width), abs=1e-6)


@pytest.mark.parametrize(
    ("gaps", "says", "expected"),
    [
        ([0.19, 0.2, 0.21], "more", CONFIRMED),
        ([0.19, 0.2, 0.21], "less", REFUTED),
        ([0.1, 0.2, 0.3], "more", OPEN),  # the interval holds 0
        ([0.001, 0.0, -0.001], "equal", CONFIRMED),
        ([0.19, 0.2, 0.21], "equal", REFUTED),
    ],
)
def test_claims_are_judged_on_paired_differences(gaps: list, says: str, expected: str) -> None:
    # The draws differ far more among themselves than the two attacks do.
    base = np.array([0.2, 0.7, 0.4])
    (row,) = claim_rows(
        {"more": CLAIM | {"says": says}, "order": {"says": "more"}},
        lines(found(*(base + gaps)), found(*base)),
        0.95,
    )
    assert row.value == pytest.approx(np.mean(gaps), abs=1e-6) and row.verdict == expected
    assert (row.artefact, row.claim, row.against) == ("Claims", "more", "10")
    assert (row.k, row.n_seeds, row.degenerate) == (50, 3, 0)
    assert row.metric == "difference of hard-label AUC" and row.interval == ""


def test_no_verdict_where_everybody_was_called_the_same() -> None:
    dull = found(0.5, 0.5, 0.6, same=[True, True, False])
    for pair in (lines(found(0.9, 0.9, 0.9), dull), lines(dull, found(0.1, 0.1, 0.1))):
        (row,) = claim_rows({"more": CLAIM | {"says": "more"}}, pair, 0.95)
        assert row.verdict == DEGENERATE and row.degenerate == pytest.approx(2 / 3, abs=1e-5)


def test_pairs_of_draws_that_are_both_there() -> None:
    first = found(0.9, 0.8, 0.7, np.nan)
    second = found(0.5, 0.5, np.nan, 0.5)
    (row,) = claim_rows({"more": CLAIM | {"says": "more"}}, lines(first, second), 0.95)
    assert row.value == 0.35 and row.n_seeds == 2
    # One difference has no interval.
    second = found(0.5, np.nan, np.nan, 0.5)
    assert not claim_rows({"more": CLAIM | {"says": "more"}}, lines(first, second), 0.95)
