"""Features of users by hand, and K-Means on planted clusters."""

from __future__ import annotations

import numpy as np

from recmia.attacks.k_means import KMeansAttack
from recmia.attacks.user_features import user_features
from recmia.evaluation.metrics import hard_label_auc, roc_auc

# Items 3, 4, 5; rows 0 to 2 are padding, start and end.
VECTORS = np.array([[0, 0], [0, 0], [0, 0], [2, -1], [3, 4], [-0.5, 2]], dtype=np.float32)
HISTORIES = np.array([[3, 4, 0], [5, 0, 0]])
LISTS = np.array([[5, 3], [4, 0]])


def made(generator: str, **more) -> np.ndarray:
    return user_features(generator, HISTORIES, LISTS, VECTORS, **more)


def test_origin() -> None:
    # User 0: mean of (2,-1), (3,4) minus mean of (-0.5,2), (2,-1).
    np.testing.assert_allclose(made("Origin"), [[2.5 - 0.75, 1.5 - 0.5], [-3.5, -2]])
    # By rank the first weighs 2/3 and the second 1/3; user 1's list has one item.
    ranked = made("Origin", position_weights="linear")
    np.testing.assert_allclose(ranked, [[2.5 - 1 / 3, 1.5 - 1], [-3.5, -2]], rtol=1e-6)


def test_hadamard_multiplies() -> None:
    # (2*3, -1*4) - (-0.5*2, 2*-1); user 1: (-0.5, 2) - (3, 4).
    np.testing.assert_allclose(made("Hadamard"), [[6 + 1, -4 + 2], [-3.5, -2]], rtol=1e-6)
    zero = VECTORS.copy()
    zero[3] = [0, 1]
    product = user_features("Hadamard", HISTORIES[:1], LISTS[1:], zero)
    np.testing.assert_allclose(product, [[0 - 3, 4 - 4]], atol=1e-6)


def test_similarity_is_the_mean_dot_product() -> None:
    # User 0's history has the centre (2.5, 1.5).
    expected = [[-0.5 * 2.5 + 2 * 1.5, 2 * 2.5 - 1.5], [-0.5 * 3 + 2 * 4, 0]]
    np.testing.assert_allclose(made("Similarity"), expected, rtol=1e-6)


def test_concatenations() -> None:
    ten = made("Concat10")
    assert ten.shape == (2, (10 + 2) * 2)  # the lists hold two
    np.testing.assert_array_equal(ten[0, :6], [2, -1, 3, 4, 0, 0])
    np.testing.assert_array_equal(ten[0, 20:], [-0.5, 2, 2, -1])
    assert made("Concat20").shape == (2, (20 + 2) * 2)
    long = np.tile(LISTS, (1, 50))
    assert user_features("Concat100", HISTORIES, long, VECTORS).shape == (2, (20 + 100) * 2)
    assert user_features("Concat20", HISTORIES, long, VECTORS).shape == (2, (20 + 20) * 2)


def test_k_means_finds_planted_clusters() -> None:
    rng = np.random.default_rng(5)
    members = rng.random(400) < 0.5
    centres = np.where(members[:, None], 0.5, 6.0)  # members lie nearer to the origin
    vectors = (centres + rng.normal(size=(400, 4))).astype(np.float32)
    attack = KMeansAttack(seed=1)
    (scores,) = attack.score_each(vectors)
    assert roc_auc(scores, members) > 0.999
    assert hard_label_auc(scores >= attack.threshold, members) > 0.99
    np.testing.assert_array_equal(scores, attack.score_each(vectors)[0])
    # One cluster only: whichever half is called members, it is no better than chance.
    noise = rng.normal(size=(4000, 4)).astype(np.float32)
    assert abs(roc_auc(attack.score_each(noise)[0], rng.random(4000) < 0.5) - 0.5) < 0.05
