"""Score every unit by an attack that was fitted without it or anything tied to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recmia.attacks.base import Attack, Observations


def cross_fit(
    make_attack: Callable[[int], Attack],
    observations: Observations,
    membership: np.ndarray,
    folds: np.ndarray,
) -> tuple[np.ndarray, float]:
    """Cross-fitting: each fold is scored by an attack fitted on the others.

    Args:
        make_attack: fold number to a fresh attack.
        observations: n units.
        membership: bool [n].
        folds: int64 [n], with tied units (identical sessions, a near-miss and its original) in
            one fold.

    Returns:
        float64 [n] scores, and the mean of the folds' thresholds, each fixed on the fitting side.
    """
    scores = np.empty(len(membership), dtype=np.float64)
    thresholds = []
    for fold in np.unique(folds):
        held = folds == fold
        attack = make_attack(int(fold)).fit(observations[~held], membership[~held])
        scores[held] = attack.score(observations[held])
        thresholds.append(attack.threshold)
    return scores, float(np.mean(thresholds))
