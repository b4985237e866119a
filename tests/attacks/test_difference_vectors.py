"""Flat and padded difference vectors are one computation, however it is cut into runs."""

import numpy as np
import pytest

from recmia.attacks import difference_vectors as module
from recmia.attacks.difference_vectors import difference_vectors, difference_vectors_flat

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)


def test_flat_by_hand():
    """Unit 0: item 1 minus (2/3 item 2 + 1/3 item 3); unit 1 has no list: item 0 itself."""
    z = difference_vectors_flat(
        np.array([1, 0, 0], np.int32),
        np.array([0, 1, 3]),
        np.array([2, 3], np.int32),
        np.array([0, 2, 2]),
        VECTORS,
        position_weights="linear",
    )
    expected = [VECTORS[1] - (2 * VECTORS[2] + VECTORS[3]) / 3, VECTORS[0]]
    np.testing.assert_allclose(z, expected, rtol=1e-6)


@pytest.mark.parametrize("weights", ["mean", "linear"])
@pytest.mark.parametrize("run", [1, 40, 10**6])
def test_flat_equals_padded(monkeypatch, weights, run):
    draw = np.random.default_rng(0)
    vectors = draw.random((50, 8), dtype=np.float32)
    lengths = draw.integers(0, 13, (2, 90))
    padded = draw.integers(1, 50, (2, 90, 12)) * (np.arange(12) < lengths[..., None])
    expected = difference_vectors(*padded, vectors, weights)
    flat = [part for ids in padded for part in (ids[ids > 0], np.r_[0, (ids > 0).sum(1).cumsum()])]
    monkeypatch.setattr(module, "_RUN", run)
    done = []
    found = difference_vectors_flat(*flat, vectors, position_weights=weights, progress=done.append)
    assert np.array_equal(found, expected)
    assert sum(done) == 90
