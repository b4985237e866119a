"""Co-occurrence among others: the same as leaving the user out, one at a time."""

import numpy as np

from recmia.inversion.ratings import VISITS, make_ratings
from recmia.papers.model_inversion.guessing import scores_from_others


def test_a_user_does_not_give_herself_away():
    # Item 1 was visited by user 0 alone, who also visited item 0; others share item 2 with item 0.
    users, items = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 2, 2])
    ratings = make_ratings(users, items, np.ones(5), (3, 3), VISITS)
    scores = scores_from_others(ratings, 0)
    # User 0: item 1 goes with item 0 only by her. User 1: item 2 likewise. User 2: by user 1.
    np.testing.assert_allclose(scores, [0.0, 0.0, 0.5], atol=1e-12)
