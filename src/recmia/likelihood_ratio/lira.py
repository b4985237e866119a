"""LiRA, the likelihood-ratio attack of Carlini et al. (S&P 2022)."""

from __future__ import annotations

import numpy as np
from scipy.special import log_ndtr

from recmia.likelihood_ratio.evidence import Moments, Shadows, Target
from recmia.likelihood_ratio.gaussian import floored, log_normal


def lira_online(target: Target, shadows: Shadows) -> np.ndarray:
    """log N(φ; x̄_in, v_in) - log N(φ; x̄_out, v_out), Carlini et al. (2022), algorithm 1.

    Convention: with fewer than 64 shadows v_in and v_out are each one number, the variance of all
    records' signals of the class around their one mean; from there a record's own.

    Returns:
        float64 [n], higher is more likely a member; NaN where a record has no shadow of one class
        (or, where variances are its own, fewer than two).
    """
    inside = log_normal(target.signal, shadows.inside.mean, _variance(shadows.inside, shadows))
    outside = log_normal(target.signal, shadows.outside.mean, _variance(shadows.outside, shadows))
    return inside - outside


def lira_offline(target: Target, shadows: Shadows) -> np.ndarray:
    """log Φ((φ - x̄_out) / σ_out), the logarithm of Carlini et al. (2022), equation 4.

    Convention: the paper's one-sided test, rising in φ. Some implementations take
    -log N(φ; x̄_out, v_out) instead, which is two-sided: it is large on either side. σ_out as in
    `lira_online`.

    Returns:
        float64 [n], at most 0; NaN where a record has no shadow without it.
    """
    spread = np.sqrt(floored(_variance(shadows.outside, shadows)))
    return log_ndtr((target.signal - shadows.outside.mean) / spread)


def _variance(moments: Moments, shadows: Shadows) -> np.ndarray | float:
    return moments.variance if shadows.own_variance else moments.overall()[1]
