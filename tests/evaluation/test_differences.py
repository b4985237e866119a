"""Differences between two attacks: pairing narrows, the interval covers, order does not matter."""

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.evaluation.differences import evaluate_difference
from recmia.evaluation.intervals import evaluate
from recmia.evaluation.measurement import ScoredUnits

HOW = {"repeats": 300, "level": 0.95, "seed": 0}
MEMBER = np.arange(600) < 300


def units(scores: np.ndarray, groups: np.ndarray | None = None) -> ScoredUnits:
    own = np.arange(600) if groups is None else groups
    return ScoredUnits(scores, MEMBER, own, float("inf"))


def test_values_are_differences_of_the_metrics() -> None:
    draw = np.random.default_rng(0)
    one, other = (units(draw.normal(size=600) + shift * MEMBER) for shift in (0.5, 1.5))
    found = evaluate_difference(one, other, paired=True, **HOW)
    assert [each.metric for each in found] == ["ROC AUC", "TPR at 1% FPR"]
    for each in found:
        first, second = (
            {m.metric: m.value for m in evaluate([side], **HOW)}[each.metric]
            for side in (one, other)
        )
        assert each.value == pytest.approx(first - second)
        assert each.ci_low < each.value < each.ci_high
    assert found[0].ci_high < 0
    back = evaluate_difference(other, one, paired=True, **HOW)[0]
    assert (back.ci_low, back.ci_high) == pytest.approx((-found[0].ci_high, -found[0].ci_low))


def test_pairing_cancels_what_both_share() -> None:
    draw = np.random.default_rng(0)
    shared = draw.normal(size=600) + MEMBER
    one, other = (units(shared + draw.normal(0, 0.1, 600)) for _ in range(2))
    widths = []
    for paired in (True, False):
        area = evaluate_difference(one, other, paired=paired, **HOW)[0]
        assert area.ci_low < 0 < area.ci_high
        widths.append(area.ci_high - area.ci_low)
    assert widths[0] < 0.5 * widths[1]
    same = evaluate_difference(one, one, paired=True, **HOW)[0]
    assert same.ci_low == same.value == same.ci_high == 0


@pytest.mark.parametrize("paired", [True, False])
def test_the_interval_holds_no_change_as_often_as_it_says(paired: bool) -> None:
    draw = np.random.default_rng(1)
    held = []
    for _ in range(150):
        shared = draw.normal(size=600) if paired else 0
        sides = [units(shared + draw.normal(size=600) + 0.7 * MEMBER) for _ in range(2)]
        area = evaluate_difference(*sides, paired=paired, **HOW | {"repeats": 200})[0]
        held.append(area.ci_low <= 0 <= area.ci_high)
    assert np.mean(held) >= 0.89


def test_pairs_must_be_pairs() -> None:
    one = units(np.zeros(600))
    other = ScoredUnits(np.zeros(600), ~MEMBER, np.arange(600), 0.0)
    with pytest.raises(DataError, match="same units"):
        evaluate_difference(one, other, paired=True, **HOW)
