"""The loss without logits is PyTorch's, whatever the chunks, the smoothing and the precision."""

from __future__ import annotations

import pytest
import torch

from recmia.recommenders import loss


def gradients(states: torch.Tensor, weight: torch.Tensor, value) -> tuple[torch.Tensor, ...]:
    states, weight = states.clone().requires_grad_(), weight.clone().requires_grad_()
    found = value(states, weight)
    (3 * found).backward()  # an upstream gradient that is not 1
    return found.detach(), states.grad, weight.grad


@pytest.fixture(params=["one chunk", "several", "blocks of items"])
def case(request, monkeypatch):
    drawn = torch.Generator().manual_seed(1)
    states = torch.randn(23, 16, generator=drawn)
    weight = torch.randn(50, 16, generator=drawn)
    targets = torch.randint(0, 50, (23,), generator=drawn)
    if request.param == "several":
        monkeypatch.setattr(loss, "CHUNK_BYTES", 4 * 50 * 5)  # 5 rows; the last chunk has 3
    if request.param == "blocks of items":
        monkeypatch.setattr(loss, "BLOCK_ITEMS", 16)  # the last block has 2 items and 14 to fill up
    return states, weight, targets


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize(
    ("precision", "tolerance"), [(torch.float32, 1e-6), (torch.bfloat16, 1e-2)]
)
def test_loss_and_gradients_are_those_of_pytorch(case, smoothing, precision, tolerance):
    states, weight, targets = case
    ours = gradients(
        states,
        weight,
        lambda s, w: loss.TiedCrossEntropy.apply(s, w, targets, smoothing, precision),
    )
    theirs = gradients(
        states,
        weight,
        lambda s, w: torch.nn.functional.cross_entropy(s @ w.T, targets, label_smoothing=smoothing),
    )
    for own, other in zip(ours, theirs, strict=True):
        assert own.dtype == torch.float32
        assert (own - other).norm() <= tolerance * other.norm()


def test_chunks_do_not_round_twice(monkeypatch):
    """With bfloat16 the sum over many chunks is as exact as over one."""
    drawn = torch.Generator().manual_seed(2)
    states, weight = torch.randn(600, 8, generator=drawn), torch.randn(20, 8, generator=drawn)
    targets = torch.randint(0, 20, (600,), generator=drawn)

    def apart() -> float:
        half, full = (
            gradients(
                states,
                weight,
                lambda s, w, p=p: loss.TiedCrossEntropy.apply(s, w, targets, 0.0, p),
            )[2]
            for p in (torch.bfloat16, torch.float32)
        )
        return float((half - full).norm() / full.norm())

    whole = apart()
    monkeypatch.setattr(loss, "CHUNK_BYTES", 4 * 20)  # a row a chunk
    assert apart() < 2 * whole + 2e-3
