"""A verdict follows from intervals alone, and its sentences hold the numbers."""

import pytest

from recmia.evaluation.verdict import (
    LEAK,
    NONE_FOUND,
    OPEN,
    UNEQUAL,
    Rate,
    judge,
    largest_missed,
    reason,
    severity,
)


@pytest.mark.parametrize(
    ("attack", "blind", "verdict"),
    [
        ((0.6, 0.7), (0.47, 0.53), LEAK),
        ((0.6, 0.7), (0.55, 0.59), LEAK),
        ((0.6, 0.7), (0.55, 0.60), UNEQUAL),  # touching is not above
        ((0.48, 0.56), (0.55, 0.61), UNEQUAL),
        ((0.50, 0.56), (0.47, 0.49), NONE_FOUND),
        ((0.51, 0.56), (0.47, 0.53), OPEN),
        ((0.51, 0.56), (0.3, 0.4), LEAK),  # a baseline below chance bars nothing
    ],
)
def test_every_case(attack, blind, verdict) -> None:
    assert judge(attack, blind) == verdict
    text = reason(verdict, attack, "a blind rule", "a ROC AUC of 0.555")
    assert ("0.555" in text) == (verdict != NONE_FOUND)


def test_how_small_a_leak_could_be_missed() -> None:
    assert largest_missed((0.48, 0.56)) == 0.56 and largest_missed((0.3, 0.4)) == 0.5
    assert "up to 0.560" in reason(NONE_FOUND, (0.48, 0.56), "", "")


def test_severity_by_hand() -> None:
    """TPR 1/2 and FPR 1/10 at 1%: 0.005 / 0.104; limits at their worst and best."""
    text = severity(
        "a threshold", "users outside", "that were", "one in a hundred was inside",
        Rate(0.1, (0.05, 0.2)), Rate(0.5, (0.4, 0.6)),
    )  # fmt: skip
    assert "Of 1,000 users outside, 100 [50, 200] are accused" in text
    assert "of 1,000 that were, 500 [400, 600] are found" in text
    assert "5% [2%, 11%] of accusations are right" in text
    nobody = Rate(0.0, (0.0, 0.0))
    assert "Nobody was accused" in severity(
        "a threshold", "users", "that were", "one", nobody, nobody
    )
