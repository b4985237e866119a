"""Rates of guesses as counted; dispersion and overlap by hand; parts of the sessions."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from recmia.evaluation.intervals import evaluate
from recmia.evaluation.measurement import Measurement, ScoredUnits
from recmia.evaluation.metrics import HARD_LABEL_AUC
from recmia.evaluation.proportions import binomial_interval
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
from recmia.seeds import generator
from recmia.sessions import Sessions


def test_rates_and_the_balanced_accuracy_of_many_units_are_those_of_the_bootstrap():
    draw, n = np.random.default_rng(0), 4000
    member = draw.random(n) < 0.5
    guessed = (draw.random((n, 2)) < 0.3).astype(np.int8)
    found = rates([(guessed, member, np.arange(n) // 2)], level=0.95)
    for column in range(2):
        units = ScoredUnits(guessed[:, column].astype(float), member, np.arange(n) // 2, 0.5)
        whole = {
            one.metric: one for one in evaluate([units], repeats=2000, level=0.95, seed=column)
        }
        for ours, theirs in ((BALANCED_ACCURACY, HARD_LABEL_AUC), (TPR, "recall")):
            ours, theirs = found[column][ours], whole[theirs]
            limits = (theirs.ci_low, theirs.ci_high)
            assert np.isclose(ours.value, theirs.value)
            assert np.allclose((ours.ci_low, ours.ci_high), limits, atol=0.004), (ours, theirs)
    assert np.isclose(found[0][FPR].value, guessed[~member, 0].mean())


def test_one_target_of_single_sessions_has_the_exact_limits():
    guessed = np.zeros((3001, 2), dtype=np.int8)
    guessed[:31, 0] = 1
    member = np.arange(3001) < 1
    found = rates([(guessed, member, np.arange(3001))], level=0.95)
    exact = binomial_interval(30, 3000, 0.95)
    assert np.allclose((found[0][FPR].ci_low, found[0][FPR].ci_high), exact, rtol=0.01)
    assert (found[1][FPR].ci_low, found[1][FPR].ci_high) == binomial_interval(0, 3000, 0.95)


def test_copies_of_a_session_are_no_more_sessions():
    draw, n = np.random.default_rng(2), 600
    guessed = (draw.random((n, 1)) < 0.1).astype(np.int8)
    member, unit = np.arange(n) < 200, np.arange(n)
    single = rates([(guessed, member, unit)], level=0.95)[0][FPR]
    copies = [np.repeat(part, 3, axis=0) for part in (guessed, member, unit)]
    assert np.allclose(astuple(rates([copies], level=0.95)[0][FPR])[1:4], astuple(single)[1:4])
    # The same guesses under each of several targets say no more than under one.
    again = rates([(guessed, member, unit)] * 3, level=0.95)[0][FPR]
    assert np.allclose((again.ci_low, again.ci_high), (single.ci_low, single.ci_high), rtol=0.02)


def test_whom_an_attack_cannot_score_does_not_count():
    guessed = np.array([[1], [0], [-1], [1], [0], [-1]], dtype=np.int8)
    member = np.array([True, True, True, False, False, False])
    found = rates([(guessed, member, np.arange(6))], level=0.95)[0]
    assert found[TPR].value == found[FPR].value == 0.5


@pytest.mark.parametrize(
    ("sessions", "targets", "accusable", "spread"),
    [
        (600, 1, 1.0, 0.0),  # three false positives: the fewest that a claim at 1% allows
        (20_000, 1, 1.0, 0.0),
        (4000, 2, 1.0, 0.25),
        (4000, 3, 0.15, 0.25),
        (4000, 9, 1.0, 0.0),
        (4000, 9, 0.15, 0.25),  # as the study's: sessions and targets differ in their rates
    ],
)
def test_a_planted_rate_is_measured_within_its_interval(sessions, targets, accusable, spread):
    """Each of 100 draws has sessions, coins, targets and guesses of its own; the rate is 1%."""
    held, reach, values = 0, [], []
    for number in range(100):
        draw = generator(number, "planted rate", sessions, targets)
        able = draw.random((sessions, 1)) < accusable
        rate = 0.01 / accusable * np.exp(spread * draw.normal(size=targets) - spread**2 / 2)
        guessed = (draw.random((sessions, targets)) < able * rate).astype(np.int8)
        member = draw.random((sessions, targets)) < 0.5
        unit = np.arange(sessions)
        runs = [(guessed[:, [t]], member[:, t], unit) for t in range(targets)]
        fpr = rates(runs, level=0.95)[0][FPR]
        held += fpr.ci_low <= 0.01 <= fpr.ci_high
        reach.append(fpr.ci_high - fpr.ci_low)
        values.append(fpr.value)
    assert held >= 90
    # And not by being endless: half of them are at most twice as long as they would have to be.
    assert targets == 2 or np.median(reach) < 2 * 3.92 * np.std(values)


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
