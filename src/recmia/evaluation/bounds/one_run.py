"""ε from the guesses of one training run.

Source: Steinke, Nasr and Jagielski, "Privacy Auditing with One (1) Training Run" (NeurIPS 2023).
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import beta, binom

from recmia.evaluation.bounds.checks import check_delta, check_error, check_guesses


def one_run_p_value(
    canaries: int, guesses: int, right: int, *, epsilon: float, delta: float
) -> float:
    """Largest probability of at least that many right guesses under (ε, δ)-differential privacy.

    Each guess is right with probability σ(ε) at most, whatever the others: β = P[B >= v] with
    B ~ Bin(r, σ(ε)); δ adds 2mδ max_i (P[B >= v - i] - β) / i (Steinke et al. 2023, theorem 5.2
    and appendix D).

    Args:
        canaries: m, each in the training data by a fair coin of its own.
        guesses: r, the rest being abstained from.
        right: v, right guesses.
        epsilon: ε.
        delta: δ.

    Returns:
        At most 1.

    Raises:
        DataError: counts or a δ that cannot be.
    """
    check_guesses(canaries, guesses, right)
    check_delta(delta)
    share = expit(epsilon)
    tail = binom.sf(right - 1, guesses, share)
    if delta == 0 or right == 0:
        return float(tail)
    # The mean of P[B = v - 1], P[B = v - 2], ... is largest beside the mode, where that is below v:
    # further down each is smaller than the mean so far. Sums, for differences of tails lose digits.
    mode, deviation = guesses * share, np.sqrt(guesses * share * (1 - share))
    last = max(0, min(right - 1, int(mode - 10 * deviation - 50)))
    means = np.cumsum(binom.pmf(np.arange(right - 1, last - 1, -1), guesses, share))
    worst = np.max(means / np.arange(1, right - last + 1))
    return float(min(tail + 2 * canaries * delta * worst, 1.0))


def one_run_epsilon(
    canaries: int, guesses: int, right: int, *, error: float, delta: float = 0.0
) -> float:
    """Largest ε that the guesses of one run refute: that of p-value ``error``.

    With δ = 0 it is the logit of the Clopper-Pearson limit of the share of right guesses. A δ only
    raises p-values, so that the answer lies below; there, as long as ``error`` is below one half,
    more right guesses are needed than a private mechanism gives on average, and the p-value rises
    with ε.

    Args:
        canaries: m, each in the training data by a fair coin of its own.
        guesses: r, chosen before the coins were looked at.
        right: v, right guesses.
        error: probability that the bound is too high, such as 0.05.
        delta: δ.

    Returns:
        ε >= 0; 0 where not even ε = 0 is refuted.

    Raises:
        DataError: counts, an error or a δ that cannot be.
    """
    check_guesses(canaries, guesses, right)
    check_error(error)
    check_delta(delta)
    if right == 0:
        return 0.0
    highest = float(logit(beta.ppf(error, right, guesses - right + 1)))
    if highest <= 0 or delta == 0:
        return max(highest, 0.0)

    def excess(epsilon: float) -> float:
        return one_run_p_value(canaries, guesses, right, epsilon=epsilon, delta=delta) - error

    if excess(0.0) >= 0:
        return 0.0
    if excess(highest) <= 0:  # a δ so small that it is lost in rounding
        return highest
    return float(brentq(excess, 0.0, highest, xtol=1e-12))
