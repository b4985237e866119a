"""GRU4Rec on planted orders; cell, loss, step and lanes against written-out versions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from recmia.errors import DataError
from recmia.recommenders.gru4rec import (
    GRU4Rec,
    Weights,
    adagrad_step,
    advance,
    lanes_of,
    scores,
    top1_max,
)
from recmia.sessions import Sessions

from .made_up_orders import VOCABULARY, check_order_is_learned, cyclic_users


def trained(**settings) -> GRU4Rec:
    chosen = {"hidden": 32, "epochs": 3, "learning_rate": 0.1, "batch_size": 16, "dropout": 0.2}
    chosen |= {"seed": 1} | settings
    return GRU4Rec(vocabulary_size=VOCABULARY, **chosen).fit(cyclic_users()[0])


@pytest.fixture(scope="module")
def model() -> GRU4Rec:
    return trained()


def test_order_is_learned(model):
    check_order_is_learned(model, 0.9)


def test_same_seed_same_lists_and_global_state_is_left_alone():
    users, _ = cyclic_users()
    before = torch.random.get_rng_state()
    model, again, other = (trained(epochs=1, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    for one, two in zip(again.weights, model.weights, strict=True):
        assert torch.equal(one, two)
    np.testing.assert_array_equal(again.recommend(users, 9), model.recommend(users, 9))
    assert (other.recommend(users, 9) != model.recommend(users, 9)).any()


def test_cell_is_that_of_pytorch_on_one_hot_items():
    draw = torch.Generator().manual_seed(0)
    inputs, recurrent = torch.randn(7, 12, generator=draw), torch.randn(4, 12, generator=draw)
    bias, state = torch.randn(12, generator=draw), torch.randn(3, 4, generator=draw)
    cell = torch.nn.GRUCell(7, 4)
    with torch.no_grad():
        cell.weight_ih.copy_(inputs.T), cell.weight_hh.copy_(recurrent.T)
        cell.bias_ih.copy_(bias), cell.bias_hh.zero_()
    items = torch.tensor([6, 2, 2])
    expected = cell(torch.nn.functional.one_hot(items, 7).float(), state)
    found = advance(Weights(inputs, recurrent, bias, torch.zeros(0)), inputs[items], state)
    torch.testing.assert_close(found, expected)


def test_scores_by_hand():
    # 2 * 3 + 1 * -1 + bias 0.5, and 2 * 0 + 1 * 4 - 1.
    vectors = torch.tensor([[3.0, -1.0, 0.5], [0.0, 4.0, -1.0]])
    assert scores(torch.tensor([[2.0, 1.0]]), vectors).tolist() == [[5.5, 3.0]]


def test_loss_written_out():
    drawn = np.random.default_rng(4).normal(size=(4, 4))
    targets = [3, 9, 3, 5]  # rows 0 and 2 want the same item, which is no negative of theirs
    total = 0.0
    for i in range(4):
        negatives = [j for j in range(4) if targets[j] != targets[i]]
        norm = sum(math.exp(drawn[i, j]) for j in negatives)
        for j in negatives:
            worse = 1 / (1 + math.exp(-(drawn[i, j] - drawn[i, i])))
            large = 1 / (1 + math.exp(-(drawn[i, j] ** 2)))
            total += math.exp(drawn[i, j]) / norm * (worse + large)
    found = top1_max(torch.from_numpy(drawn), torch.tensor(targets))
    assert found.item() == pytest.approx(total / 4, rel=1e-12)
    # A batch of one item has no negatives, hence no loss and no gradient that is not a number.
    alone = torch.zeros(2, 2, requires_grad=True)
    loss = top1_max(alone, torch.tensor([3, 3]))
    loss.backward()
    assert loss.item() == 0 and torch.equal(alone.grad, torch.zeros(2, 2))


def test_steps_are_those_of_pytorchs_adagrad():
    start = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    theirs = torch.nn.Parameter(start.clone())
    optimiser = torch.optim.Adagrad([theirs], lr=0.1)
    ours, squares = start.clone(), torch.zeros(6, 3)
    for rows in ([0, 4], [4, 5]):
        gradient = torch.full((2, 3), 0.5) + torch.arange(3.0)
        theirs.grad = torch.zeros(6, 3)
        theirs.grad[rows] = gradient
        optimiser.step()
        adagrad_step(ours, squares, gradient, torch.tensor(rows), 0.1)
    torch.testing.assert_close(ours, theirs.detach())
    assert torch.equal(ours[1:4], start[1:4])


def test_lanes_by_hand():
    clicks = np.array([[3, 4, 5, 0], [6, 7, 8, 9], [4, 3, 0, 0]])
    sessions = Sessions(clicks, np.array([3, 4, 2]), np.arange(3))
    # The string of pairs: 3>4 4>5 | 6>7 7>8 8>9 | 4>3, cut into two lanes of three.
    items, targets, begins = lanes_of(sessions, 2)
    assert items.T.tolist() == [[3, 4, 6], [7, 8, 4]]
    assert targets.T.tolist() == [[4, 5, 7], [8, 9, 3]]
    assert begins.T.tolist() == [[True, False, True], [False, False, True]]
    # Never more lanes than sequences.
    assert lanes_of(sessions, 50)[0].shape == (2, 3)


def test_two_sequences_with_a_next_item_are_needed():
    sessions = Sessions(np.array([[3, 4], [5, 0]]), np.array([2, 1]), np.arange(2))
    with pytest.raises(DataError, match="1 sequences have a next item"):
        GRU4Rec(vocabulary_size=9, seed=0).fit(sessions)
