"""Cross-fitting never scores a unit by an attack that has seen it."""

import numpy as np

from recmia.attacks.base import Attack, Observations
from recmia.attacks.cross_fit import cross_fit


class Memoriser(Attack):
    """Scores what it was fitted on as 1, anything else as 0."""

    name = "memoriser"
    threshold = 0.5

    def fit(self, shadow, membership, target=None):
        self.seen = shadow.row_ids
        self.threshold = float(len(self.seen))
        return self

    def score(self, observations):
        return np.isin(observations.row_ids, self.seen).astype(float)


def observations(n: int) -> Observations:
    return Observations(
        np.arange(n), np.full((n, 2), 3), np.full(n, 2), None, np.zeros((n, 1), np.float32)
    )


def test_units_are_scored_by_attacks_fitted_without_them():
    folds = np.array([0, 1, 0, 1, 2, 2, 1])
    membership = np.array([1, 0, 1, 0, 1, 0, 1], dtype=bool)
    scores, threshold = cross_fit(lambda fold: Memoriser(), observations(7), membership, folds)
    assert scores.tolist() == [0.0] * 7
    assert threshold == np.mean([5, 4, 5])


def test_units_with_one_row_id_in_two_folds_would_be_found_out():
    tied = observations(4)
    tied.row_ids[:] = [0, 1, 0, 1]  # a near-miss carries its original's row id
    membership = np.array([True, True, False, False])
    split, _ = cross_fit(lambda fold: Memoriser(), tied, membership, np.array([0, 0, 1, 1]))
    together, _ = cross_fit(lambda fold: Memoriser(), tied, membership, np.array([0, 1, 0, 1]))
    assert split.tolist() == [1.0] * 4 and together.tolist() == [0.0] * 4
