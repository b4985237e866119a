"""Scores that say the same of almost everybody, and who has the highest."""

import numpy as np
import pytest

from recmia.audit.answer import Words, answer, folded, not_measured
from recmia.audit.riskiest import riskiest
from recmia.audit.ties import ties
from recmia.evaluation.verdict import LEAK, NONE_FOUND, OPEN, UNEQUAL

HOW = {"level": 0.95, "seed": 0}
WORDS = Words(
    many="users",
    outsiders="users outside",
    members="inside",
    rare="one in a hundred is inside",
    threshold="a threshold",
    blind={"a": "rule a", "b": "rule b"},
    unequal={"a": "mend a", "b": "mend b"},
    next_steps={LEAK: ("leak",), NONE_FOUND: ("more",), OPEN: ("open",)},
    tied="look at the scores",
)
APART = {"most_common_share": 0.01, "degenerate": False}


def baseline(low: float, high: float) -> dict:
    return {"roc_auc": (low + high) / 2, "interval": [low, high]}


def test_ties_by_hand() -> None:
    assert ties(np.r_[np.zeros(95), np.arange(1, 6)]) == {
        "most_common_share": 0.95, "degenerate": True,
    }  # fmt: skip
    assert ties(np.arange(10.0)) == {"most_common_share": 0.1, "degenerate": False}
    assert ties(np.empty(0)) == {"most_common_share": 0.0, "degenerate": False}


def test_the_riskiest_tenth_by_hand() -> None:
    scores = np.arange(100.0)
    member = np.where(scores >= 92, 1, 0)
    member[91] = -1  # not known
    traits = {"length": scores // 10, "flat": np.full(100, 4.0)}
    found = riskiest(scores, traits, member, **HOW)
    assert found["count"] == 10
    length = found["traits"]["length"]
    assert (length["value"], length["everybody"], length["direction"]) == (9, 4.5, "higher")
    assert found["traits"]["flat"]["direction"] == "open"
    assert (found["members"]["known"], found["members"]["value"]) == (9, pytest.approx(8 / 9))
    assert riskiest(scores, traits, None, **HOW)["members"] is None
    lower = riskiest(-scores, traits, member, **HOW)["traits"]["length"]
    assert (lower["value"], lower["direction"]) == (0, "lower")


def test_nobody_is_riskiest_where_the_tenth_is_like_the_rest() -> None:
    assert riskiest(np.r_[np.ones(5), np.zeros(95)], {}, None, **HOW) is None


@pytest.mark.parametrize(
    ("limits", "a", "b", "verdict", "rests_on"),
    [
        ((0.7, 0.8), (0.45, 0.55), (0.46, 0.54), LEAK, "a"),
        ((0.7, 0.8), (0.45, 0.55), (0.65, 0.75), UNEQUAL, "b"),
        ((0.7, 0.8), (0.25, 0.35), (0.46, 0.54), UNEQUAL, "a"),  # told by low values
        ((0.7, 0.8), (0.45, 0.75), (0.46, 0.54), OPEN, "a"),
        ((0.45, 0.6), (0.45, 0.55), (0.46, 0.54), NONE_FOUND, "a"),
    ],
)
def test_the_most_cautious_baseline_decides(limits, a, b, verdict, rests_on) -> None:
    found = answer(0.5, limits, {"a": baseline(*a), "b": baseline(*b), "c": None}, APART, {}, WORDS)
    assert (found["verdict"], found["baseline"]) == (verdict, rests_on)
    assert found["severity"] is None and found["degenerate"] is None
    assert (found["next_steps"] == [f"mend {rests_on}"]) == (verdict == UNEQUAL)


def test_a_baseline_below_one_half_is_turned() -> None:
    assert folded(baseline(0.2, 0.3)) == pytest.approx((0.75, 0.7, 0.8))


def test_degenerate_scores_rule_nothing_out() -> None:
    tied = {"most_common_share": 0.95, "degenerate": True}
    found = answer(0.5, (0.49, 0.51), {"a": baseline(0.4, 0.6)}, tied, {}, WORDS)
    assert found["verdict"] == OPEN and "would look the same" not in found["why"]
    assert found["degenerate"] == "Degenerate: 95% of the users have one and the same score."
    assert found["next_steps"] == ["look at the scores"]
    assert "95%" in not_measured("unknown", tied, WORDS)["degenerate"]
