"""Rates of false discoveries over claims whose p-values are known."""

from __future__ import annotations

import pytest

from recmia.experiments.discoveries import assessed, p_value, sentence
from recmia.experiments.rows import Row

Z = 1.959964  # half the width of a 95% interval, in standard deviations


def claim(key: str, value: float, deviation: float, verdict: str, k: int = 1, **columns) -> Row:
    limits = {"ci_low": value - Z * deviation, "ci_high": value + Z * deviation}
    given = {"study": "s", "artefact": "Claims", "metric": "difference", "claim": key, "k": k}
    return Row(**given | limits | {"value": value, "verdict": verdict} | columns)


@pytest.mark.parametrize(
    ("value", "deviation", "says", "verdict", "p"),
    [
        (0.1, 0.1, "more", "open", 0.3173),  # one standard deviation, two sides
        (-0.2, 0.1, "less", "confirmed", 0.0455),  # two
        (0.0, 0.1, "more", "open", 1.0),
        (0.1, 0.0, "more", "confirmed", 0.0),
        (0.0, 0.0, "more", "open", 1.0),
        (0.0, 0.01, "equal", "open", 0.0228),  # two to either margin of 0.02, one side
        (-0.01, 0.01, "equal", "open", 0.1587),  # one to the nearer
        (0.04, 0.01, "equal", "open", 0.9772),  # two beyond it
        (0.05, 0.01, "equal", "refuted", 0.0027),  # three beyond it, two sides
    ],
)
def test_p_values_by_hand(value, deviation, says: str, verdict: str, p: float) -> None:
    assert p_value(claim("c", value, deviation, verdict), says) == pytest.approx(p, abs=2e-4)


def test_the_level_gives_the_width() -> None:
    narrow = claim("c", 0.1, 0.1 * 1.644854 / Z, "open")  # a 90% interval, one deviation away
    assert p_value(narrow, "more", 0.9) == pytest.approx(0.3173, abs=2e-4)


def test_rates_and_chance_by_hand() -> None:
    rows = [
        claim("up", 0.3, 0.1, "confirmed", 1),  # p 0.0027
        claim("up", -0.2, 0.1, "refuted", 2),  # p 0.0455
        claim("up", 0.1, 0.1, "open", 3),  # p 0.317
        claim("same", 0.0, 0.01, "confirmed", 4),  # p 0.0228
        claim("up", 0.9, 0.0, "degenerate", 5, degenerate=1),
        claim("up", 0.9, 0.0, "open", 6, ci_low=None, ci_high=None),
        claim("up", 0.9, 0.0, "confirmed", 7, artefact="Leak"),
        claim("up", 0.9, 0.1, "open", 8, interval="range over draws"),
    ]
    found = assessed(rows, {("s", "same"): "equal", ("s", "up"): "more"})
    assert [one.row.k for one in found] == [1, 2, 3, 4]
    # Benjamini and Hochberg: p times 4 over its rank, or what a later one has if that is less.
    q = [0.0027 * 4, 0.0455 * 4 / 3, 0.3173, 0.0228 * 4 / 2]
    assert [one.q for one in found] == pytest.approx(q, abs=5e-4)
    assert [one.kept for one in found] == [True, False, False, True]
    said = sentence(found)
    assert "2 of 2 claims that were confirmed and 0 of 1 claims that were refuted are kept" in said
    # Three say more: 2.5% of them lie above by chance, and as many below.
    assert "confirm 0.1 and refute 0.1 of the 3 that say more or less" in said
    assert assessed(rows[4:], {}) == []


def test_a_rate_below_the_limit_without_a_verdict_is_not_kept() -> None:
    (one,) = assessed([claim("same", 0.02, 0.001, "open")], {})
    assert one.q < 0.05 and not one.kept
