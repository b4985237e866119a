"""Lists, their quality (appendix B) and the rule that sets k, λ and l, worked out by hand."""

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.inversion.factorisation import Model
from recmia.inversion.ratings import HALF_STARS
from recmia.inversion.recommending import (
    Quality,
    choose_length,
    choose_model,
    measure_quality,
    top_items,
)
from tests.inversion.made_up import from_dense

# Two users and four items whose predictions are the item profile times 1 and times 2.
MODEL = Model(np.array([[1.0], [2.0]]), np.array([[1.0], [2.0], [0.5], [1.5]]))
TRAINING = np.array([[0, 5.0, 0, 0], [0, 0, 0, 3.0]])
TESTING = np.array([[2.0, 0, 0, 1.5], [1.0, 0, 0, 0]])


def test_lists_hold_the_highest_predictions_that_are_not_rated():
    lists = top_items(MODEL, from_dense(TRAINING, HALF_STARS), 2)
    assert lists.tolist() == [[3, 0], [1, 0]]


def test_a_list_longer_than_what_is_left_is_refused():
    with pytest.raises(DataError, match="3 items left"):
        top_items(MODEL, from_dense(TRAINING, HALF_STARS), 4)


def test_quality_by_hand():
    quality = measure_quality(
        MODEL, from_dense(TRAINING, HALF_STARS), from_dense(TESTING, HALF_STARS), 2
    )
    # Errors in testing: 1 - 2, 1.5 - 1.5, 2 - 1.
    assert quality.rmse == pytest.approx(np.sqrt(2 / 3))
    assert quality.rmse_printed == pytest.approx(np.sqrt(2) / 3)
    # Beyond training also: 0.5 for the first user; 4 and 1 for the second.
    assert quality.rmse_all == pytest.approx(np.sqrt((2 + 0.25 + 16 + 1) / 6))
    # Hits 2 of 2 and 1 of 2 in lists; all of what was wanted.
    assert quality.precision == pytest.approx(0.75)
    assert quality.recall == 1.0


def test_users_without_testing_ratings_count_for_precision_only():
    testing = np.array([[2.0, 0, 0, 0], [0, 0, 0, 0]])
    quality = measure_quality(
        MODEL, from_dense(TRAINING, HALF_STARS), from_dense(testing, HALF_STARS), 2
    )
    assert (quality.precision, quality.recall) == (0.25, 1.0)


def test_the_rules_of_section_4_1():
    def at(precision, recall):
        return Quality(1.0, 1.0, 1.0, precision, recall)

    # 0.02 against 0.034 is closer, as a ratio, than 0.03 against 0.01 or 0.01 against 0.04.
    assert choose_length({1: at(0.03, 0.01), 5: at(0.02, 0.034), 10: at(0.01, 0.04)}) == 5
    rmse = {(10, 0.1): [0.9, 0.8], (30, 0.1): [0.85, 0.83], (30, 1.0): [0.7, 1.2]}
    assert choose_model(rmse) == (30, 0.1)
