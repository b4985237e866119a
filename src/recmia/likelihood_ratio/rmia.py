"""RMIA, the robust attack of Zarifzadeh et al. (ICML 2024): a record against a population."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recmia.evaluation.metrics import roc_auc
from recmia.likelihood_ratio.evidence import Shadows, Target

GAMMA = 1.0  # the larger, the more records tie at 0
OFFLINE_A = 0.33  # of the paper's CIFAR-10 models
GRID = tuple(tenths / 10 for tenths in range(11))  # of a, where it is chosen


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
    return _dominated(_offline_ratio(target, shadows, a), population, gamma)


def choose_a(
    shadow: Target, others: Shadows, membership: np.ndarray, grid: Sequence[float] = GRID
) -> float:
    """The a by which the offline attack tells a shadow's members best, attacked with the others.

    As Zarifzadeh et al. (ICML 2024) choose it, and their Privacy Meter; no label of the target is
    looked at. Best is the largest ROC AUC, which the population and γ change by ties alone; of
    equals the first.

    Args:
        shadow: the records under one shadow.
        others: under the others, without that one's complement.
        membership: bool [n], that shadow's.
        grid: values to choose from, 0 to 1; 1 is `base1_offline`'s order.
    """
    areas = []
    for a in grid:
        ratio = _offline_ratio(shadow, others, a)
        seen = ~np.isnan(ratio)
        areas.append(roc_auc(ratio[seen], membership[seen]))
    return float(grid[int(np.argmax(areas))])


def _offline_ratio(target: Target, shadows: Shadows, a: float) -> np.ndarray:
    """log p_x / p̂_x; NaN where every shadow was trained on the record."""
    # In logarithms: a long record's mean likelihood may be too small for a float.
    with np.errstate(invalid="ignore"):
        both = np.logaddexp(np.log1p(a) + shadows.log_mean_out, np.log1p(-a) if a < 1 else -np.inf)
    return target.log_likelihood - both + np.log(2)


def _dominated(ratio: np.ndarray, population: np.ndarray | None, gamma: float) -> np.ndarray:
    """For each log-ratio, the share of the population's that lie more than log γ below it."""
    compared = ratio if population is None else ratio[population]
    compared = np.sort(compared[~np.isnan(compared)])
    if not len(compared):
        return np.full(len(ratio), np.nan)
    below = np.searchsorted(compared, ratio - np.log(gamma), side="left")
    return np.where(np.isnan(ratio), np.nan, below / len(compared))
