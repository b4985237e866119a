"""Rates of guesses as counted; dispersion and overlap by hand; parts of the sessions."""

from __future__ import annotations

import numpy as np

from recmia.evaluation.intervals import Measurement, ScoredUnits, evaluate, evaluate_mean
from recmia.evaluation.metrics import HARD_LABEL_AUC
from recmia.papers.frontier.between import dispersion, jaccard_of_members, own_rates
from recmia.papers.frontier.parts import DISTINCT, LONG, POPULAR, RARE, REPEATED, SHORT, parts_of
from recmia.papers.frontier.rates import (
    BALANCED_ACCURACY,
    FPR,
    TPR,
    predictive_value,
    predictive_values,
    rates,
)
from recmia.sessions import Sessions

HOW = {"repeats": 300, "level": 0.95, "seed": 3}


def test_rates_are_those_of_the_bootstrap_of_one_attack():
    draw, runs = np.random.default_rng(0), []
    for _ in range(3):
        member = draw.random(400) < 0.5
        runs.append(((draw.random((400, 2)) < 0.3).astype(np.int8), member, np.arange(400) // 2))
    found = rates(runs, **HOW)
    for column in range(2):
        units = [ScoredUnits(g[:, column].astype(float), m, r, 0.5) for g, m, r in runs]
        whole = {one.metric: one for one in evaluate(units, **HOW)}
        ours, theirs = found[column][BALANCED_ACCURACY], whole[HARD_LABEL_AUC]
        assert np.allclose(
            (ours.value, ours.ci_low, ours.ci_high), (theirs.value, theirs.ci_low, theirs.ci_high)
        )
        assert np.isclose(found[column][TPR].value, whole["recall"].value)
    outside = [(g[~m, 0], r[~m]) for g, m, r in runs]
    assert np.isclose(found[0][FPR].value, evaluate_mean("x", outside, **HOW).value)


def test_whom_an_attack_cannot_score_does_not_count():
    guessed = np.array([[1], [0], [-1], [1], [0], [-1]], dtype=np.int8)
    member = np.array([True, True, True, False, False, False])
    found = rates([(guessed, member, np.arange(6))], **HOW)[0]
    assert found[TPR].value == found[FPR].value == 0.5


def test_a_planted_rate_is_measured_within_its_interval():
    draw, held = np.random.default_rng(5), 0
    member = np.arange(4000) < 1000
    for number in range(100):
        guessed = (draw.random((4000, 1)) < 0.01).astype(np.int8)
        fpr = rates([(guessed, member, np.arange(4000))], **HOW | {"seed": number})[0][FPR]
        held += fpr.ci_low <= 0.01 <= fpr.ci_high
    assert held >= 88  # 95 are expected; fewer than 88 happen in one of 300 times


def test_predictive_value_by_hand():
    assert np.isclose(predictive_value(0.01, 0.5, 0.01), 0.005 / (0.005 + 0.0099))
    assert predictive_value(0.5, 0.0, 0.0) is None
    tpr, fpr = Measurement(TPR, 0.5, 0.4, 0.6, 3), Measurement(FPR, 0.01, 0.0, 0.02, 3)
    worth = predictive_values(tpr, fpr, 0.1)
    assert worth.ci_low == predictive_value(0.1, 0.4, 0.02) and worth.ci_high == 1
    assert worth.metric == "predictive value at a prior of 10%"


def test_overlap_and_dispersion_by_hand():
    members = [np.array([True, True, True, False])] * 2
    called = [np.array([True, True, False, True]), np.array([True, False, True, True])]
    found, chance = jaccard_of_members(called, members, [0, 2])
    assert found == [1 / 3] and np.isclose(chance[0], (4 / 9) / (4 / 3 - 4 / 9))
    assert jaccard_of_members(called, members, [0, 1]) == ([], [])  # complements
    lacking, accused = own_rates(np.array([[1, 1], [0, 1]], bool), np.array([[0, 1], [0, 0]], bool))
    assert lacking.tolist() == [1, 2] and accused.tolist() == [1, 1]
    draw = np.random.default_rng(1)
    alike = draw.binomial(8, 0.05, 20_000)
    assert abs(dispersion(np.full(20_000, 8), alike) - 1) < 0.05
    uneven = np.where(np.arange(20_000) < 1000, 8, 0)
    assert np.isclose(dispersion(np.full(20_000, 8), uneven), 8)
    assert dispersion(np.array([3]), np.array([0])) is None


def test_parts_by_hand():
    clicks = np.array([[3, 4, 0, 0], [3, 4, 3, 0], [5, 3, 4, 3]])
    asked = Sessions(clicks, np.array([2, 3, 4]), np.arange(3))
    population = Sessions(np.array([[3, 4], [3, 4], [3, 3]]), np.full(3, 2), np.arange(3))
    found = parts_of(asked, population, 6)
    assert found[SHORT].tolist() == [True, False, False]
    assert found[LONG].tolist() == [False, False, True]
    assert found[RARE].tolist() == [False, False, True] and POPULAR not in found
    assert found[REPEATED].tolist() == [False, True, True]
    assert (found[DISTINCT] == ~found[REPEATED]).all()
