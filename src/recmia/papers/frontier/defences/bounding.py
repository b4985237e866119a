"""Lower bounds on ε from the game's own coins: each unit of the pool is a canary."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from recmia.evaluation.bounds.f_dp import one_run_f_dp_epsilon
from recmia.evaluation.bounds.guessing import best_guesses
from recmia.evaluation.bounds.one_run import one_run_epsilon
from recmia.papers.frontier import names
from recmia.papers.frontier.bounding.proving import guesses_of
from recmia.papers.frontier.bounding.units import counted
from recmia.storage import read_arrays, write_json

# Shares of the units that are guessed, chosen beforehand; the error is divided among them.
GUESSED = (0.01, 0.05, 0.25, 1.0)
ANY, GAUSSIAN = "any", "gaussian"
BOUNDS = {ANY: one_run_epsilon, GAUSSIAN: one_run_f_dp_epsilon}


def keep_bounds(
    path: Path, scores: Path, *, unit: str, delta: float, error: float, seed: int
) -> None:
    """Write the largest bound over targets, for any mechanism and for Gaussian ones, as JSON.

    One mechanism trained all targets, so that each of them bounds its ε; the error is divided among
    them, and the largest is a bound as well. A user's score is the mean of the sessions'; where a
    session is the unit, those that are identical to another are left out, for they share a coin.

    Args:
        path: of the result.
        scores: of `recmia.papers.frontier.defences.keeping.keep_scores`.
        unit: what ε is about, and has a coin.
        delta: δ.
        error: probability that a bound is too high.
        seed: of the order of equal scores.
    """
    read = read_arrays(scores, [f"{names.MAIN}|scores", "membership", "row_ids"])
    found: dict[str, list[float]] = {name: [] for name in BOUNDS}
    rows = list(zip(*read.values(), strict=True))
    for number, row in enumerate(rows):
        canaries, coins = by_unit(*row, unit)
        guesses = sorted({guesses_of(share, len(coins)) for share in GUESSED})
        for name, bound in BOUNDS.items():
            best = best_guesses(
                canaries, coins, guesses, partial(bound, delta=delta),
                error=error / len(rows), seed=seed + number,
            )  # fmt: skip
            found[name].append(best.bound)
    write_json(path, {name: max(values) for name, values in found.items()})


def by_unit(
    scores: np.ndarray, membership: np.ndarray, groups: np.ndarray, unit: str
) -> tuple[np.ndarray, np.ndarray]:
    """Mean score, float64 [u], and coin, bool [u], of each unit.

    Args:
        scores: float [n].
        membership: bool [n], alike within a unit.
        groups: int64 [n], numbers of units.
        unit: see `recmia.papers.frontier.bounding.units.counted`.
    """
    kept = counted(groups, unit)
    _, number, sizes = np.unique(groups[kept], return_inverse=True, return_counts=True)
    coins = np.zeros(len(sizes), dtype=bool)
    coins[number] = membership[kept]
    return np.bincount(number, weights=scores[kept]) / sizes, coins
