"""The detector of section 4.3: what lies far off is flagged, honest users seldom are."""

import numpy as np
import pytest

from recmia.inversion import bots
from recmia.inversion.detector import Detector, UnusualCount, widest_kernel
from recmia.inversion.ratings import HALF_STARS, VISITS
from tests.inversion.made_up import from_dense, tastes


def test_users_unlike_all_others_are_flagged():
    dense = tastes(users=300, items=60, groups=4, rated=8, seed=0)
    detector = Detector(from_dense(dense, VISITS), components=10, seed=1)
    # Everybody visits eight places, about six of the fifteen of her group: not all fifteen.
    odd = np.tile(np.eye(4), (1, 15))
    assert detector.flagged(odd).all()
    fresh = tastes(users=300, items=60, groups=4, rated=8, seed=9)
    assert detector.flagged(fresh).mean() < 0.2


def test_the_kernel_varies_most_at_the_chosen_width():
    # Two points in each of two clusters: variance is largest where near pairs count and far do not.
    features = np.array([[0.0], [0.1], [30.0], [30.1]])
    gamma = widest_kernel(features)
    assert np.exp(-gamma * 0.01) == pytest.approx(1, abs=0.02)
    assert np.exp(-gamma * 29.9**2) < 0.02


def test_a_pca_that_sees_many_alike_tells_them_from_others():
    """A block of identical users is a component of its own; without it they lie at the origin."""
    dense = tastes(users=300, items=60, groups=4, rated=8, seed=0)
    dense[:, 50:] = 0  # places that no honest user visits
    ratings = from_dense(dense, VISITS)
    alike = np.zeros((40, 60))
    alike[:, 50:54] = 1
    blind = Detector(ratings, components=4, seed=1)
    seeing = Detector(ratings, components=4, seed=1, others=alike, gamma=1.0)
    assert not blind.flagged(alike).any()
    assert seeing.flagged(alike).all()


def test_gamma_can_be_given_and_items_brought_to_one_variance():
    dense = tastes(users=120, items=40, groups=4, rated=8, seed=0)
    dense[:, 39] = 0  # an item without variance does no harm
    ratings = from_dense(dense, VISITS)
    assert Detector(ratings, 5, seed=0, gamma=0.7).gamma == 0.7
    assert np.isfinite(Detector(ratings, 5, seed=0, standardised=True).gamma)
    assert len(Detector(ratings, None, seed=0).flagged(dense)) == 120


def test_counts_that_no_honest_user_has():
    honest = from_dense(np.array([[5.0, 0, 3, 0], [1, 2, 3, 0]]), HALF_STARS)
    rule = UnusualCount(honest)
    rows = np.array([[5.0, 0, 0, 0], [5, 0, 0, 1], [1, 1, 1, 1], [1, 1, 1, 0]])
    assert rule.flagged(rows).tolist() == [True, False, True, False]


def test_bots_rate_what_they_are_named_for():
    dense = np.array([[5.0, 0, 3, 0, 0], [1, 2, 3, 0, 0], [5, 0, 1, 1, 0]])
    ratings, links = from_dense(dense, HALF_STARS), np.array([3, 4])
    assert (bots.everything(ratings, 2) == 5).all()
    assert ((bots.at_random(ratings, 9, 3, seed=0) == 5).sum(axis=1) == 3).all()
    np.testing.assert_array_equal(bots.bandwagon(ratings, 2, links, 4), [[5, 0, 5, 5, 5]] * 2)
    average = bots.average_attack(ratings, 50, links, 3, seed=0)
    assert (average[:, links] == 5).all()
    # Means 11/3, 2 and 7/3, to the nearest half star.
    for item, mean in ((0, 3.5), (1, 2.0), (2, 2.5)):
        assert set(average[:, item]) <= {0.0, mean}
    assert ((average > 0).sum(axis=1) <= 3).all()
