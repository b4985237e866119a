"""What an attack said of the units of one seed, and a metric with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recmia.errors import DataError


@dataclass(frozen=True)
class ScoredUnits:
    """What an attack said of the units (sessions) of one seed.

    Attributes:
        scores: float [n], higher is more likely a member.
        membership: bool [n].
        groups: [n], equal for units that are resampled together (identical sessions).
        threshold: a unit is guessed a member where its score is at least this; fixed without
            looking at these labels.
    """

    scores: np.ndarray
    membership: np.ndarray
    groups: np.ndarray
    threshold: float

    def check_same_units(self, other: ScoredUnits) -> None:
        """Raises DataError where the other attack is not about the same units in this order."""
        if not (
            np.array_equal(self.membership, other.membership)
            and np.array_equal(self.groups, other.groups)
        ):
            raise DataError("A paired difference needs two attacks on the same units.")


@dataclass(frozen=True)
class Measurement:
    """A metric's mean over seeds with the limits of its interval.

    Attributes:
        metric: its name.
        value: the mean.
        ci_low: lower limit.
        ci_high: upper limit.
        n_seeds: how many seeds.
        degenerate: share of seeds in which an attack said the same of everybody: equal guesses for
            metrics at a threshold, equal scores for the others. A difference counts seeds in which
            either side did.
    """

    metric: str
    value: float
    ci_low: float
    ci_high: float
    n_seeds: int
    degenerate: float = 0.0


def with_degenerate(found: Sequence[Measurement], alike: np.ndarray) -> list[Measurement]:
    """Measurements with the share of seeds in which everybody got the same.

    Args:
        found: m measurements.
        alike: bool [seeds, m].
    """
    shares = alike.mean(axis=0).tolist()
    return [replace(one, degenerate=share) for one, share in zip(found, shares, strict=True)]
