"""RMIA, the robust attack of Zarifzadeh et al. (ICML 2024): a record against a population."""

from __future__ import annotations

import numpy as np

from recmia.likelihood_ratio.evidence import Shadows, Target

GAMMA = 1.0  # the larger, the more records tie at 0
OFFLINE_A = 0.33  # of the paper's CIFAR-10 models


def rmia_online(
    target: Target,
    shadows: Shadows,
    *,
    population: np.ndarray | None = None,
    gamma: float = GAMMA,
) -> np.ndarray:
    """Share of z with (p_x / p̂_x) / (p_z / p̂_z) > γ, Zarifzadeh et al. (ICML 2024).

    p̂ is the mean over all shadows. For one target this rises in p_x / p̂_x, as `base1_online`.

    Args:
        target: the records under the target.
        shadows: the records under the shadows.
        population: bool [n], which records are z; None for all of them.
        gamma: γ, at least 1.

    Returns:
        float64 [n] from 0 to 1, higher is more likely a member.
    """
    return _dominated(target.log_likelihood - shadows.log_mean_all, population, gamma)


def rmia_offline(
    target: Target,
    shadows: Shadows,
    *,
    population: np.ndarray | None = None,
    gamma: float = GAMMA,
    a: float = OFFLINE_A,
) -> np.ndarray:
    """As `rmia_online` with p̂ = ½[(1 + a) · mean_out + 1 - a], the paper's offline correction.

    Returns:
        float64 [n]; NaN where every shadow was trained on the record.
    """
    guess = ((1 + a) * np.exp(shadows.log_mean_out) + 1 - a) / 2
    return _dominated(target.log_likelihood - np.log(guess), population, gamma)


def _dominated(ratio: np.ndarray, population: np.ndarray | None, gamma: float) -> np.ndarray:
    """For each log-ratio, the share of the population's that lie more than log γ below it."""
    compared = ratio if population is None else ratio[population]
    compared = np.sort(compared[~np.isnan(compared)])
    if not len(compared):
        return np.full(len(ratio), np.nan)
    below = np.searchsorted(compared, ratio - np.log(gamma), side="left")
    return np.where(np.isnan(ratio), np.nan, below / len(compared))
