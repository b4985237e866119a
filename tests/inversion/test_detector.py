"""The detector of section 4.3: what lies far off is flagged, honest users seldom are."""

import numpy as np
import pytest

from recmia.inversion.detector import Detector, widest_kernel
from recmia.inversion.ratings import VISITS
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
