"""The adversary's view, the membership it may be told, and the shadow-side threshold."""

import dataclasses

import numpy as np
import pytest

from recmia.attacks.base import Observations, best_threshold, check_membership
from recmia.errors import DataError


def observations(**changes):
    fields = {
        "row_ids": np.array([7, 8]),
        "histories": np.array([[3, 4, 0], [5, 0, 0]]),
        "lengths": np.array([2, 1]),
        "lists": np.array([[3, 5], [4, 0]]),
        "score_features": np.zeros((2, 3), dtype=np.float32),
    }
    return Observations(**{**fields, **changes})


def test_observations_hold_no_label():
    names = {field.name for field in dataclasses.fields(Observations)}
    assert names == {"row_ids", "histories", "lengths", "lists", "score_features", "popular"}


def test_selection_keeps_rows_together():
    one = observations()[np.array([False, True])]
    assert one.row_ids.tolist() == [8] and one.lists.tolist() == [[4, 0]] and len(one) == 1


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"lengths": np.array([2, 4])}, "lengths"),
        ({"lengths": np.array([2])}, "lengths"),
        ({"lists": np.array([3, 5])}, "lists"),
        ({"histories": np.zeros((2, 3))}, "histories"),
        ({"score_features": np.zeros((2, 3))}, "score_features"),
        ({"score_features": np.zeros((3, 3), dtype=np.float32)}, "score_features"),
    ],
)
def test_wrong_shapes_and_types_are_named(changes, column):
    with pytest.raises(DataError, match=column):
        observations(**changes)


@pytest.mark.parametrize("membership", [[1, 0], [True, True], [False, False], [True]])
def test_membership_must_be_boolean_with_both_classes(membership):
    with pytest.raises(DataError):
        check_membership(np.array(membership), 2)


def test_threshold_by_hand():
    # Balanced accuracy is largest (5/6) between 3 and 5.
    scores = np.array([9.0, 5.0, 3.0, 2.0, 1.0])
    membership = np.array([True, True, False, True, False])
    assert best_threshold(scores, membership) == 4.0


def test_threshold_never_cuts_between_equal_scores():
    scores = np.array([2.0, 2.0, 2.0, 1.0])
    membership = np.array([True, False, True, False])
    assert best_threshold(scores, membership) == 1.5
    assert best_threshold(np.full(4, 2.0), membership) == 2.0
