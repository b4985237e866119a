"""BASE, the Bayes-optimal attacks of Lassila et al. (2025), from one number a record to four.

The numbers 1 to 4 say how much is estimated of each record: its difficulty; its mean and variance
over all shadows; two means and one variance; two of each, which is LiRA.
"""

from __future__ import annotations

import numpy as np

from recmia.likelihood_ratio.evidence import Shadows, Target
from recmia.likelihood_ratio.gaussian import floored, log_normal


def base1_online(target: Target, shadows: Shadows) -> np.ndarray:
    """log p - log of the mean p over all shadows, Lassila et al. (2025), the BASE score.

    For one target the logarithm of RMIA's ratio, with the same ROC curve up to RMIA's ties.

    Returns:
        float64 [n], higher is more likely a member.
    """
    return target.log_likelihood - shadows.log_mean_all


def base1_offline(target: Target, shadows: Shadows) -> np.ndarray:
    """As `base1_online`, over the shadows that were not trained on the record.

    Returns:
        float64 [n]; NaN where every shadow was trained on the record.
    """
    return target.log_likelihood - shadows.log_mean_out


def base2_online(target: Target, shadows: Shadows) -> np.ndarray:
    """(φ - x̄) / v, with x̄ and v of a record over all its shadows together.

    What is left of `base3_online` where the two means of every record are equally far apart.
    Convention: v is the variance around x̄, divided by K.

    Returns:
        float64 [n]; NaN with one shadow.
    """
    mean, variance = shadows.pooled()
    if shadows.models < 2:
        return np.full(len(mean), np.nan)
    return (target.signal - mean) / floored(variance)


def base3_online(target: Target, shadows: Shadows) -> np.ndarray:
    """(x̄_in - x̄_out) / v · (φ - (x̄_in + x̄_out) / 2): Gaussians that share a record's variance.

    Convention: v is the record's variance within the classes, both sums of squares over K.

    Returns:
        float64 [n]; NaN where a record has no shadow of one class, or fewer than three in all.
    """
    inside, outside = shadows.inside, shadows.outside
    variance = floored((inside.squares + outside.squares) / max(shadows.models, 1))
    middle = (inside.mean + outside.mean) / 2
    score = (inside.mean - outside.mean) / variance * (target.signal - middle)
    return np.where(inside.count + outside.count >= 3, score, np.nan)


def base4_online(target: Target, shadows: Shadows) -> np.ndarray:
    """log N(φ; x̄_in, v_in) - log N(φ; x̄_out, v_out) with a record's own means and variances.

    LiRA (Carlini et al. 2022, algorithm 1) whatever the number of shadows.

    Returns:
        float64 [n]; NaN where a record has fewer than two shadows of one class.
    """
    inside, outside = shadows.inside, shadows.outside
    return log_normal(target.signal, inside.mean, inside.variance) - log_normal(
        target.signal, outside.mean, outside.variance
    )
