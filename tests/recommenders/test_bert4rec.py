"""BERT4Rec on planted orders; masking, attention and loss against written-out versions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recmia.errors import SettingsError
from recmia.recommenders.bert4rec import MASK, BERT4Rec, _Layer, _Network, hide
from recmia.sessions import Sessions

from .made_up_orders import VOCABULARY, check_order_is_learned, cyclic_users


def trained(**settings) -> BERT4Rec:
    chosen = {"dim": 32, "heads": 2, "layers": 1, "length": 12, "epochs": 100}
    chosen |= {
        "learning_rate": 3e-3,
        "mask_share": 0.2,
        "batch_size": 64,
        "dropout": 0.0,
        "seed": 1,
    } | settings
    return BERT4Rec(vocabulary_size=VOCABULARY, **chosen).fit(cyclic_users()[0])


@pytest.fixture(scope="module")
def model() -> BERT4Rec:
    return trained()


def test_order_is_learned(model):
    check_order_is_learned(model, 0.7)


def test_same_seed_same_lists_and_global_state_is_left_alone():
    users, _ = cyclic_users()
    before = torch.random.get_rng_state()
    model, again, other = (
        trained(epochs=1, layers=2, dropout=0.1, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    np.testing.assert_array_equal(again.recommend(users, 9), model.recommend(users, 9))
    assert (other.recommend(users, 9) != model.recommend(users, 9)).any()


def untrained(**settings) -> _Network:
    torch.manual_seed(0)
    chosen = {"vocabulary_size": 20, "dim": 8, "heads": 2, "length": 6, "seed": 0} | settings
    network = _Network(BERT4Rec(**chosen)).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network


def test_padding_and_neighbours_in_a_batch_change_nothing():
    network = untrained()
    alone = torch.tensor([[4, 5, MASK]])
    padded = torch.tensor([[0, 0, 4, 5, MASK], [7, 8, 9, 10, MASK]])
    one, two = network(alone, alone == MASK), network(padded, padded == MASK)
    torch.testing.assert_close(two[:1], one)
    assert not torch.allclose(two[1], one[0], atol=1e-3)


def test_what_follows_counts_as_what_precedes():
    """Both sides are seen: an item after the hidden one changes what is told of it."""
    network = untrained()
    tokens = torch.tensor([[4, MASK, 6], [4, MASK, 7], [5, MASK, 6]])
    states = network(tokens, tokens == MASK)
    assert not torch.allclose(states[0], states[1], atol=1e-3)
    assert not torch.allclose(states[0], states[2], atol=1e-3)


def test_attention_is_that_of_pytorch():
    torch.manual_seed(2)
    layer, theirs = _Layer(8, 2, 0.0), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_weight.copy_(layer.in_projection.weight)
        theirs.in_proj_bias.copy_(layer.in_projection.bias)
        theirs.out_proj.weight.copy_(layer.out_projection.weight)
        theirs.out_proj.bias.copy_(layer.out_projection.bias)
    x, there = torch.randn(3, 5, 8), torch.tensor([[0, 0, 1, 1, 1], [1] * 5, [0, 1, 1, 1, 1]]) > 0
    normed = layer.norms[0](x)
    mixed, _ = theirs(normed, normed, normed, key_padding_mask=~there, need_weights=False)
    found = layer.attend(x, there[:, None, None])
    torch.testing.assert_close(found[there], (x + mixed)[there])


def test_loss_is_the_cross_entropy_over_the_catalogue():
    network = untrained()
    states = torch.randn(9, 8, requires_grad=True)
    targets = torch.randint(3, 20, (9,), generator=torch.Generator().manual_seed(1))
    log_probability = torch.log_softmax(states @ network.items.T + network.bias, dim=1)
    expected = -sum(log_probability[i, t] for i, t in enumerate(targets)) / 9
    wanted = (states, network.items, network.bias)
    gradients = torch.autograd.grad(expected, wanted)
    found = network.loss(states, targets)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(torch.autograd.grad(found, wanted), gradients)


def test_hidden_share_and_at_least_one_of_each_row():
    draw = np.random.default_rng(0)
    tokens = np.where(np.arange(10) < draw.integers(1, 11, 4000)[:, None], 5, 0)[:, ::-1]
    hidden = hide(tokens, 0.15, draw)
    assert hidden.any(axis=1).all() and not hidden[tokens == 0].any()
    # A row of n has n * 0.15 on average, and one where none was chosen: + 0.85 ** n.
    for n in (1, 4, 10):
        rows = hidden[(tokens > 0).sum(axis=1) == n]
        spread = np.sqrt(n * 0.15 * 0.85 / len(rows))
        assert rows.sum(axis=1).mean() == pytest.approx(0.15 * n + 0.85**n, abs=5 * spread)


def test_only_the_last_items_are_looked_at():
    model = BERT4Rec(vocabulary_size=20, dim=8, heads=2, length=4, epochs=1, seed=0).fit(
        Sessions(np.arange(3, 13).reshape(2, 5), np.array([5, 5]), np.arange(2))
    )
    # The hidden item takes the last of four places.
    clicks = np.array([[3, 4, 5, 6, 7], [9, 9, 5, 6, 7], [3, 4, 8, 6, 7]])
    scores = model._scores(Sessions(clicks, np.full(3, 5), np.arange(3)))
    torch.testing.assert_close(scores[0], scores[1], rtol=0, atol=0)
    assert not torch.equal(scores[0], scores[2])


@pytest.mark.parametrize("wrong", [{"heads": 3}, {"mask_share": 0.0}, {"length": 1}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(SettingsError, match=f"{next(iter(wrong))}="):
        BERT4Rec(vocabulary_size=9, seed=0, **wrong)
