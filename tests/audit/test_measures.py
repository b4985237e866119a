"""What an audit reports, against values worked out by hand or published elsewhere."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from recmia.attacks.biased_mia import units_a_step
from recmia.audit.measures import epsilon_lower_bound, noise_floor
from recmia.audit.scoring import popular_share
from recmia.audit.sides import Side
from recmia.evaluation.ensembles import evaluate_mean_score
from recmia.evaluation.intervals import evaluate
from recmia.evaluation.measurement import ScoredUnits
from recmia.evaluation.metrics import roc_auc


def test_noise_floor_by_hand() -> None:
    """One member and one non-member: variance 3 / 12, half a unit wide; 100 and 100: 0.0409."""
    assert noise_floor(np.array([True, False]), 0.95) == [0.0, 1.0]
    low, high = noise_floor(np.arange(200) < 100, 0.95)
    assert high - 0.5 == pytest.approx(1.96 * (201 / 120_000) ** 0.5, rel=1e-4)
    assert low + high == pytest.approx(1)


def test_noise_floor_holds_the_area_of_random_scores() -> None:
    draw = np.random.default_rng(0)
    membership = np.arange(120) < 50
    low, high = noise_floor(membership, 0.9)
    inside = np.mean([low <= roc_auc(draw.random(120), membership) <= high for _ in range(600)])
    assert inside == pytest.approx(0.9, abs=0.04)


def test_epsilon_by_the_rule_of_zero_counts() -> None:
    """All of 100 found, none of 100 accused: limits 0.025 ** (1 / 100) and one minus that."""
    membership = np.arange(200) < 100
    limit = 0.025 ** (1 / 100)
    expected = log(limit / (1 - limit))
    assert epsilon_lower_bound(membership, membership, 0.95) == pytest.approx(expected)
    assert epsilon_lower_bound(~membership, membership, 0.95) == 0
    assert epsilon_lower_bound(np.zeros(200, bool), membership, 0.95) == 0
    assert epsilon_lower_bound(np.ones(200, bool), membership, 0.95) == 0


def test_epsilon_of_randomised_response_is_not_exceeded() -> None:
    """Guesses that are right with odds e^1 are 1-private; the bound lies below 1, near it."""
    draw = np.random.default_rng(0)
    membership = np.arange(20_000) < 10_000
    right = draw.random((200, 20_000)) < np.e / (1 + np.e)
    bounds = [epsilon_lower_bound(membership == row, membership, 0.95) for row in right]
    assert np.mean(np.array(bounds) > 1) <= 0.05
    assert np.mean(bounds) > 0.9


def test_mean_score_of_one_seed_is_the_ordinary_evaluation() -> None:
    draw = np.random.default_rng(0)
    membership = np.arange(400) < 150
    scores = draw.normal(size=400) + membership
    options = {"repeats": 400, "level": 0.95, "seed": 0}
    ours = evaluate_mean_score(scores[None], membership, 0.5, **options)
    units = ScoredUnits(scores, membership, np.arange(400), 0.5)
    theirs = evaluate([units], **options)
    for one, other in zip(ours, theirs, strict=True):
        assert one.metric == other.metric and one.value == other.value
        # Other draws of the same distribution.
        assert one.ci_low == pytest.approx(other.ci_low, abs=0.02)
        assert one.ci_high == pytest.approx(other.ci_high, abs=0.02)


def test_seeds_that_disagree_widen_the_interval() -> None:
    draw = np.random.default_rng(0)
    membership = np.arange(400) < 200
    good, noise = membership + draw.normal(size=400), draw.normal(size=(2, 400))
    options = {"repeats": 400, "level": 0.95, "seed": 0, "fprs": ()}
    alike = evaluate_mean_score(np.stack([good] * 3), membership, 0.5, **options)[0]
    apart = evaluate_mean_score(np.stack([good, *noise]), membership, 0.5, **options)[0]
    assert apart.ci_high - apart.ci_low > 1.5 * (alike.ci_high - alike.ci_low)


def test_popular_share_by_hand() -> None:
    """Shadow non-members see items 1 and 2; of the target's lists 0, half and all are others."""

    def side(items, lengths, membership) -> Side:
        offsets = np.r_[0, np.cumsum(lengths)]
        items = np.array(items, dtype=np.int32)
        return Side(
            None, items, offsets, items, offsets, membership, None, {}, {}
        )  # fmt: skip

    shadow = side([1, 2, 2, 1, 7, 8], [2, 2, 2], np.array([False, False, True]))
    target = side([2, 1, 1, 7, 7, 8, 9], [2, 2, 3], None)
    assert popular_share(shadow, target).tolist() == [0, 0.5, 1]


def test_steps_are_single_below_20_000_users() -> None:
    assert [units_a_step(n) for n in (10, 19_999, 20_000, 1_000_000)] == [1, 1, 2, 20]
