"""An attack's outcome at thresholds that were fixed beforehand, with exact limits of its rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from recmia.errors import DataError
from recmia.evaluation.bounds.checks import check_error
from recmia.evaluation.metrics import checked


@dataclass(frozen=True)
class Outcome:
    """How many units were guessed members, at each threshold.

    The limits hold for thresholds that do not depend on these units: chosen on shadow models, or
    all of a list that was written down before.

    Attributes:
        members: how many there are.
        nonmembers: how many there are.
        hits: int64 [t], members that were guessed members.
        alarms: int64 [t], non-members that were guessed members.

    Raises:
        DataError: no threshold, no unit of one kind, or more guessed than there are.
    """

    members: int
    nonmembers: int
    hits: np.ndarray
    alarms: np.ndarray

    def __post_init__(self) -> None:
        for name in ("hits", "alarms"):
            object.__setattr__(self, name, np.atleast_1d(getattr(self, name)).astype(np.int64))
        if self.hits.ndim != 1 or self.hits.shape != self.alarms.shape or not self.hits.size:
            raise DataError(f"{self.hits.shape} hits and {self.alarms.shape} false alarms.")
        for counts, units in ((self.hits, self.members), (self.alarms, self.nonmembers)):
            if units < 1 or counts.min() < 0 or counts.max() > units:
                raise DataError(f"Between {counts.min()} and {counts.max()} of {units} units.")

    @classmethod
    def of(cls, scores: np.ndarray, membership: np.ndarray, thresholds: Sequence[float]) -> Outcome:
        """Count at each threshold; a unit is guessed a member where its score is at least that.

        Args:
            scores: float [n], higher is more likely a member.
            membership: bool [n].
            thresholds: t of them, chosen without these units.

        Raises:
            DataError: see :func:`recmia.evaluation.metrics.checked`, or no threshold.
        """
        scores, membership = checked(scores, membership)
        sides = [np.sort(scores[membership]), np.sort(scores[~membership])]
        counts = [len(side) - np.searchsorted(side, thresholds, side="left") for side in sides]
        return cls(len(sides[0]), len(sides[1]), *counts)

    def limits(self, error: float) -> tuple[np.ndarray, np.ndarray]:
        """Upper limits of the false negative and the false positive rate, float64 [t] each.

        Clopper and Pearson (1934), one-sided. All of them hold at once with probability
        1 - ``error``: each of the 2t takes an equal share of it.

        Raises:
            DataError: the error is not above 0 and below 0.5.
        """
        check_error(error)
        share = error / (2 * len(self.hits))
        misses = self.members - self.hits
        return (
            _upper(misses, self.members, share),
            _upper(self.alarms, self.nonmembers, share),
        )


def _upper(successes: np.ndarray, trials: int, error: float) -> np.ndarray:
    """Largest rate at which as few successes still have a probability of ``error``."""
    failures = np.maximum(trials - successes, 1)
    return np.where(successes < trials, beta.isf(error, successes + 1, failures), 1.0)
