"""Positions, padding and masking of the session models."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recmia.recommenders import loss as loss_module
from recmia.recommenders import transformer
from recmia.recommenders.settings import Target
from recmia.recommenders.training import batch_loss
from recmia.sessions import Sessions

VOCABULARY, TOKENS = 40, 12


def target(architecture: str = "gpt2") -> Target:
    return Target(
        architecture=architecture, d_model=16, layers=2, heads=2, epochs=1, recorded_epochs=(1,)
    )


@pytest.fixture(scope="module")
def causal() -> torch.nn.Module:
    model = transformer.build_model(target(), VOCABULARY, TOKENS, seed=1)
    # An untrained transformer of this library hardly mixes positions; make it do so.
    with torch.no_grad():
        for value in model.parameters():
            value.add_(0.2 * torch.randn(value.shape, generator=torch.Generator().manual_seed(0)))
    return model.eval()


@pytest.fixture(scope="module")
def masked() -> torch.nn.Module:
    return transformer.build_model(target("xlnet"), VOCABULARY, TOKENS, seed=1).eval()


def tokens(*rows: list[int], width: int = 0) -> torch.Tensor:
    width = max([width, *map(len, rows)])
    return torch.tensor([row + [0] * (width - len(row)) for row in rows])


SHORT, LONG = [1, 5, 6, 7, 2], [1, 8, 9, 10, 11, 12, 2]


def predictions(model: torch.nn.Module, *rows: list[int], width: int = 0) -> torch.Tensor:
    """Logits [m, V] of every token of the first row but its first."""
    states, row, _ = transformer.predicting_states(model, tokens(*rows, width=width))
    return transformer.project(model, states)[row == 0]


def test_every_position_equals_the_library_at_the_end_of_the_prefix(causal):
    with torch.no_grad():
        logits = predictions(causal, LONG)
        for n in range(1, len(LONG)):
            expected = causal({"item_id": tokens(LONG[:n])})[0]
            torch.testing.assert_close(logits[n - 1, 2:], expected[2:], atol=1e-5, rtol=0)


def test_the_future_changes_nothing_and_the_past_does(causal):
    with torch.no_grad():
        base = predictions(causal, LONG)
        future = predictions(causal, LONG[:5] + [20, 21])
        past = predictions(causal, [1, 30] + LONG[2:])
    torch.testing.assert_close(base[:5], future[:5], atol=1e-5, rtol=0)
    assert (base[5] - past[5]).abs().max() > 1e-3


def test_padding_changes_nothing_for_a_causal_model(causal):
    with torch.no_grad():
        narrow = predictions(causal, SHORT)
        wide = predictions(causal, SHORT, LONG, width=TOKENS)
    torch.testing.assert_close(narrow, wide, atol=1e-5, rtol=0)


@pytest.mark.parametrize("rows", [[LONG, LONG[:-2] + [14, 2]], [SHORT, LONG]])
def test_loss_equals_the_library(causal, rows):
    batch = tokens(*rows)
    expected = causal({"item_id": batch}, training=True)["loss"]
    loss, count = batch_loss(causal, batch)
    assert loss.item() == pytest.approx(expected.item(), abs=1e-6)
    assert count == sum(len(row) - 1 for row in rows)


def test_gradients_equal_the_library(causal, monkeypatch):
    monkeypatch.setattr(loss_module, "CHUNK_BYTES", 3 * 4 * VOCABULARY)  # chunks of 3 of 10 tokens
    batch = tokens(SHORT, LONG)
    # The masked-item embedding stands at places that nothing is predicted from.
    values = [v for n, v in causal.named_parameters() if "masked_item" not in n and "wte" not in n]
    expected = torch.autograd.grad(causal({"item_id": batch}, training=True)["loss"], values)
    for ours, theirs in zip(
        torch.autograd.grad(batch_loss(causal, batch)[0], values), expected, strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


def test_masked_position_is_hidden_and_the_rest_is_seen(masked):
    with torch.no_grad():
        one, rows, at = transformer.predicting_states(masked, tokens(SHORT, width=TOKENS))
        other, _, _ = transformer.predicting_states(masked, tokens([1, 5, 30, 7, 2], width=TOKENS))
    assert rows.tolist() == [0] * 4
    assert at.tolist() == [1, 2, 3, 4]
    torch.testing.assert_close(one[1], other[1])  # position 2 is masked: what stood there is gone
    assert (one[0] - other[0]).abs().max() > 1e-6


def test_masked_prediction_equals_the_library_on_the_last_item(masked):
    batch = tokens(SHORT, width=TOKENS)
    with torch.no_grad():
        output = masked({"item_id": batch}, testing=True)  # masks the last token, here the end
        states, _, _ = transformer.predicting_states(masked, batch)
        logits = transformer.project(masked, states)
    torch.testing.assert_close(logits[3], output["predictions"][0])


@pytest.mark.parametrize("kind", ["causal", "masked"])
def test_recommendations_are_items_once_each(kind, request):
    model = request.getfixturevalue(kind)
    full = TOKENS - 2
    sessions = Sessions(
        np.array([[5, 6, 7] + [0] * (full - 3), list(range(10, 10 + full))]),
        np.array([3, full]),
        np.arange(2),
    )
    everything = transformer.recommend(model, sessions, VOCABULARY - 3)
    for row in everything:
        assert sorted(row) == list(range(3, VOCABULARY))
    unseen = transformer.recommend(model, sessions, VOCABULARY - 3, exclude_seen=True)
    assert set(unseen[0]) == set(range(3, VOCABULARY)) - {5, 6, 7} | {0}
    np.testing.assert_array_equal(
        unseen[1][:5], [i for i in everything[1] if i not in range(10, 20)][:5]
    )


def test_causal_recommendation_follows_the_last_position(causal):
    sessions = Sessions(np.array([[8, 9, 10, 0]]), np.array([3]), np.arange(1))
    with torch.no_grad():
        logits = predictions(causal, [1, 8, 9, 10, 2])[-1, 3:]
    expected = logits.argsort(descending=True)[:5] + 3
    np.testing.assert_array_equal(transformer.recommend(causal, sessions, 5)[0], expected)


def test_weights_depend_on_the_seed_only():
    first, same, other = (
        transformer.build_model(target(), VOCABULARY, TOKENS, seed).state_dict()
        for seed in (3, 3, 4)
    )
    name = next(k for k in first if "embedding_tables" in k)
    assert all(torch.equal(first[k], same[k]) for k in first)
    assert not torch.equal(first[name], other[name])
