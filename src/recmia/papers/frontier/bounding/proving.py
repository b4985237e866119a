"""Rows of lower bounds on ε, from the scores and coins of any game.

For a game of one's own make a `recmia.papers.frontier.bounding.turns.Turn` a model, by hand or by
the function `turns` there, and call `one_run_rows` and `accounted`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from recmia.errors import DataError
from recmia.evaluation.bounds.f_dp import one_run_f_dp_epsilon
from recmia.evaluation.bounds.gaussian import gaussian_pair_epsilon
from recmia.evaluation.bounds.guessing import Guesses, best_guesses
from recmia.evaluation.bounds.one_run import one_run_epsilon
from recmia.evaluation.bounds.outcomes import Outcome
from recmia.evaluation.bounds.pair import pair_epsilon
from recmia.experiments.ranges import ranged
from recmia.experiments.rows import CONTROL, Row
from recmia.papers.frontier.bounding.turns import Scored, Turn

EPSILON, GUESSED, RIGHT = "lower bound on ε", "guesses", "right guesses"
ACCOUNTANT, ACCOUNTED = "accountant", "accountant's ε"
ONE_RUN, ONE_RUN_F_DP = "one run", "one run, f-DP"
PAIR, GAUSSIAN = "one pair of rates", "one pair of rates, Gaussian"
FROM_ONE_RUN: dict[str, Callable[..., float]] = {
    ONE_RUN: one_run_epsilon,
    ONE_RUN_F_DP: one_run_f_dp_epsilon,
}
FROM_MANY: dict[str, Callable[..., float]] = {PAIR: pair_epsilon, GAUSSIAN: gaussian_pair_epsilon}
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # of the units, to guess; the rest is left open
WITHOUT_NOISE = "no noise is added: the accountant's ε is ∞"


def guesses_of(share: float, units: int) -> int:
    """The number of guesses that is a share of so many units; at least one."""
    return max(1, round(share * units))


def chosen_share(held: Sequence[Scored], bound: Callable[..., float], error: float) -> float:
    """The share of units to guess that proves most on models other than the one that is bounded.

    A share, not a number, for audits of next items have other units, and more or fewer of them,
    for each model.

    Args:
        held: scores and membership of those models.
        bound: see `recmia.evaluation.bounds.guessing.best_guesses`.
        error: as there.

    Returns:
        One of ``SHARES``.

    Raises:
        DataError: there is no other model.
    """
    if not held:
        raise DataError(
            "The share of units to guess is chosen on other models, and there is none.",
            remedy="train two pairs of models more than the target's",
        )
    proved = [
        np.mean([_guessed(*one, share, bound, error, seed=0).bound for one in held])
        for share in SHARES
    ]
    return SHARES[int(np.argmax(proved))]


def _guessed(
    scores: np.ndarray,
    membership: np.ndarray,
    share: float,
    bound: Callable[..., float],
    error: float,
    seed: int,
) -> Guesses:
    number = guesses_of(share, len(scores))
    return best_guesses(scores, membership, [number], bound, error=error, seed=seed)


def one_run(
    turn: Turn, method: str, *, delta: float, error: float, seed: int
) -> tuple[Guesses, Guesses | None]:
    """What one training proves, and what the same guesses on a model that saw nothing do.

    Args:
        turn: its model in the target's place.
        method: of `FROM_ONE_RUN`.
        delta: δ.
        error: probability that the bound is too high.
        seed: root of the order of equal scores.
    """
    bound = partial(FROM_ONE_RUN[method], delta=delta)
    guess = partial(
        _guessed, membership=turn.membership, share=chosen_share(turn.held, bound, error),
        bound=bound, error=error, seed=seed,
    )  # fmt: skip
    return guess(turn.scores), None if turn.unseen is None else guess(turn.unseen)


def one_run_rows(
    turns: Sequence[Turn],
    columns: Mapping[str, Any],
    *,
    trained: int,
    error: float,
    seed: int,
) -> Iterator[Row]:
    """What each training proves by itself: bound, guesses and right ones by every method.

    Each bound is right with probability 1 - ``error``; the value is their mean over the models, the
    limits are the lowest and the highest of them. δ is 1 / ``trained``.

    Args:
        turns: of each model in the target's place.
        columns: of the rows (study, artefact, dataset, attack, reading, subset, checkpoint); the
            method is their ``variant``. Rows of controls have that reading.
        trained: sessions that a model is trained on.
        error: probability that one bound is too high.
        seed: root of the order of equal scores.
    """
    told = {**columns, "note": f"δ = 1/{trained:,}"}
    for method in FROM_ONE_RUN:
        found = [one_run(t, method, delta=1 / trained, error=error, seed=seed) for t in turns]
        for side, reading in zip(zip(*found, strict=True), (told["reading"], CONTROL), strict=True):
            if None in side:
                continue
            values = {EPSILON: [g.bound for g in side], GUESSED: [g.guesses for g in side]}
            values[RIGHT] = [g.right for g in side]
            for metric, of_models in values.items():
                columns = {**told, "reading": reading, "variant": method, "metric": metric}
                yield ranged(of_models, **columns)


def accounted(columns: Mapping[str, Any], *, trained: int, epsilon: float | None) -> Row:
    """The row beside the bounds: what an accountant says of the training.

    Args:
        columns: see `one_run_rows`; without an attack, for it holds against all.
        trained: sessions that a model is trained on; δ is 1 / ``trained``.
        epsilon: the accountant's ε at this δ; None where the training adds no noise.
    """
    note = f"δ = 1/{trained:,}" + (f"; {WITHOUT_NOISE}" if epsilon is None else "")
    return Row(**columns, note=note, variant=ACCOUNTANT, metric=ACCOUNTED, value=epsilon)


def many_run_rows(
    scores: np.ndarray,
    coins: np.ndarray,
    fixed: int,
    columns: Mapping[str, Any],
    *,
    trained: int,
    error: float,
) -> Iterator[Row]:
    """What many independent trainings prove together: one canary, in or out of each by its coin.

    The first trainings choose the canary and the threshold and are not counted.

    Args:
        scores: float [c, T], higher is more likely a member.
        coins: bool [c, T], independent.
        fixed: trainings that choose.
        columns: see `one_run_rows`.
        trained: sessions that a model is trained on; δ is 1 / ``trained``.
        error: probability that a bound is too high.

    Raises:
        DataError: no canary was both in and out of the trainings that choose, and of the others.
    """
    # Coins alone say nothing of a training's outcome, so that they may be looked at.
    usable = both(coins[:, :fixed]) & both(coins[:, fixed:])
    if not usable.any():
        raise DataError(
            f"No canary was in and out of the first {fixed} trainings, and of the others.",
            remedy="raise bounds.fixed, bounds.trainings or bounds.choices",
        )
    scores, coins = scores[usable], coins[usable]
    canary, threshold = farthest(scores[:, :fixed], coins[:, :fixed])
    counted = Outcome.of(scores[canary, fixed:], coins[canary, fixed:], [threshold])
    right = counted.hits[0] + counted.nonmembers - counted.alarms[0]
    guessed = counted.members + counted.nonmembers
    told = {**columns, "note": f"δ = 1/{trained:,}", "n_seeds": guessed}
    for method, bound in FROM_MANY.items():
        found = {EPSILON: bound(counted, error=error, delta=1 / trained)}
        found |= {GUESSED: guessed, RIGHT: int(right)}
        for metric, value in found.items():
            yield Row(**told, variant=method, metric=metric, value=value)


def both(coins: np.ndarray) -> np.ndarray:
    """bool [c], whether a canary was in some trainings and not in others; of coins bool [c, T]."""
    return coins.any(axis=1) & ~coins.all(axis=1)


def farthest(scores: np.ndarray, coins: np.ndarray) -> tuple[int, float]:
    """The canary that is told best, and where members are told from others.

    Args:
        scores: float [c, T].
        coins: bool [c, T], each canary in some trainings and not in others.

    Returns:
        Number of the canary whose two means are most deviations apart, and their middle.
    """
    inside, outside = (
        np.where(side, scores, 0).sum(axis=1) / side.sum(axis=1) for side in (coins, ~coins)
    )
    spread = (scores - np.where(coins, inside[:, None], outside[:, None])).std(axis=1)
    best = int(((inside - outside) / np.maximum(spread, 1e-9)).argmax())
    return best, float((inside[best] + outside[best]) / 2)
