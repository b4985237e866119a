"""How likely a model is to utter whole sessions when it is sampled from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recmia.errors import DataError
from recmia.evaluation.log_space import log_one_minus_exp


@dataclass(frozen=True)
class Extraction:
    """The (n, p) table: how many sessions are extractable, members against held-out ones.

    Attributes:
        samples: float64 [a], n, how often the model is sampled from.
        probabilities: float64 [b], p, of the session appearing at least once.
        members: int64 [a, b], extractable sessions among those that the model learned from.
        held_out: int64 [a, b], among those that it did not.
        n_members: how many there are.
        n_held_out: how many there are.
    """

    samples: np.ndarray
    probabilities: np.ndarray
    members: np.ndarray
    held_out: np.ndarray
    n_members: int
    n_held_out: int


def log_samples_needed(log_probability: np.ndarray, probability: float) -> np.ndarray:
    """log of the least n with 1 - (1 - p_z)^n >= p: a session is (n, p)-extractable from there.

    n = log(1 - p) / log(1 - p_z), not rounded; Hayes et al., "Measuring memorization in language
    models via probabilistic extraction" (2025), in log space: exact for sessions whose p_z is far
    too small for a float, and for a p_z next to 1.

    Args:
        log_probability: float [m], log p_z, the sum of the log-probabilities of a session's clicks
            (and of its end, where sampling has to stop by itself), natural, at most 0.
        probability: p, above 0 and below 1.

    Returns:
        float64 [m]; -inf where p_z is 1, inf where it is 0.

    Raises:
        DataError: a log-probability above 0 or NaN, or a p that cannot be.
    """
    low = np.asarray(log_probability, dtype=np.float64)
    if not (low <= 0).all():
        raise DataError(
            f"{int((~(low <= 0)).sum())} of {low.size} log-probabilities are above 0 or NaN."
        )
    if not 0 < probability < 1:
        raise DataError(f"p has to be above 0 and below 1, not {probability}.")
    with np.errstate(divide="ignore"):
        # Where e^l is below rounding, log(-log(1 - e^l)) is l.
        rate = np.where(low < -40, low, np.log(-log_one_minus_exp(low)))
    return np.log(-np.log1p(-probability)) - rate


def extraction_table(
    members: np.ndarray,
    held_out: np.ndarray,
    *,
    samples: Sequence[float],
    probabilities: Sequence[float],
) -> Extraction:
    """Count (n, p)-extractable sessions, from one scoring pass: 1 - (1 - p_z)^n >= p.

    What held-out sessions reach is what a model knows without having seen them; only what members
    reach beyond is memory.

    Args:
        members: float [m], whole-session log-probabilities, see :func:`log_samples_needed`.
        held_out: float [h], of sessions that the model did not learn from.
        samples: a numbers n, at least 1 each.
        probabilities: b probabilities p.

    Raises:
        DataError: no session of one kind, an n below 1, or what :func:`log_samples_needed` raises.
    """
    n, p = np.asarray(samples, dtype=np.float64), np.asarray(probabilities, dtype=np.float64)
    if not len(members) or not len(held_out):
        raise DataError("Extraction needs both members and held-out sessions.")
    if not n.size or not (n >= 1).all():
        raise DataError(f"A model is sampled from once or more often, not {n.tolist()} times.")
    counts = []
    for side in (members, held_out):
        needed = [np.sort(log_samples_needed(side, one)) for one in p]
        # A session exactly at n counts: rounding of the logarithms must not leave it out.
        within = np.log(n) + 1e-12
        counts.append(np.stack([np.searchsorted(one, within, "right") for one in needed], axis=1))
    return Extraction(n, p, *counts, len(members), len(held_out))
