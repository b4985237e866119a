"""From scores of canaries to guesses: whom to guess, whom to abstain from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recmia.errors import DataError
from recmia.evaluation.metrics import checked
from recmia.seeds import generator


@dataclass(frozen=True)
class Guesses:
    """Guesses on canaries and the bound that they give.

    Attributes:
        canaries: m.
        guesses: r, how many were not abstained from.
        right: v.
        bound: ε (or μ), 0 where nothing is proved.
    """

    canaries: int
    guesses: int
    right: int
    bound: float


def right_guesses(
    scores: np.ndarray, membership: np.ndarray, *, top: int, bottom: int, seed: int
) -> int:
    """Guess the highest scores in and the lowest out; how many of these guesses are right.

    Steinke et al. (2023), algorithm 1, with k₊ and k₋. Equal scores come in an order drawn at
    random: that of the rows could tell who is a member.

    Args:
        scores: float [m], higher is more likely a member.
        membership: bool [m], the coins.
        top: k₊, guessed members.
        bottom: k₋, guessed non-members.
        seed: root of the order of equal scores.

    Raises:
        DataError: see :func:`recmia.evaluation.metrics.checked`, or more guesses than canaries.
    """
    return _right(_by_score(scores, membership, seed), top, bottom)


def _by_score(scores: np.ndarray, membership: np.ndarray, seed: int) -> np.ndarray:
    """Membership, bool [m], of the lowest score first; equal scores in an order drawn at random."""
    scores, membership = checked(scores, membership)
    order = generator(seed, "bounds", "ties").permutation(len(scores))
    return membership[order[np.argsort(scores[order], kind="stable")]]


def _right(rising: np.ndarray, top: int, bottom: int) -> int:
    m = len(rising)
    if top < 0 or bottom < 0 or top + bottom > m:
        raise DataError(f"{top} + {bottom} guesses on {m} canaries.")
    return int(rising[m - top :].sum() + (~rising[:bottom]).sum())


def best_guesses(
    scores: np.ndarray,
    membership: np.ndarray,
    numbers: Sequence[int],
    bound: Callable[..., float],
    *,
    error: float,
    seed: int,
) -> Guesses:
    """The best bound over numbers of guesses that were chosen beforehand; error divided among them.

    Half of the guesses are "in", by the highest scores, half "out", by the lowest; an odd one is
    "in". With one number nothing is divided. More numbers cost little: with k of them each bound is
    that of ``error`` / k.

    Args:
        scores: float [m], higher is more likely a member.
        membership: bool [m], independent fair coins.
        numbers: of guesses r; chosen without looking at these coins.
        bound: of (m, r, v, error=), such as :func:`.one_run.one_run_epsilon` with its δ fixed by
            `functools.partial`.
        error: probability that the bound is too high.
        seed: root of the order of equal scores.

    Returns:
        Of the largest bound; of equal ones the first number's.

    Raises:
        DataError: no number, or what :func:`right_guesses` and the bound raise.
    """
    if not len(numbers):
        raise DataError("There is no number of guesses to make.")
    tried, rising = [], _by_score(scores, membership, seed)
    for number in numbers:
        top = (number + 1) // 2
        right = _right(rising, top, number - top)
        found = bound(len(rising), number, right, error=error / len(numbers))
        tried.append(Guesses(len(rising), number, right, found))
    return max(tried, key=lambda one: one.bound)
