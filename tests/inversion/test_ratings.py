"""Rating matrices: the scale, what is refused, and the split per user."""

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.inversion.ratings import HALF_STARS, VISITS, make_ratings, split_ratings


def test_ratings_are_rounded_to_what_a_user_can_give():
    given = np.array([0.0, 0.2, 0.3, 2.3, 4.9, 5.0])
    np.testing.assert_array_equal(HALF_STARS.round(given), [0, 0, 0.5, 2.5, 5, 5])
    np.testing.assert_array_equal(VISITS.round(np.array([0.0, 0.4, 0.6, 1.0])), [0, 0, 1, 1])


def test_who_rated_and_who_rated_highest():
    ratings = make_ratings(
        np.array([0, 1, 2]), np.array([1, 1, 0]), np.array([5.0, 4.5, 5.0]), (4, 2), HALF_STARS
    )
    assert ratings.raters(1).tolist() == [True, True, False, False]
    assert ratings.high_raters(np.array([1])).tolist() == [True, False, False, False]
    assert ratings.high_raters(np.array([0, 1])).tolist() == [True, False, True, False]
    assert ratings.mean_items() == 0.75


def test_zeros_and_repeats_are_refused():
    one = np.array([0])
    with pytest.raises(DataError, match="zero stands for no rating"):
        make_ratings(one, one, np.array([0.0]), (1, 1), VISITS)
    twice = np.array([0, 0])
    with pytest.raises(DataError, match="more than once"):
        make_ratings(twice, twice, np.ones(2), (1, 1), VISITS)


def test_every_user_keeps_the_share_for_training():
    rng = np.random.default_rng(0)
    dense = np.where(rng.random((30, 40)) < 0.4, rng.integers(1, 11, (30, 40)) / 2, 0)
    users, items = dense.nonzero()
    ratings = make_ratings(users, items, dense[users, items], dense.shape, HALF_STARS)
    training, testing = split_ratings(ratings, 0.8, seed=1)
    counts = (dense > 0).sum(axis=1)
    np.testing.assert_array_equal(np.diff(training.matrix.indptr), np.round(0.8 * counts))
    np.testing.assert_array_equal((training.matrix + testing.matrix).toarray(), dense)
    assert training.matrix.multiply(testing.matrix).nnz == 0
    again, _ = split_ratings(ratings, 0.8, seed=1)
    other, _ = split_ratings(ratings, 0.8, seed=2)
    assert (again.matrix != training.matrix).nnz == 0
    assert (other.matrix != training.matrix).nnz > 0
