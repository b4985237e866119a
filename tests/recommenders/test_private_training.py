"""DP-SGD: its step without noise, its noise, its accounting, and resuming."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("opacus", reason="the extra 'private' is not installed")

from recmia.errors import ArtifactError
from recmia.recommenders import privacy, transformer
from recmia.recommenders.privacy import PRV, RDP, Mechanism, Private, noise_for, spent
from recmia.recommenders.private_training import (
    private_epoch,
    private_optimiser,
    train_privately,
)
from recmia.recommenders.settings import Target
from recmia.recommenders.training import batch_loss
from recmia.recommenders.unit_gradients import add_clipped
from recmia.sessions import Sessions

VOCABULARY = 30
TARGET = Target(d_model=8, layers=1, heads=2, dropout=0.1, epochs=1, recorded_epochs=(0, 2, 3))
PRIVATE = Private(sampled=10, clip=0.5, learning_rate=5e-3, epochs=3)


def sessions(n: int = 40, width: int = 6, seed: int = 0) -> Sessions:
    draw = np.random.default_rng(seed)
    lengths = draw.integers(2, width + 1, n)
    clicks = draw.integers(3, VOCABULARY, (n, width))
    clicks[np.arange(width) >= lengths[:, None]] = 0
    return Sessions(clicks, lengths, np.arange(n))


def built() -> torch.nn.Module:
    plain = TARGET.model_copy(update={"dropout": 0.0})
    return transformer.build_model(plain, VOCABULARY, 8, seed=0)


def weights(model: torch.nn.Module) -> torch.Tensor:
    return torch.cat([value.detach().ravel() for value in model.parameters()])


def test_without_noise_and_clipping_the_step_is_the_plain_one():
    """Everybody in one step; AdamW does not see the constant between sum and mean."""
    data = sessions()
    tokens, units = torch.from_numpy(data.tokens()), np.arange(len(data))
    private = Private(sampled=len(data), clip=1e9, learning_rate=5e-3, epochs=1)
    ours = built()
    optimiser = private_optimiser(ours, TARGET, private, noise=0.0)
    loss = private_epoch(ours, optimiser, tokens, units, private, len(data), seed=0, epoch=1)
    plain = built()
    before = weights(plain)
    expected, count = batch_loss(plain.train(), tokens)
    # The same constant for AdamW's epsilon: over units, not over tokens.
    (expected * count / len(data)).backward()
    torch.optim.AdamW(plain.parameters(), lr=5e-3, weight_decay=0.0).step()
    assert np.isclose(loss, expected.item(), rtol=1e-5)
    assert (weights(plain) - before).abs().max() > 1e-3
    assert torch.allclose(weights(ours), weights(plain), atol=2e-5)


def test_a_step_has_the_noise_that_is_accounted_for():
    """Clipped to nearly nothing, the gradient is noise: σ x clip over the units of a step."""
    private = Private(sampled=20, clip=1e-3, learning_rate=1.0, epochs=1)
    model, data = built(), sessions()
    optimiser = private_optimiser(model, TARGET, private, noise=50.0)
    tokens = torch.from_numpy(data.tokens())
    private_epoch(model, optimiser, tokens, np.arange(40), private, 40, seed=3, epoch=1)
    last = torch.cat([value.grad.ravel() for value in model.parameters()])
    expected = 50.0 * 1e-3 / 20
    assert np.isclose(float(last.std()), expected, rtol=0.06)  # of about 1,500 weights
    # No row of an item is without it: that would say that nobody clicked the item.
    assert (transformer.item_embedding(model).weight.grad != 0).all()


def test_one_unit_more_moves_a_step_by_the_clipping_norm_at_most():
    data, model = sessions(), built()
    tokens = torch.from_numpy(data.tokens())

    def summed(kept: int) -> torch.Tensor:
        model.zero_grad(set_to_none=True)
        add_clipped(model, tokens[:kept], torch.arange(kept) // 4, 0.1)  # users of four sessions
        grads = [w.grad for w in model.parameters() if w.grad is not None]
        return torch.cat([grad.ravel() for grad in grads])

    moved = float((summed(40) - summed(36)).norm())
    assert 0.0999 < moved <= 0.1001  # every gradient here is longer than that


def test_an_interrupted_training_ends_as_one_that_was_not(tmp_path):
    data, units = sessions(), np.arange(40) // 2
    told = {"population": 20, "seed": 1, "validation": sessions(seed=9)}

    class Killed(Exception):
        pass

    def kill(_: int) -> None:
        raise Killed

    def run(folder, **more):
        return train_privately(
            TARGET, PRIVATE, 1.0, VOCABULARY, data, units, tmp_path / folder, **told, **more
        )

    for _ in range(2):
        with pytest.raises(Killed):
            run("killed", progress=kill)
    resumed, whole = run("killed"), run("whole")
    assert [point["epoch"] for point in resumed.curve] == [0, 1, 2, 3]
    assert resumed.curve == whole.curve and whole.target.epochs == PRIVATE.epochs
    assert torch.equal(weights(resumed.load(3)), weights(whole.load(3)))
    assert not torch.equal(weights(whole.load(3)), weights(whole.load(0)))
    with pytest.raises(ArtifactError, match="another training"):
        train_privately(TARGET, PRIVATE, 2.0, VOCABULARY, data, units, tmp_path / "whole", **told)


def test_accountants_agree_with_the_gaussian_mechanism():
    """One step on everybody is the Gaussian mechanism, whose ε has a closed form (Balle 2018)."""
    from recmia.evaluation.bounds.gaussian import gaussian_epsilon

    exact = gaussian_epsilon(1 / 2.0, 1e-5)
    found = spent(Mechanism(sample_rate=1.0, steps=1, noise=2.0), 1e-5)
    assert exact <= found[PRV] <= exact + 0.02
    assert found[PRV] <= found[RDP] <= 1.5 * exact


def test_noise_for_keeps_what_it_promises():
    private = Private(sampled=50, epochs=4)
    noise = noise_for(3.0, private, 1000, 1e-4)
    rate, steps = privacy.rate_and_steps(private, 1000)
    assert (rate, steps) == (0.05, 20)
    found = spent(Mechanism(rate, steps * private.epochs, noise), 1e-4)
    assert 2.98 <= found[RDP] <= 3.0 and found[PRV] < found[RDP]
