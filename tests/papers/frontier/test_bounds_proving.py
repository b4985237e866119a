"""Bounds of games with a known truth, and what must not be looked at."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy.special import expit

from recmia.errors import DataError
from recmia.evaluation.bounds.one_run import one_run_epsilon
from recmia.experiments.rows import CONTROL, CORRECTED, Row
from recmia.papers.frontier.bounding.proving import (
    EPSILON,
    FROM_ONE_RUN,
    GUESSED,
    ONE_RUN,
    PAIR,
    RIGHT,
    SHARES,
    accounted,
    chosen_share,
    farthest,
    guesses_of,
    many_run_rows,
    one_run,
    one_run_rows,
)
from recmia.papers.frontier.bounding.turns import Turn

COLUMNS = {"study": "frontier", "artefact": "Bounds", "attack": "x", "reading": CORRECTED}
M = 400


def randomised(epsilon: float, seed: int, m: int = M) -> tuple[np.ndarray, np.ndarray]:
    """Scores that say each coin, but for a lie with probability 1 / (1 + e^ε)."""
    draw = np.random.default_rng(seed)
    coins = draw.random(m) < 0.5
    return np.where(draw.random(m) < expit(epsilon), coins, ~coins).astype(float), coins


def turn(epsilon: float, seed: int, m: int = M) -> Turn:
    """The target, three others, and a model that knows nothing."""
    held = tuple(randomised(epsilon, 1000 * seed + other, m) for other in (1, 2, 3))
    unseen = np.random.default_rng(seed).normal(size=m)
    return Turn(*randomised(epsilon, seed, m), held, unseen)


def of(rows: list[Row], **wanted) -> Row:
    (row,) = [r for r in rows if all(getattr(r, name) == v for name, v in wanted.items())]
    return row


def test_planted_epsilon_is_seldom_exceeded():
    found = [one_run(turn(1.5, s), ONE_RUN, delta=1e-5, error=0.05, seed=s)[0] for s in range(100)]
    bounds = np.array([one.bound for one in found])
    assert (bounds > 1.5).sum() <= 5 and bounds.mean() > 1


@pytest.mark.parametrize("method", FROM_ONE_RUN)
def test_a_model_that_saw_nothing_proves_next_to_nothing(method):
    found = [one_run(turn(4.0, s), method, delta=1e-5, error=0.05, seed=s) for s in range(20)]
    assert sum(unseen.bound > 0.1 for _, unseen in found) <= 3
    assert min(own.bound for own, _ in found) > 2


def test_the_share_to_guess_is_chosen_on_others_alone():
    # Only the outermost scores of the others say anything: few guesses prove most.
    draw = np.random.default_rng(0)
    coins = draw.random(M) < 0.5
    order = draw.permutation(M)
    scores = np.empty(M)
    scores[order] = np.arange(M)
    told = np.abs(scores - (M - 1) / 2) > 0.45 * M
    coins = np.where(told, scores > M / 2, coins)
    bound = partial(one_run_epsilon, delta=0.0)
    share = chosen_share([(scores, coins)], bound, 0.05)
    assert share in SHARES and share <= 0.1
    # What the target's own coins would say is the opposite: all guesses are right.
    own = Turn(coins.astype(float), coins, ((scores, coins),))
    found = one_run(own, ONE_RUN, delta=0.0, error=0.05, seed=0)[0]
    assert found.guesses == guesses_of(share, M)
    with pytest.raises(DataError, match="two pairs of models more"):
        chosen_share([], bound, 0.05)


def test_a_model_may_have_fewer_units_than_those_that_the_share_is_chosen_on():
    coins = np.arange(M) % 2 == 0
    held = coins.astype(float), coins  # told without fault: all of them are guessed
    few = coins[: M // 2 + 1]
    own = Turn(few.astype(float), few, (held,))
    found, _ = one_run(own, ONE_RUN, delta=0.0, error=0.05, seed=0)
    assert found.guesses == found.canaries == M // 2 + 1


def test_rows_of_one_run():
    turns = [turn(3.0, seed) for seed in (1, 2)]
    rows = list(one_run_rows(turns, COLUMNS, trained=2000, error=0.05, seed=0))
    own = of(rows, metric=EPSILON, variant=ONE_RUN, reading=CORRECTED)
    each = [one_run(t, ONE_RUN, delta=1 / 2000, error=0.05, seed=0)[0].bound for t in turns]
    assert own.value == pytest.approx(np.mean(each), rel=1e-5) and own.n_seeds == 2
    assert (own.ci_low, own.ci_high) == pytest.approx((min(each), max(each)), rel=1e-5)
    assert own.note == "δ = 1/2,000"
    assert of(rows, metric=EPSILON, variant=ONE_RUN, reading=CONTROL).value < 0.3 < own.value
    guessed = of(rows, metric=GUESSED, variant=ONE_RUN, reading=CORRECTED).value
    right = of(rows, metric=RIGHT, variant=ONE_RUN, reading=CORRECTED).value
    assert 0.9 * guessed < right <= guessed <= M


def test_without_a_control_there_is_none():
    bare = Turn(*randomised(2.0, 0), (randomised(2.0, 1),))
    rows = list(one_run_rows([bare], COLUMNS, trained=100, error=0.05, seed=0))
    assert {row.reading for row in rows} == {CORRECTED}


def test_many_runs_of_one_canary_by_hand():
    # 2 trainings choose, then 20 with and 20 without; the second canary is told at once.
    coins = np.tile(np.arange(42) % 2 == 0, (2, 1))
    scores = np.stack([np.zeros(42), np.where(coins[1], -1.0, -3.0)])
    scores[1, 2] = -9.0  # one miss
    rows = list(many_run_rows(scores, coins, 2, COLUMNS, trained=100, error=0.05))
    found = of(rows, metric=EPSILON, variant=PAIR)
    assert of(rows, metric=RIGHT, variant=PAIR).value == 39 and found.n_seeds == 40
    from scipy.stats import beta

    misses, alarms = beta.isf(0.025, 2, 19), 1 - 0.025 ** (1 / 20)
    best = max(np.log((0.99 - misses) / alarms), np.log((0.99 - alarms) / misses))
    assert found.value == pytest.approx(best, rel=1e-5)


def test_trainings_that_choose_are_not_counted():
    """A canary that the first trainings tell by chance alone proves nothing in the others."""
    beyond = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        coins, scores = draw.random((50, 60)) < 0.5, draw.normal(size=(50, 60))
        rows = list(many_run_rows(scores, coins, 8, COLUMNS, trained=10**6, error=0.05))
        beyond += of(rows, metric=EPSILON, variant=PAIR).value > 0
    assert beyond <= 5


def test_the_farthest_canary_and_its_middle():
    coins = np.array([[True, True, False, False]] * 3)
    scores = np.array([[5.0, 1.0, 0.0, 4.0], [2.0, 2.2, 1.0, 1.2], [0.0, 0.0, 9.0, 9.0]])
    assert farthest(scores, coins) == (1, pytest.approx(1.6))


def test_canaries_that_were_never_out_cannot_be_used():
    coins = np.ones((3, 10), dtype=bool)
    with pytest.raises(DataError, match="bounds.fixed"):
        list(many_run_rows(np.zeros((3, 10)), coins, 4, COLUMNS, trained=10, error=0.05))


def test_the_accountant_says_a_number_or_why_none():
    without, with_noise = (accounted(COLUMNS, trained=50, epsilon=e) for e in (None, 3.0))
    assert without.value is None and "∞" in without.note
    assert with_noise.value == 3 and with_noise.note == "δ = 1/50"
