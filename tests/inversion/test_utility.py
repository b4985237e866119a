"""The utility of equation 5 by hand, and equation 15 against finite differences."""

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.inversion.utility import Utility

ITEMS = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0], [0.5, 0.5]])


def test_equation_5_by_hand():
    utility = Utility(ITEMS, np.array([0]), np.array([1, 3]), camouflage=0.5)
    poisoned = ITEMS.copy()
    poisoned[0] = [1.0, 1.0]
    poisoned[1] = [1.0, 0.0]
    # First term: 0 for item 1, 0.25 + 0.25 for item 3. Second: 1. Third: half of 1 + 1 + 4.
    assert utility.value(poisoned) == pytest.approx(0.5 + 1.0 + 3.0)


def test_equation_15_is_the_derivative():
    rng = np.random.default_rng(0)
    utility = Utility(rng.normal(size=(6, 3)), np.array([0, 4]), np.array([1, 2, 5]), 0.7)
    poisoned = rng.normal(size=(6, 3))
    gradient, step = utility.gradient(poisoned), 1e-6
    for place in np.ndindex(*poisoned.shape):
        moved = poisoned.copy()
        moved[place] += step
        back = poisoned.copy()
        back[place] -= step
        slope = (utility.value(moved) - utility.value(back)) / (2 * step)
        assert gradient[place] == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize(("sensitive", "decoys"), [([], [1]), ([0], []), ([0, 1], [1])])
def test_items_must_be_given_and_disjoint(sensitive, decoys):
    with pytest.raises(DataError, match="distinct and disjoint"):
        Utility(ITEMS, np.array(sensitive, dtype=int), np.array(decoys, dtype=int), 0.0)
