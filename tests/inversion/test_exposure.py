"""Algorithm 1 and its figures by hand."""

import math

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.inversion.exposure import decoys_recommended, measure_exposure


def test_lists_with_enough_decoys():
    lists = np.array([[1, 2, 3], [4, 5, 6], [1, 9, 4], [7, 8, 9]])
    counts = decoys_recommended(lists, np.array([1, 2, 4]))
    assert counts.tolist() == [2, 1, 2, 0]
    truth = np.array([True, True, False, False])
    one, two, three = (measure_exposure(counts, truth, least) for least in (1, 2, 3))
    assert (one.precision, one.recall) == (2 / 3, 1.0)
    assert (two.precision, two.recall, two.baseline) == (0.5, 0.5, 0.5)
    assert math.isnan(three.precision) and three.recall == 0.0


@pytest.mark.parametrize("truth", [np.zeros(3, bool), np.ones(3, bool)])
def test_somebody_must_be_on_either_side(truth):
    with pytest.raises(DataError, match="rated a sensitive item highest"):
        measure_exposure(np.array([0, 1, 2]), truth, 1)
