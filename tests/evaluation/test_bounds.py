"""Lower bounds on ε: by hand, by brute force, against jax-privacy, and planted truths."""

from __future__ import annotations

import json
from functools import partial
from math import comb, exp, log

import numpy as np
import pytest
import reference_bounds
from scipy.special import expit, ndtr, ndtri
from scipy.stats import binom

from recmia.errors import DataError
from recmia.evaluation.bounds.f_dp import one_run_f_dp_epsilon, one_run_mu, refutes
from recmia.evaluation.bounds.gaussian import (
    gaussian_epsilon,
    gaussian_mu,
    gaussian_pair_epsilon,
    log_delta,
)
from recmia.evaluation.bounds.guessing import best_guesses, right_guesses
from recmia.evaluation.bounds.one_run import one_run_epsilon, one_run_p_value
from recmia.evaluation.bounds.outcomes import Outcome
from recmia.evaluation.bounds.pair import pair_epsilon

RECORDED = json.loads(reference_bounds.PATH.read_text(encoding="utf-8"))
KINDS = ("pair", "thresholds", "one_run", "f_dp")


def ours(table: dict) -> dict[str, float]:
    """Our bounds on a table, by the names that it has them under."""
    outcome = Outcome(*(table[key] for key in ("members", "nonmembers", "hits", "alarms")))
    both = {"error": table["error"], "delta": table["delta"]}
    made = outcome.hits + outcome.alarms
    one_run = outcome.members + outcome.nonmembers, int(made[0]), int(outcome.hits[0])
    bounds = {
        "pair_epsilon": lambda: pair_epsilon(outcome, **both),
        "one_sided": lambda: pair_epsilon(outcome, one_sided=True, **both),
        "gaussian_pair_epsilon": lambda: gaussian_pair_epsilon(outcome, **both),
        "one_run_epsilon": lambda: one_run_epsilon(*one_run, **both),
        "one_run_f_dp_epsilon": lambda: one_run_f_dp_epsilon(*one_run, **both),
    }
    return {name: bounds[name]() for name in table["bounds"]}


@pytest.mark.parametrize("kind", KINDS)
def test_recorded_bounds_of_jax_privacy(kind) -> None:
    assert len(RECORDED[kind]) == 50
    for table in RECORDED[kind]:
        assert ours(table) == pytest.approx(table["bounds"], abs=1e-6, rel=0), table
    # Tables that prove nothing prove little of the agreement either.
    assert sum(max(table["bounds"].values()) > 0.1 for table in RECORDED[kind]) > 25


@pytest.mark.parametrize("kind", KINDS)
def test_jax_privacy_itself(kind) -> None:
    pytest.importorskip("jax_privacy")
    for table in RECORDED[kind]:
        live = reference_bounds.of_jax_privacy(kind, table)
        assert ours(table) == pytest.approx(live, abs=1e-6, rel=0), table


# One pair of rates.


def test_pair_by_hand() -> None:
    # With all members found and no false alarm, 1 - (error / 2)^(1/n) bounds both mistakes.
    one = Outcome(100, 50, 100, 0)
    fnr, fpr = 1 - 0.025**0.01, 1 - 0.025**0.02
    assert [x.item() for x in one.limits(0.05)] == pytest.approx([fnr, fpr])
    assert pair_epsilon(one, error=0.05, one_sided=True) == pytest.approx(log((1 - fnr) / fpr))
    # The opposite guess does better: there are more members, whose misses are surer to be few.
    assert pair_epsilon(one, error=0.05, delta=0.1) == pytest.approx(log((0.9 - fpr) / fnr))
    assert gaussian_mu(one, error=0.05) == pytest.approx(-ndtri(fpr) - ndtri(fnr))


def test_thresholds_share_the_error() -> None:
    several = Outcome(100, 50, [100, 100, 100], [0, 0, 0])
    assert pair_epsilon(several, error=0.06) == pair_epsilon(Outcome(100, 50, 100, 0), error=0.02)


