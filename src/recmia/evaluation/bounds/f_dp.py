"""μ and ε from the guesses of one training run, for mechanisms of a known trade-off curve.

Source: Mahloujifar, Melis and Chaudhuri, "Auditing f-Differential Privacy in One Run" (ICML 2025).
"""

from __future__ import annotations

from scipy.special import ndtr, ndtri

from recmia.evaluation.bounds.checks import check_delta, check_error, check_guesses
from recmia.evaluation.bounds.gaussian import gaussian_epsilon

_PRECISE = 1e-11  # relative width of the interval that μ is found in


def refutes(canaries: int, guesses: int, right: int, *, mu: float, error: float) -> bool:
    """Whether so many right guesses have a probability below ``error`` under every μ-GDP mechanism.

    Mahloujifar et al. (2025), algorithm 3 with two answers to guess from: from R = s v/m and
    H = s (r - v)/m, with error s, for i = v - 1 down to 0

        H' = max(H, Φ(Φ⁻¹(R) - μ)),  R += i / (r - i) (H' - H),  H = H';

    refuted where R + H ends above r/m. Both only grow, and once H stays nothing moves any more, so
    that the loop ends after some hundreds of rounds even for 100,000 canaries. R never is smaller
    than s v/m, and a Φ too small for a float is far from deciding: no logarithms are needed.

    Args:
        canaries: m, each in the training data by a fair coin of its own.
        guesses: r.
        right: v.
        mu: of Gaussian differential privacy, 1/σ.
        error: s.
    """
    reached = error * right / canaries
    tail = error * (guesses - right) / canaries
    for i in range(right - 1, -1, -1):
        grown = ndtr(ndtri(reached) - mu)
        if grown <= tail:
            break
        reached += i / (guesses - i) * (grown - tail)
        tail = grown
        if reached + tail > guesses / canaries:
            break
    return reached + tail > guesses / canaries


def one_run_mu(canaries: int, guesses: int, right: int, *, error: float) -> float:
    """Largest μ that the guesses of one run refute.

    The recursion is not tight without abstention: where all canaries are guessed it stops at once
    for μ above Φ⁻¹(s v/m) - Φ⁻¹(s (r - v)/m), however many canaries there are. It is meant for few
    guesses that are nearly all right.

    Args:
        canaries: m, each in the training data by a fair coin of its own.
        guesses: r, chosen before the coins were looked at.
        right: v, right guesses.
        error: probability that the bound is too high.

    Returns:
        μ >= 0; 0 where not even μ = 0 is refuted.

    Raises:
        DataError: counts or an error that cannot be.
    """
    check_guesses(canaries, guesses, right)
    check_error(error)

    def refuted(mu: float) -> bool:
        return refutes(canaries, guesses, right, mu=mu, error=error)

    if not refuted(0.0):
        return 0.0
    low, high = 0.0, 1.0
    while refuted(high):
        low, high = high, 2 * high
    while high - low > _PRECISE * high:
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low


def one_run_f_dp_epsilon(
    canaries: int, guesses: int, right: int, *, error: float, delta: float
) -> float:
    """ε at δ of the largest μ that the guesses of one run refute.

    A bound on ε for mechanisms whose curve is Gaussian; :func:`.one_run.one_run_epsilon` holds for
    all. See :func:`one_run_mu` and :func:`recmia.evaluation.bounds.gaussian.gaussian_epsilon`.

    Raises:
        DataError: counts, an error or a δ that cannot be.
    """
    check_delta(delta, positive=True)
    return gaussian_epsilon(one_run_mu(canaries, guesses, right, error=error), delta)
