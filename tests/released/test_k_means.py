"""The fault by hand: a centre is divided by its count once for every user."""

from __future__ import annotations

import numpy as np

from recmia.released.k_means import _centres, clusters


def test_centres_of_three_users_by_hand() -> None:
    vectors = np.array([[6.0, 0], [4, 8], [2, 4]])
    labels = np.array([False, True, False])
    # Two unlabelled: ((6 / 2) / 2 + 2) / 2 and ((0 / 2) / 2 + 4) / 2. The labelled is alone.
    assert _centres(vectors, labels).tolist() == [[1.75, 2], [4, 8]]
    # All in one: ((6 / 3 + 4) / 3 + 2) / 3; nobody is in the other.
    made = _centres(vectors, np.ones(3, dtype=bool))
    np.testing.assert_allclose(made, [[0, 0], [4 / 3, (8 / 3 + 4) / 3]])


def test_centres_collapse() -> None:
    draw = np.random.default_rng(0)
    vectors = 5 + draw.standard_normal((200, 10))
    labels = np.arange(200) < 100
    ordinary = np.linalg.norm(vectors[labels].mean(axis=0))
    centres = np.linalg.norm(_centres(vectors, labels), axis=1)
    assert centres[1] < 1e-100 and centres[0] < ordinary / 50


def test_rounds_end_where_no_label_changes_and_the_start_decides() -> None:
    vectors = np.random.default_rng(1).standard_normal((300, 5)).astype(np.float32)
    found = [clusters(vectors, seed) for seed in range(6)]
    for labels in found:
        assert labels.shape == (300,) and labels.dtype == bool
        centres = _centres(vectors.astype(np.float64), labels)
        gaps = ((vectors[:, None] - centres[None]) ** 2).sum(axis=2)
        assert np.array_equal(gaps[:, 1] < gaps[:, 0], labels)
    assert np.array_equal(found[0], clusters(vectors, 0))
    assert len({labels.tobytes() for labels in found}) > 1
