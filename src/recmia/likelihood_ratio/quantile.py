"""Quantile regression of Bertran et al. (NeurIPS 2023): an own threshold for every record."""

from __future__ import annotations

import numpy as np

from recmia.likelihood_ratio.evidence import Target
from recmia.seeds import child_seed, generator

ALPHA = 0.01  # false positive rate aimed at
MOST_ROWS = 50_000  # of non-members in a fit: more hardly move a quantile and cost minutes


def quantile(
    target: Target,
    features: np.ndarray,
    signal: np.ndarray,
    outside: np.ndarray,
    *,
    alpha: float = ALPHA,
    seed: int = 0,
) -> np.ndarray:
    """φ - q̂(x), with q̂ the 1 - α quantile of non-members, Bertran et al. (NeurIPS 2023).

    Gradient boosting with the pinball loss on features that no model had a part in. Records are
    cut in two halves by coin; each half is scored by the fit on the non-members of the other.

    Args:
        target: the records under the target.
        features: float [n, F], blind, such as a record's number of steps.
        signal: float [n, R], φ under models whose non-members are known.
        outside: bool [n, R], True where such a model was not trained on the record.
        alpha: α; a score above 0 is a guess at this false positive rate.
        seed: of the halves and of the rows that are fitted.

    Returns:
        float64 [n], higher is more likely a member; NaN where the other half has no non-member.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    n = len(target.signal)
    draw = generator(seed, "likelihood ratio", "quantile")
    half = draw.permutation(n) % 2
    scores = np.full(n, np.nan)
    for part in (0, 1):
        rows, models = np.nonzero(outside & (half != part)[:, None])
        if not len(rows):
            continue
        kept = draw.permutation(len(rows))[:MOST_ROWS]
        rows, models = rows[kept], models[kept]
        fit = HistGradientBoostingRegressor(
            loss="quantile",
            quantile=1 - alpha,
            max_iter=50,
            max_leaf_nodes=8,
            min_samples_leaf=max(20, round(10 / alpha)),  # a quantile needs what lies above it
            early_stopping=False,
            random_state=child_seed(seed, "quantile", part) % 2**32,
        ).fit(features[rows], signal[rows, models].astype(np.float64))
        scored = half == part
        scores[scored] = target.signal[scored] - fit.predict(features[scored])
    return scores