def test_outcome_counts_ties_as_guessed() -> None:
    scores = np.array([3.0, 2.0, 2.0, 1.0, 2.0])
    found = Outcome.of(scores, np.array([True, True, False, False, False]), [2, 3, 4])
    assert (found.members, found.nonmembers) == (2, 3)
    assert found.hits.tolist() == [2, 1, 0] and found.alarms.tolist() == [2, 0, 0]


def test_no_mistake_may_be_left_and_nothing_proved() -> None:
    for hits, alarms in ((0, 0), (5, 5), (0, 5)):
        table = Outcome(5, 5, hits, alarms)
        proved = pair_epsilon(table, error=0.05, delta=0.5)
        assert proved == gaussian_mu(table, error=0.05) == 0 or hits != alarms
    assert gaussian_mu(Outcome(5, 5, 0, 5), error=0.05) == 0  # wrong, always: proves nothing here


def test_few_units_and_coin_guesses_give_no_mu() -> None:
    """The absolute value of the difference would give 1.3."""
    coin = Outcome(20, 20, 10, 10)
    fnr, fpr = coin.limits(0.05)
    assert abs(-ndtri(fpr) - ndtri(fnr)).item() > 1
    assert gaussian_mu(coin, error=0.05) == 0


# Gaussian.


@pytest.mark.parametrize("mu", [0.01, 0.3, 1, 4, 30])
@pytest.mark.parametrize("delta", [1e-12, 1e-5, 1e-2])
def test_epsilon_of_mu_solves_for_delta(mu, delta) -> None:
    epsilon = gaussian_epsilon(mu, delta)
    if epsilon == 0:
        assert ndtr(mu / 2) - ndtr(-mu / 2) <= delta
    else:
        assert log_delta(mu, epsilon) == pytest.approx(log(delta), abs=1e-9)
    if 0 < epsilon < 600:
        naive = ndtr(-epsilon / mu + mu / 2) - exp(epsilon) * ndtr(-epsilon / mu - mu / 2)
        assert naive == pytest.approx(delta, rel=1e-3, abs=1e-13)


def test_no_mu_no_epsilon() -> None:
    assert gaussian_epsilon(0, 1e-5) == 0
    assert gaussian_epsilon(1e-6, 1e-5) == 0


# One run.


@pytest.mark.parametrize("epsilon", [0, 0.5, 3])
@pytest.mark.parametrize("delta", [0, 1e-3, 0.3])
def test_one_run_p_value_by_brute_force(epsilon, delta) -> None:
    q, r, m = 1 / (1 + exp(-epsilon)), 130, 150
    mass = [comb(r, k) * q**k * (1 - q) ** (r - k) for k in range(r + 1)]
    for right in (0, 1, 60, 66, 80, 124, 130):
        tail = sum(mass[right:])
        extra = [sum(mass[right - i : right]) / i for i in range(1, right + 1)]
        expected = min(1, tail + 2 * m * delta * max(extra, default=0))
        found = one_run_p_value(m, r, right, epsilon=epsilon, delta=delta)
        assert found == pytest.approx(expected, rel=1e-9)


def test_one_run_by_hand() -> None:
    # All of r right: the bound solves σ(ε)^r = error.
    share = 0.05 ** (1 / 40)
    assert one_run_epsilon(99, 40, 40, error=0.05) == pytest.approx(log(share / (1 - share)))
    assert one_run_epsilon(4, 4, 4, error=0.05) == 0  # a coin is right four times with 1/16
    assert one_run_epsilon(9, 5, 5, error=0.05, delta=0.5) == 0


@pytest.mark.parametrize("right", [300, 420, 455, 490, 499, 500])
@pytest.mark.parametrize("delta", [0, 1e-6, 1e-4, 1e-2])
def test_one_run_epsilon_is_where_the_p_value_passes_the_error(right, delta) -> None:
    bound = one_run_epsilon(1000, 500, right, error=0.05, delta=delta)
    grid = np.linspace(0, 12, 300)
    p = np.array([one_run_p_value(1000, 500, right, epsilon=e, delta=delta) for e in grid])
    assert (p[grid < bound - 1e-9] <= 0.05).all() and (p[grid > bound + 1e-9] > 0.05).all()


