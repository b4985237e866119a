"""The guess without poisoning, by hand."""

import numpy as np
import pytest

from recmia.inversion.cooccurrence import cooccurrence_scores, highest
from recmia.inversion.ratings import VISITS
from tests.inversion.made_up import from_dense


def test_mean_cosine_of_the_other_ratings_with_the_sensitive_item():
    dense = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [0, 0, 1.0], [1, 0, 0]])
    scores = cooccurrence_scores(from_dense(dense, VISITS), np.array([0]))
    # Item 0 has raters {0, 1, 4}, item 1 {0, 2}, item 2 {1, 2, 3}: cosines 1/√6 and 1/3.
    near, far = 1 / np.sqrt(6), 1 / 3
    np.testing.assert_allclose(scores, [near, far, (near + far) / 2, far, 0.0])


def test_the_highest_scores_are_chosen():
    assert highest(np.array([0.2, 0.9, 0.9, 0.1]), 2).tolist() == [False, True, True, False]
    assert highest(np.array([0.2, 0.9, 0.9, 0.1]), 1).tolist() == [False, True, False, False]
    assert highest(np.zeros(3), 0).sum() == pytest.approx(0)
