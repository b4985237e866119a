"""Exact limits of a proportion."""

from __future__ import annotations

from scipy.stats import beta


def binomial_interval(successes: float, trials: float, level: float) -> tuple[float, float]:
    """Exact (Clopper and Pearson 1934) limits of a proportion; (0, 1) without a trial.

    Counts may be means over repeats of one attack: the limits then are those of one attack, for
    repeats on the same users do not make more users.

    Args:
        successes: at most ``trials``.
        trials: 0 or more.
        level: coverage, such as 0.95; each limit is passed with half of the rest at most.
    """
    tail = (1 - level) / 2
    low = beta.ppf(tail, successes, trials - successes + 1) if successes > 0 else 0.0
    high = beta.ppf(1 - tail, successes + 1, trials - successes) if successes < trials else 1.0
    return float(low), float(high)