@pytest.mark.parametrize("guesses", [2, 7, 40])
def test_f_dp_without_privacy_loss_keeps_to_the_binomial_tail(guesses) -> None:
    """At μ = 0 guesses are coins: exact where all are right, never refuted too early elsewhere."""
    for right in range(guesses // 2 + 1, guesses + 1):
        tail = binom.sf(right - 1, guesses, 0.5)
        assert not refutes(guesses, guesses, right, mu=0.0, error=0.999 * tail)
    assert refutes(guesses, guesses, guesses, mu=0.0, error=1.001 * tail)


def test_f_dp_recursion_by_hand() -> None:
    # Two of two: R = s, H = 0; then H = Φ(Φ⁻¹(s) - μ), R = s + H; then H' = Φ(Φ⁻¹(R) - μ).
    error, mu = 0.4, one_run_mu(2, 2, 2, error=0.4)
    first = error + ndtr(ndtri(error) - mu)
    assert first + ndtr(ndtri(first) - mu) == pytest.approx(1, abs=1e-9) and mu > 0.1


def test_more_right_guesses_never_prove_less() -> None:
    for bound in (
        partial(one_run_epsilon, error=0.05, delta=1e-5),
        partial(one_run_f_dp_epsilon, error=0.05, delta=1e-5),
    ):
        found = [bound(2000, 300, right) for right in range(150, 301, 10)]
        assert found == sorted(found) and found[0] == 0 < found[-1]


def test_hundred_thousand_canaries() -> None:
    for right in (50_500, 60_000, 100_000):
        exact = one_run_epsilon(100_000, 100_000, right, error=0.05)
        close = one_run_epsilon(100_000, 100_000, right, error=0.05, delta=1e-9)
        assert close == pytest.approx(exact, abs=0.01) and close <= exact
        assert one_run_mu(100_000, 100_000, right, error=0.05) >= 0


# Guesses and abstention.


def test_guesses_by_hand() -> None:
    scores = np.array([5.0, 4.0, 3.0, 2.0, 1.0, 0.0])
    members = np.array([True, False, True, True, False, False])
    count = partial(right_guesses, scores, members, seed=0)
    assert [count(top=1, bottom=1), count(top=2, bottom=2), count(top=3, bottom=3)] == [2, 3, 4]
    assert count(top=0, bottom=6) == 3 and count(top=0, bottom=0) == 0


def test_equal_scores_do_not_come_in_the_order_of_the_rows() -> None:
    members = np.arange(1000) < 500
    right = [
        right_guesses(np.zeros(1000), rows, top=250, bottom=250, seed=seed)
        for seed in range(5)
        for rows in (members, ~members)
    ]
    assert np.abs(np.array(right) - 250).max() < 60


def test_numbers_of_guesses_share_the_error() -> None:
    rng = np.random.default_rng(0)
    members = rng.random(400) < 0.5
    scores = members + 0.4 * rng.normal(size=400)
    found = best_guesses(scores, members, [400, 100, 101], one_run_epsilon, error=0.06, seed=0)
    alone = [
        one_run_epsilon(
            400,
            r,
            right_guesses(scores, members, top=-(-r // 2), bottom=r // 2, seed=0),
            error=0.02,
        )
        for r in (400, 100, 101)
    ]
    assert found.bound == max(alone) and found.canaries == 400
    assert found.guesses == (400, 100, 101)[int(np.argmax(alone))]


# Planted truths.


@pytest.mark.parametrize("delta", [0.0, 1e-5])
def test_randomised_response_keeps_its_epsilon(delta) -> None:
    """Not drawn but summed over all outcomes: too high a bound in at most 5 of 100 runs."""
    m, counts = 1000, np.arange(500, 1001)
    bounds = np.array([one_run_epsilon(m, m, v, error=0.05, delta=delta) for v in counts])
    for epsilon in (0.1, 0.5, 1, 2, 3, 5):
        mass = binom.pmf(counts, m, expit(epsilon))
        assert 100 * mass[bounds > epsilon].sum() <= 5
        assert epsilon < 0.5 or mass @ bounds > 0.7 * epsilon  # and it is not far below


@pytest.mark.parametrize("epsilon", [0.5, 1, 3])
def test_randomised_response_by_rates(epsilon) -> None:
    rng = np.random.default_rng(1)
    hits, alarms = rng.binomial(2000, expit([[epsilon], [-epsilon]]), (2, 100))
    bounds = [
        pair_epsilon(Outcome(2000, 2000, *x), error=0.05) for x in zip(hits, alarms, strict=True)
    ]
    assert (np.array(bounds) > epsilon).sum() <= 5 and np.mean(bounds) > 0.6 * epsilon


@pytest.mark.parametrize("mu", [0.5, 1, 2])
def test_gaussian_mechanism_keeps_its_mu(mu) -> None:
    rng, delta = np.random.default_rng(2), 1e-5
    truth = gaussian_epsilon(mu, delta)
    found = []
    for draw in range(100):
        members = rng.random(2000) < 0.5
        scores = mu * members + rng.normal(size=2000)
        outcome = Outcome.of(scores, members, np.linspace(-1, 1 + mu, 5))
        numbers = [100, 2000]
        steinke = partial(one_run_epsilon, delta=delta)
        found.append(
            [
                gaussian_mu(outcome, error=0.05) / mu,
                pair_epsilon(outcome, error=0.05, delta=delta) / truth,
                *(
                    best_guesses(scores, members, numbers, bound, error=0.05, seed=draw).bound
                    / scale
                    for bound, scale in ((one_run_mu, mu), (steinke, truth))
                ),
            ]
        )
    found = np.array(found)
    assert ((found > 1).sum(axis=0) <= 5).all()
    assert found[:, 0].mean() > 0.5 and (found[:, 1:].mean(axis=0) > 0.1).all()


def test_coins_prove_nothing() -> None:
    rng, found = np.random.default_rng(3), []
    for draw in range(100):
        members, scores = rng.random(2000) < 0.5, rng.normal(size=2000)
        outcome = Outcome.of(scores, members, [-1, 0, 1])
        found.append(
            [
                pair_epsilon(outcome, error=0.05, delta=1e-5),
                gaussian_mu(outcome, error=0.05),
                *(
                    best_guesses(scores, members, [2000], bound, error=0.05, seed=draw).bound
                    for bound in (one_run_epsilon, one_run_mu)
                ),
            ]
        )
    found = np.array(found)
    assert ((found > 0).sum(axis=0) <= 5).all() and found.max() < 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Outcome(5, 5, 6, 0), "of 5 units"),
        (lambda: Outcome(5, 0, 1, 0), "of 0 units"),
        (lambda: Outcome(5, 5, [], []), "hits"),
        (lambda: Outcome(5, 5, 1, 1).limits(0.5), "error above 0"),
        (lambda: pair_epsilon(Outcome(5, 5, 1, 1), error=0.1, delta=1), "below 1"),
        (lambda: gaussian_epsilon(1, 0), "above 0"),
        (lambda: one_run_epsilon(5, 4, 5, error=0.1), "5 right of 4"),
        (lambda: one_run_epsilon(5, 0, 0, error=0.1), "has to be a guess"),
        (lambda: one_run_mu(5, 6, 5, error=0.1), "6 guesses on 5"),
        (lambda: one_run_f_dp_epsilon(5, 5, 5, error=0.1, delta=0), "above 0"),
        (
            lambda: right_guesses(np.arange(2.0), np.arange(2) > 0, top=2, bottom=1, seed=0),
            "3 guesses|2 \\+ 1",
        ),
        (
            lambda: best_guesses(np.zeros(2), np.arange(2) > 0, [], one_run_mu, error=0.1, seed=0),
            "no number",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, message) -> None:
    with pytest.raises(DataError, match=message):
        call()
