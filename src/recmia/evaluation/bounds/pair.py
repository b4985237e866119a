"""ε from one pair of true and false positive rates."""

from __future__ import annotations

import numpy as np

from recmia.evaluation.bounds.checks import check_delta
from recmia.evaluation.bounds.outcomes import Outcome


def pair_epsilon(
    outcome: Outcome, *, error: float, delta: float = 0.0, one_sided: bool = False
) -> float:
    """Largest ε that an attack's rates refute, with limits in place of the rates.

    (ε, δ)-differential privacy asks TPR <= e^ε FPR + δ of every attack (Kairouz et al. 2015,
    theorem 2.1), and the same of the attack that guesses the opposite: TNR <= e^ε FNR + δ. Both
    use the same two limits (Jagielski et al. 2020; Nasr et al. 2021), so the error is divided
    among thresholds and kinds of mistakes only, see :meth:`Outcome.limits`.

    Args:
        outcome: counts of independent trials.
        error: probability that the bound is too high, such as 0.05.
        delta: δ.
        one_sided: only the first of the two inequalities, as some papers have it.

    Returns:
        ε >= 0, the largest over thresholds.

    Raises:
        DataError: an error or a δ that cannot be.
    """
    check_delta(delta)
    misses, alarms = outcome.limits(error)
    sides = [(misses, alarms)] if one_sided else [(misses, alarms), (alarms, misses)]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = [np.log(1 - first - delta) - np.log(second) for first, second in sides]
    # A limit that leaves nothing beyond δ gives the logarithm of a negative number: no bound.
    return float(np.fmax.reduce([0.0, *np.concatenate(found)]))
