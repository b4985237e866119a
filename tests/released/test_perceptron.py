"""Compiled descent against the study's own; what is learned, and what is too short to be."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recmia.attacks.stacked import train_stacked
from recmia.errors import DataError
from recmia.evaluation.metrics import hard_label_auc
from recmia.released.perceptron import HIDDEN, RELEASED, TEXT, Training, probabilities, train


def users(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Difference vectors as released: short noise minus one of two lists, members first."""
    draw = np.random.default_rng(seed)
    membership = np.arange(n) < n // 2
    lists = 0.1 * draw.standard_normal((2, 100))
    features = 0.14 * draw.standard_normal((n, 100)) - lists[membership.astype(int)]
    return features.astype(np.float32), membership


def by_torch(features: np.ndarray, membership: np.ndarray, training: Training) -> np.ndarray:
    stack = train_stacked(
        torch.from_numpy(features.copy())[None],
        torch.from_numpy(membership.copy())[None],
        hidden=HIDDEN,
        epochs=training.epochs,
        learning_rate=training.learning_rate,
        momentum=training.momentum,
        batch_size=training.batch,
        shuffle=False,
        softmax_twice=training.softmax_twice,
        seeds=[7],
    )
    return stack.parameters[0].numpy()


@pytest.mark.parametrize(
    "training",
    [
        Training(epochs=2),
        Training(epochs=2, momentum=0.7, softmax_twice=False),
        Training(epochs=5, batch=64),  # of 100 users: the last batch has 36
        Training(epochs=5, batch=64, softmax_twice=False, learning_rate=0.1),
        Training(epochs=0),
    ],
)
def test_the_descent_is_that_of_the_study(training: Training) -> None:
    features, membership = users(100)
    made = train(4 * features, membership, training, seed=7)
    expected = by_torch(4 * features, membership, training)
    np.testing.assert_allclose(made, expected, atol=1e-5)
    start = train(features, membership, Training(epochs=0), seed=7)
    moved = np.abs(made - start).max()
    assert moved > 0.001 if training.epochs else moved == 0


def test_members_last_is_the_same_users_from_behind() -> None:
    features, membership = users(100)
    last = train(features, membership, Training(epochs=2, order="members last"), seed=7)
    assert np.array_equal(last, train(features[::-1], membership[::-1], Training(epochs=2), seed=7))
    assert not np.array_equal(last, train(features, membership, Training(epochs=2), seed=7))


def test_every_epoch_is_shuffled_anew() -> None:
    features, membership = users(100)
    # Were the order of one epoch that of all, three epochs would be one of three times the users.
    one = np.random.default_rng(0).permutation(100)
    thrice = np.concatenate([one] * 3)
    shuffled = Training(epochs=3, order="shuffled")
    made = train(features, membership, shuffled, seed=7)
    assert np.array_equal(made, train(features, membership, shuffled, seed=7))
    fixed = train(features[thrice], membership[thrice], Training(epochs=1), seed=7)
    assert not np.allclose(made, fixed, atol=1e-4)
    assert not np.allclose(made, train(features, membership, Training(epochs=3), seed=7), atol=1e-4)


def test_no_other_order() -> None:
    with pytest.raises(DataError, match="'sorted' is no order"):
        Training(order="sorted")


def test_the_texts_training_is_another() -> None:
    assert (RELEASED.momentum, RELEASED.softmax_twice, RELEASED.batch) == (0.9, True, 1)
    assert (RELEASED.epochs, RELEASED.order) == (20, "members first")
    assert (TEXT.momentum, TEXT.softmax_twice, TEXT.order) == (0.7, False, "shuffled")
    assert (TEXT.epochs, TEXT.batch, TEXT.learning_rate) == (20, 1, 0.01)
    features, membership = users(100)
    made = [train(features, membership, training, seed=7) for training in (RELEASED, TEXT)]
    assert not np.allclose(*made, atol=1e-3)


def test_what_lists_tell_apart_is_learned_unless_vectors_are_a_tenth_as_long() -> None:
    features, membership = users(2000)
    parameters = train(features, membership, seed=3)[None]
    other, truth = users(2000)
    called = probabilities(parameters, other)[0] > 0.5
    assert hard_label_auc(called, truth) > 0.95
    short = train(features / 10, membership, seed=3)[None]
    called = probabilities(short, other / 10)[0] > 0.5
    assert called.all() or not called.any()
    assert hard_label_auc(called, truth) == 0.5


def test_probabilities_of_several_models_are_those_of_each() -> None:
    features, membership = users(60)
    models = np.stack([train(features, membership, Training(epochs=1), seed=s) for s in (1, 2)])
    both = probabilities(models, features)
    assert both.shape == (2, 60) and both.dtype == np.float64
    # By hand, layer after layer, the last row of each being the bias.
    x, begin = features.astype(np.float64), 0
    for a, b in ((100, 32), (32, 8), (8, 2)):
        w = models[1, begin : begin + (a + 1) * b].reshape(a + 1, b)
        begin += (a + 1) * b
        x = x @ w[:-1] + w[-1]
        x = np.maximum(x, 0) if b > 2 else x
    np.testing.assert_allclose(both[1], 1 / (1 + np.exp(x[:, 0] - x[:, 1])), atol=1e-5)
