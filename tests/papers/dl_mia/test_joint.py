"""The joint stage as released: its steps, and the leak where nothing carries over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from recmia.attacks.stacked import StackedPerceptrons
from recmia.evaluation.metrics import hard_label_auc
from recmia.papers.dl_mia.areas import folded
from recmia.papers.dl_mia.joint import PAIRS, first_stage, joint_stage
from recmia.papers.dl_mia.joint_keeping import thinned
from recmia.released.perceptron import HIDDEN
from recmia.seeds import generator


def sides(seed: int, n: int = 200, width: int = 20) -> list[tuple[np.ndarray, np.ndarray]]:
    """Shadow and target where membership is the sign of another coordinate each.

    There is no gap along it, so that guesses alone cannot drift to either side of one.
    """
    draw = np.random.default_rng(seed)
    made = [draw.normal(size=(n, width)).astype(np.float32) for _ in range(2)]
    return [(x, x[:, coordinate] > 0) for coordinate, x in enumerate(made)]


def by_autograd(start, shadow, known, target, told, orders) -> np.ndarray:
    """One epoch by PyTorch's own losses and Adam, from the same start in the same order."""
    stack = StackedPerceptrons(
        torch.from_numpy(start[None].copy()).requires_grad_(), (shadow.shape[1], *HIDDEN, 2)
    )
    adam = torch.optim.Adam([stack.parameters], lr=0.001)
    count = -(-len(shadow) // PAIRS)
    for step in range(count):
        mine, theirs = (
            order[0][step * len(order[0]) // count : (step + 1) * len(order[0]) // count]
            for order in orders
        )
        outputs = [stack.probabilities(torch.from_numpy(x[None]))[0] for x in (shadow, target)]
        guesses = (outputs[1][theirs, 1] > 0.5).long()
        labels = torch.from_numpy(known[mine]).long()
        if told is not None:
            guesses.eq_(torch.from_numpy(told[theirs]).long())  # the slip, as released
        loss = cross_entropy(outputs[0][mine], labels) + cross_entropy(outputs[1][theirs], guesses)
        adam.zero_grad()
        (loss / 2).backward()
        adam.step()
    return stack.parameters.detach().numpy()[0]


def test_the_steps_are_those_of_the_released_loss() -> None:
    (shadow, known), (target, truth) = sides(3, n=30, width=6)
    target, truth = target[5:27], truth[5:27]  # the sides need not be of a size
    start = first_stage(shadow, known, seed=3)
    draw = generator(8, "dl-mia", "joint", "order")
    orders = [draw.permutation(len(part))[None] for part in (shadow, target)]
    for told in (truth, None):
        (made,) = joint_stage(start, shadow, known, target, told, turns=[1], seed=8)
        expected = by_autograd(start, shadow, known, target, told, orders)
        np.testing.assert_allclose(made, expected, atol=2e-5)
        assert not np.allclose(made, start, atol=1e-3)


def test_without_the_leak_no_label_of_the_target_is_asked_for() -> None:
    (shadow, known), (target, truth) = sides(0, n=40)
    start = first_stage(shadow, known, seed=0)
    kept = start.copy()
    runs = [
        joint_stage(start, shadow, known, target, told, turns=[2, 2], seed=1)
        for told in (None, truth, ~truth)
    ]
    assert np.array_equal(start, kept) and runs[0].shape == (2, len(start))
    # The truth and its opposite give other labels for the same guesses.
    assert not np.array_equal(runs[1], runs[2]) and not np.array_equal(runs[0], runs[1])


def test_users_are_thinned_alike_on_both_sides_of_membership() -> None:
    x = np.arange(50, dtype=np.float32)[:, None]
    membership = np.arange(50) < 20
    features, kept = thinned(x, membership, 10, seed=4)
    assert kept.tolist() == [True] * 5 + [False] * 5 and (np.diff(features[:, 0]) > 0).all()
    assert np.array_equal(membership[features[:, 0].astype(int)], kept)
    assert thinned(x, membership, 50, seed=4)[0] is x


def test_folding_by_hand(tmp_path: Path) -> None:
    assert folded(np.array([0.01, 0.5, 0.98])).tolist() == [0.99, 0.5, 0.98]
    assert hard_label_auc(np.array([False, True]), np.array([True, False])) == 0
