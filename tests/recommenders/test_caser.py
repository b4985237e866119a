"""Caser on planted orders; its network, loss and windows against written-out versions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from recmia.errors import DataError, SettingsError
from recmia.recommenders.caser import Caser, _Network, log_loss, windows_of
from recmia.recommenders.sequences import own_chance
from recmia.sessions import Sessions

from .made_up_orders import VOCABULARY, check_order_is_learned, cyclic_users


def trained(**settings) -> Caser:
    # Users lack nearly all items, the next one too: their vectors must not learn that by heart.
    chosen = {"window": 3, "targets": 1, "dim": 16, "epochs": 20, "learning_rate": 0.02}
    chosen |= {"dropout": 0.0, "batch_size": 64, "negatives": 2, "regularisation": 2e-3}
    chosen |= {"seed": 1} | settings
    return Caser(vocabulary_size=VOCABULARY, **chosen).fit(cyclic_users()[0])


@pytest.fixture(scope="module")
def model() -> Caser:
    return trained()


def test_order_is_learned(model):
    check_order_is_learned(model, 0.8)


def test_same_seed_same_lists_and_global_state_is_left_alone():
    users, _ = cyclic_users()
    before = torch.random.get_rng_state()
    model, again, other = (trained(epochs=1, dropout=0.5, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    np.testing.assert_array_equal(again.recommend(users, 9), model.recommend(users, 9))
    assert (other.recommend(users, 9) != model.recommend(users, 9)).any()


def test_network_written_out():
    """Equations 3 to 8 of Tang and Wang, one number at a time, with a padded window."""
    settings = Caser(vocabulary_size=6, window=3, dim=2, vertical=2, horizontal=2, seed=0)
    with own_chance(torch.device("cpu"), 1, "network"):
        network = _Network(1, settings).double().requires_grad_(False)
    window, user = [0, 4, 5], network.users[0]
    matrix = network.items[window].clone()
    matrix[0] = 0
    features = []
    for height in range(1, 4):
        layer = network.horizontal[height - 1]
        for filter_, bias in zip(layer.weight, layer.bias, strict=True):
            values = [
                max(0.0, (matrix[i : i + height] * filter_.view(height, 2)).sum() + bias)
                for i in range(3 - height + 1)
            ]
            features.append(max(map(float, values)))
    for filter_, bias in zip(network.vertical.weight, network.vertical.bias, strict=True):
        features += [
            float(sum(filter_[row] * matrix[row, d] for row in range(3)) + bias) for d in range(2)
        ]
    z = torch.relu(network.dense(torch.tensor(features, dtype=torch.float64)))
    x = torch.cat([z, user])
    expected = [float(network.outputs[v, :-1] @ x + network.outputs[v, -1]) for v in range(6)]
    joined = network.joined(user[None], torch.tensor([window]))
    assert network.scores(joined)[0].tolist() == pytest.approx(expected, rel=1e-9)
    some = network.scores(joined, torch.tensor([[5, 0, 3]]))[0].tolist()
    assert some == pytest.approx([expected[5], expected[0], expected[3]], rel=1e-9)


def test_loss_written_out():
    scores = np.random.default_rng(0).normal(size=(2, 5))
    items = np.array([[3, 4, 0, 7, 8], [5, 6, 7, 3, 0]])  # one target and one negative are missing
    right = [-math.log(1 / (1 + math.exp(-scores[i, j]))) for i in (0, 1) for j in range(3)]
    wrong = [-math.log(1 - 1 / (1 + math.exp(-scores[i, j]))) for i in (0, 1) for j in (3, 4)]
    del right[2], wrong[3]
    expected = sum(right) / 5 + sum(wrong) / 3
    found = log_loss(torch.from_numpy(scores), torch.from_numpy(items), targets=3)
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_windows_by_hand():
    clicks = np.array(
        [[3, 4, 5, 6, 7, 8], [3, 4, 5, 6, 0, 0], [9, 8, 0, 0, 0, 0], [7, 0, 0, 0, 0, 0]]
    )
    sessions = Sessions(clicks, np.array([6, 4, 2, 1]), np.arange(4))
    users, windows, targets = windows_of(sessions, 3, 2)
    assert users.tolist() == [0, 0, 1, 2, 3]
    assert windows.tolist() == [[3, 4, 5], [4, 5, 6], [0, 3, 4], [0, 0, 9], [0, 0, 0]]
    assert targets.tolist() == [[6, 7], [7, 8], [5, 6], [8, 0], [7, 0]]


def test_vectors_of_users_belong_to_them():
    users, _ = cyclic_users()
    model = trained(epochs=2, regularisation=1e-6)
    places = np.arange(len(users))[::-1]
    # The same history under another user's row id is scored with that user's vector.
    swapped = Sessions(users.clicks, users.lengths, users.row_ids[places])
    scores = [
        model._scores(part, model.network.users[torch.from_numpy(rows.copy())])
        for part, rows in ((users, np.arange(len(users))), (swapped, places))
    ]
    assert not torch.allclose(*scores)
    np.testing.assert_array_equal(
        model.recommend_folded_in(users, 9), model.recommend_folded_in(swapped, 9)
    )
    with pytest.raises(DataError, match="row 5.*recommend_folded_in"):
        model.recommend(Sessions(np.array([[3, 4]]), np.array([2]), np.array([5])), 3)


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(SettingsError, match="targets=0"):
        Caser(vocabulary_size=9, targets=0, seed=0)
