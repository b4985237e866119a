"""Neural collaborative filtering on planted tastes, and its gradient against autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from recmia.errors import DataError
from recmia.recommenders.neumf import NeuMF, log_loss_gradient
from recmia.recommenders.neural_cf import NeuralCF
from recmia.sessions import Sessions

from .made_up_tastes import VOCABULARY, check_lists, overlap, own_taste, tasteful_users


def trained(**settings) -> NeuralCF:
    # Few users click little: larger steps take the place of more data.
    settings = {"learning_rate": 0.01, "epochs": 8, "seed": 1} | settings
    return NeuralCF(vocabulary_size=VOCABULARY, **settings).fit(tasteful_users()[0])


@pytest.fixture(scope="module")
def model() -> NeuralCF:
    return trained()


def test_tastes_are_told_apart(model):
    check_lists(model)


def test_sizes_of_the_paper():
    network = NeuMF(5, 9, 8, (64, 32, 16), torch.Generator().manual_seed(0))
    shapes = [tuple(p.shape) for p in network.parameters()]
    # GMF 8 and 32 a side for the perceptron of 64, 32 and 16; 8 + 16 are joined.
    assert shapes == [(5, 40), (9, 40), (32, 64), (32,), (16, 32), (16,), (1, 24), (1,)]


def test_logit_by_hand():
    network = NeuMF(1, 1, 1, (2, 1), torch.Generator().manual_seed(0))
    values = {
        "users": [[2.0, 3.0]], "items": [[5.0, -1.0]], "output.weight": [[0.5, 2.0]],
        "output.bias": [0.25], "perceptron.layers.0.weight": [[1.0, 1.0]],
        "perceptron.layers.0.bias": [-0.5],
    }  # fmt: skip
    network.load_state_dict({name: torch.tensor(value) for name, value in values.items()})
    # 0.5 * (2 * 5) + 2 * relu(3 - 1 - 0.5) + 0.25
    assert network(network.users, network.items).item() == pytest.approx(8.25)


@pytest.mark.parametrize("layers", [(64, 32, 16), (6, 3), (8, 8, 4, 2)])
def test_gradient_is_that_of_autograd(layers):
    draw = torch.Generator().manual_seed(3)
    network = NeuMF(7, 11, 5, layers, draw).double()
    with torch.no_grad():
        network.users.mul_(100), network.items.mul_(100)
    users, items = (torch.randint(0, n, (64,), generator=draw) for n in (7, 11))
    labels = torch.randint(0, 2, (64,), generator=draw).double()
    logits = network(network.users[users], network.items[items])
    expected = torch.autograd.grad(
        binary_cross_entropy_with_logits(logits, labels), list(network.parameters())
    )
    for _ in "ab":  # the second overwrites the first
        log_loss_gradient(network, users, items, labels)
    for parameter, gradient in zip(network.parameters(), expected, strict=True):
        assert gradient.abs().max() > 1e-4
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-12)


def test_same_seed_same_lists_and_global_state_is_left_alone(model):
    users, _ = tasteful_users()
    before = torch.random.get_rng_state()
    again, other = trained(), trained(seed=2)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(again.network.items, model.network.items)
    np.testing.assert_array_equal(again.recommend(users, 10), model.recommend(users, 10))
    assert (other.recommend(users, 10) != model.recommend(users, 10)).any()


def test_a_user_folded_in_resembles_the_same_user_trained(model):
    users, taste = tasteful_users()
    lists, folded = model.recommend(users, 10), model.recommend_folded_in(users, 10)
    one = np.flatnonzero(taste == 0)  # compared with another of the same taste
    same = overlap(folded, lists)[one].mean()
    assert same > overlap(folded[one], lists[np.roll(one, 1)]).mean() + 0.1


def test_strangers_must_be_folded_in_and_have_a_history(model):
    stranger = Sessions(np.array([[3, 4]]), np.array([2]), np.array([5]))
    with pytest.raises(DataError, match="row 5.*recommend_folded_in"):
        model.recommend(stranger, 3)
    assert own_taste(model.recommend_folded_in(stranger, 3), np.array([0])) == 1
    empty = Sessions(np.array([[0, 0]]), np.array([0]), np.array([5]))
    with pytest.raises(DataError, match="row 5 is empty"):
        model.recommend_folded_in(empty, 3)
