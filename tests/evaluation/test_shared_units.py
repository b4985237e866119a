"""Intervals over targets that are about the same sessions: they hold as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.evaluation.intervals import evaluate
from recmia.evaluation.measurement import ScoredUnits
from recmia.evaluation.shared_units import evaluate_shared

HOW = {"repeats": 200, "level": 0.95, "seed": 1}


def game(rng: np.random.Generator, units: int, targets: int, ease: float) -> list[ScoredUnits]:
    """Some units are remembered by every target and the others by none: their scores move by 3.

    All targets find the same units likely, whether they were trained on them or not.
    """
    easy, likely = rng.random(units) < ease, rng.normal(size=units)
    runs = []
    for _ in range(targets):
        coins = rng.random(units) < 0.5
        scores = likely + rng.normal(0, 0.3, units) + 3 * (easy & coins)
        runs.append(ScoredUnits(scores, coins, np.arange(units), 1.5))
    return runs


def test_they_hold_the_truth_where_drawing_apart_does_not():
    rng = np.random.default_rng(3)
    truth = evaluate_shared(game(rng, 200_000, 1, 0.4), **HOW | {"repeats": 2})[0].value
    held = {evaluate: 0, evaluate_shared: 0}
    for _ in range(150):
        runs = game(rng, 120, 8, 0.4)
        for how in held:
            found = how(runs, **HOW)[0]
            held[how] += found.ci_low <= truth <= found.ci_high
    assert held[evaluate_shared] >= 0.91 * 150, held
    assert held[evaluate] < 0.9 * 150, held


def test_the_values_are_those_of_targets_apart():
    runs = game(np.random.default_rng(4), 2000, 3, 0.3)
    apart, shared = (how(runs, **HOW) for how in (evaluate, evaluate_shared))
    assert [m.metric for m in apart] == [m.metric for m in shared]
    assert [m.value for m in shared] == pytest.approx([m.value for m in apart])
    assert all(m.n_seeds == 3 and m.ci_low <= m.value <= m.ci_high for m in shared)


def test_one_target_has_the_interval_of_its_sessions():
    runs = game(np.random.default_rng(5), 3000, 1, 0.3)
    apart, shared = (how(runs, **HOW | {"repeats": 1000})[0] for how in (evaluate, evaluate_shared))
    assert shared.ci_high - shared.ci_low == pytest.approx(apart.ci_high - apart.ci_low, rel=0.15)


def test_units_go_by_their_groups_and_not_by_their_places():
    runs = game(np.random.default_rng(6), 500, 2, 0.3)
    turned = np.random.default_rng(0).permutation(500)
    second = ScoredUnits(
        runs[1].scores[turned], runs[1].membership[turned], runs[1].groups[turned], 1.5
    )
    moved = evaluate_shared([runs[0], second], **HOW)
    for one, other in zip(evaluate_shared(runs, **HOW), moved, strict=True):
        assert (one.value, one.ci_low, one.ci_high) == pytest.approx(
            (other.value, other.ci_low, other.ci_high)
        )


def test_no_run_is_refused_and_equal_scores_are_degenerate():
    with pytest.raises(DataError, match="no run"):
        evaluate_shared([], **HOW)
    flat = ScoredUnits(np.zeros(60), np.arange(60) % 2 == 0, np.arange(60), 0.5)
    assert evaluate_shared([flat], **HOW)[0].degenerate == 1.0
