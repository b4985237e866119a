"""Norms and clipped gradients of units against a plain loop over them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recmia.errors import RecmiaError
from recmia.recommenders import transformer
from recmia.recommenders.settings import Target
from recmia.recommenders.training import batch_loss
from recmia.recommenders.unit_gradients import add_clipped, pieces
from recmia.sessions import Sessions

VOCABULARY, LONGEST = 20, 6  # few items, so that they come again within a session and a user
OF_USERS = np.array([0, 0, 1, 2, 2, 2, 3, 4, 4, 5])
OF_SESSIONS = np.arange(len(OF_USERS))


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    target = Target(epochs=1, d_model=16, layers=2, heads=2)
    made = transformer.build_model(target, VOCABULARY, LONGEST + 2, seed=0)
    torch.manual_seed(0)
    with torch.no_grad():  # scales, shifts and biases are no longer at their start
        for weights in made.parameters():
            weights.add_(0.3 * torch.randn(weights.shape))
    return made


@pytest.fixture(scope="module")
def tokens() -> torch.Tensor:
    draw = np.random.default_rng(1)
    lengths = draw.integers(2, LONGEST + 1, len(OF_USERS))
    clicks = draw.integers(3, VOCABULARY, (len(OF_USERS), LONGEST))
    clicks[np.arange(LONGEST) >= lengths[:, None]] = 0
    return torch.from_numpy(Sessions(clicks, lengths, np.arange(len(clicks))).tokens())


def one_by_one(model: torch.nn.Module, tokens: torch.Tensor, units: np.ndarray) -> list[list]:
    """Gradients of each unit's summed loss in all weights, by autograd alone."""
    found = []
    for unit in range(units.max() + 1):
        batch = tokens[torch.from_numpy(units == unit)]
        states, rows, positions = transformer.predicting_states(model, batch)
        logits = transformer.project(model, states)
        loss = torch.nn.functional.cross_entropy(logits, batch[rows, positions], reduction="sum")
        parts = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
        pairs = zip(parts, model.parameters(), strict=True)
        found.append([torch.zeros_like(w) if g is None else g for g, w in pairs])
    return found


def gradients(model: torch.nn.Module) -> list[torch.Tensor]:
    return [torch.zeros_like(w) if w.grad is None else w.grad for w in model.parameters()]


def cleared(model: torch.nn.Module) -> torch.nn.Module:
    model.zero_grad(set_to_none=True)
    return model.eval()


@pytest.mark.parametrize("units", [OF_SESSIONS, OF_USERS], ids=["sessions", "users"])
def test_norms_and_clipped_sums_are_those_of_a_loop(model, tokens, units):
    plain = one_by_one(cleared(model), tokens, units)
    norms = torch.stack([torch.cat([g.ravel() for g in one]).norm() for one in plain])
    clip = float(norms.median())  # some are clipped, some are not
    found = add_clipped(model, tokens, torch.from_numpy(units), clip)
    assert torch.allclose(found.norms, norms, rtol=1e-4)
    assert norms.min() < clip < norms.max()
    shares = (clip / norms).clamp(max=1)
    for number, got in enumerate(gradients(model)):
        expected = sum(s * one[number] for s, one in zip(shares, plain, strict=True))
        assert torch.allclose(got, expected, rtol=1e-3, atol=1e-4 * clip)


def test_without_clipping_it_is_the_plain_gradient(model, tokens):
    loss, count = batch_loss(cleared(model), tokens)
    (loss * count).backward()
    plain = [g.clone() for g in gradients(model)]
    units = torch.from_numpy(OF_USERS)
    found = add_clipped(cleared(model), tokens, units, float("inf"))
    assert found.tokens == count and np.isclose(found.loss, loss.item() * count, rtol=1e-5)
    for got, expected in zip(gradients(model), plain, strict=True):
        assert torch.allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_dropout_has_one_mask_for_norm_and_gradient(tokens):
    """A single unit that is clipped adds a gradient of exactly the clipping norm."""
    target = Target(epochs=1, d_model=16, layers=1, heads=2, dropout=0.4)
    model = transformer.build_model(target, VOCABULARY, LONGEST + 2, seed=0).train()
    for seed in range(3):
        torch.manual_seed(seed)
        model.zero_grad(set_to_none=True)
        add_clipped(model, tokens[:3], torch.zeros(3, dtype=torch.int64), 0.01)
        added = torch.cat([g.ravel() for g in gradients(model)]).norm()
        assert np.isclose(float(added), 0.01, rtol=1e-4)


def test_a_loss_that_is_not_known_is_refused(tokens):
    for changes, remedy in (
        ({"label_smoothing": 0.1}, "leave label_smoothing"),
        ({"sampled_negatives": 5}, "leave label_smoothing"),
        ({"architecture": "xlnet"}, "architecture gpt2"),
    ):
        target = Target(epochs=1, d_model=8, layers=1, heads=2, **changes)
        model = transformer.build_model(target, VOCABULARY, LONGEST + 2, seed=0)
        with pytest.raises(RecmiaError, match=f"Remedy: {remedy}"):
            add_clipped(model, tokens, torch.from_numpy(OF_SESSIONS), 1.0)


def test_pieces_by_hand():
    found = [piece.tolist() for piece in pieces(np.array([3, 9, 2, 3, 1]), 6)]
    assert found == [[4, 2], [0, 3], [1]]  # 2 x 2, 2 x 3, and one that is longer than allowed
    everybody = np.concatenate(list(pieces(np.arange(1, 50), 40)))
    assert sorted(everybody) == list(range(49))
