"""Algorithm 1: who is on the sensitive user list, and how many of them belong there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recmia.errors import DataError


@dataclass(frozen=True)
class Exposure:
    """Counts behind MIPre and MIRec (equation 16).

    Attributes:
        users: m.
        sensitive: |U_X|, users who rated a sensitive item highest.
        listed: |U_Y,l'|, users on the sensitive user list.
        found: |U_X ∩ U_Y,l'|.
    """

    users: int
    sensitive: int
    listed: int
    found: int

    @property
    def precision(self) -> float:
        """MIPre; NaN where nobody is listed, as the paper leaves such points out."""
        return self.found / self.listed if self.listed else float("nan")

    @property
    def recall(self) -> float:
        """MIRec."""
        return self.found / self.sensitive

    @property
    def baseline(self) -> float:
        """Precision of guessing at random: |U_X| / m."""
        return self.sensitive / self.users


def decoys_recommended(lists: np.ndarray, decoys: np.ndarray) -> np.ndarray:
    """int64 [m]: decoys on each user's list."""
    return np.isin(lists, decoys).sum(axis=1)


def measure_exposure(decoy_counts: np.ndarray, truth: np.ndarray, threshold: int) -> Exposure:
    """List the users with at least l' decoys (Algorithm 1) and compare with the truth.

    Args:
        decoy_counts: int [m], decoys recommended to each user.
        truth: bool [m], U_X.
        threshold: l'.

    Raises:
        DataError: no user, or every user, is in U_X.
    """
    if truth.all() or not truth.any():
        raise DataError(
            f"{int(truth.sum())} of {len(truth)} users rated a sensitive item highest.",
            remedy="Choose items that some users rated highest, and some did not.",
        )
    listed = decoy_counts >= threshold
    return Exposure(len(truth), int(truth.sum()), int(listed.sum()), int((listed & truth).sum()))
