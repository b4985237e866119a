"""Attacks on the loss: as it is, and relative to how hard a record is for models without it."""

from __future__ import annotations

import numpy as np

from recmia.likelihood_ratio.evidence import Shadows, Target


def loss(target: Target) -> np.ndarray:
    """Mean log p, the threshold adversary of Yeom et al. (CSF 2018): members' loss is smaller.

    Returns:
        float64 [n], higher is more likely a member.
    """
    return target.log_likelihood.astype(np.float64)


def calibration(target: Target, shadows: Shadows) -> np.ndarray:
    """Mean reference loss minus target loss, mean_j(-log p_j) + log p, Watson et al. (ICLR 2022).

    Convention: the references of a record are the shadows that were not trained on it.

    Returns:
        float64 [n]; NaN where every shadow was trained on the record.
    """
    return target.log_likelihood - shadows.mean_log_out
