"""The released joint stage on difference vectors themselves, compiled: a control that CHEATS.

Of the released code's three perceptrons the one on difference vectors is what learns the target's
labels. Alone it needs neither encoder nor truth levels, so that every setting can be drawn many
times; that the whole code finds no more is shown beside it (`recmia.papers.dl_mia.as_released`).
Steps are those of that code: four users of either side each, Adam for all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np

from recmia.released.perceptron import (
    HIDDEN,
    Training,
    train,
)
from recmia.released.perceptron import _backward as backward
from recmia.released.perceptron import _forward as forward
from recmia.released.perceptron import _gather as gather
from recmia.seeds import generator

PAIRS = 4  # users of either side a step
# Before the target joins in. With few steps, as of few users, the perceptron would call nearly
# everybody a non-member at first, and the leak would then drive members below all others.
FIRST = Training(epochs=20, momentum=0.0, learning_rate=0.001, order="shuffled")


def first_stage(
    shadow: np.ndarray, known: np.ndarray, *, seed: int, training: Training = FIRST
) -> np.ndarray:
    """float32 [P]: a perceptron of the shadow's vectors float32 [n, l] and labels bool [n]."""
    return train(shadow, known, training, seed=seed)


def joint_stage(
    start: np.ndarray,
    shadow: np.ndarray,
    known: np.ndarray,
    target: np.ndarray,
    told: np.ndarray | None,
    *,
    turns: Sequence[int],
    seed: int,
) -> np.ndarray:
    """Train on shadow and target together, half and half, as released.

    The label of a target user is what the perceptron says of her in that step or, where the code's
    slip is repeated, whether what it says is true.

    Args:
        start: float32 [P], of `first_stage`.
        shadow: float32 [n, l].
        known: bool [n], its labels.
        target: float32 [n', l].
        told: bool [n'], THE TRUTH that an attack is to find, for the slip; None for guesses.
        turns: epochs of each turn.
        seed: of the order in which users are taken, the same with the slip and without.

    Returns:
        float32 [C, P], the perceptron after each turn.
    """
    parameters = start.copy()
    moments = np.zeros((2, len(start)), dtype=np.float32)
    here, there = (np.ascontiguousarray(part, dtype=np.float32) for part in (shadow, target))
    labels = known.astype(np.float32)
    truth = np.zeros(len(target), dtype=np.float32) if told is None else told.astype(np.float32)
    draw, steps, checkpoints = generator(seed, "dl-mia", "joint", "order"), 0, []
    for epochs in turns:
        orders = [_orders(len(part), epochs, draw) for part in (shadow, target)]
        steps = _descend(
            parameters, moments, steps, here, labels, there, truth, told is not None, *orders
        )
        checkpoints.append(parameters.copy())
    return np.stack(checkpoints)


def _orders(n: int, epochs: int, draw: np.random.Generator) -> np.ndarray:
    """int64 [epochs, n], a new order every epoch."""
    return np.stack([draw.permutation(n) for _ in range(epochs)])


@numba.njit(fastmath=True)
def _descend(parameters, moments, steps, here, labels, there, truth, slip, orders, others):
    """Epochs of Adam on both cross-entropies; changes parameters and moments, returns the steps.

    Args: parameters float32 [P], moments float32 [2, P], users float32 [n, l], labels and truth
    float32 [n], orders int64 [epochs, n].
    """
    one, zero, half = np.float32(1), np.float32(0), np.float32(0.5)
    width, (h1, h2) = here.shape[1] + 1, HIDDEN
    a, b = width * h1, width * h1 + (h1 + 1) * h2
    w1 = parameters[:a].reshape(width, h1)
    w2 = parameters[a:b].reshape(h1 + 1, h2)
    w3 = parameters[b:].reshape(h2 + 1, 2)
    gradient = np.zeros_like(parameters)
    d1 = gradient[:a].reshape(width, h1)
    d2 = gradient[a:b].reshape(h1 + 1, h2)
    d3 = gradient[b:].reshape(h2 + 1, 2)
    a1, a2 = np.empty(h1, np.float32), np.empty(h2, np.float32)
    g1, g2, g3 = np.empty(h1, np.float32), np.empty(h2, np.float32), np.empty(2, np.float32)
    n, m = orders.shape[1], others.shape[1]
    count = -(-n // PAIRS)
    for epoch in range(len(orders)):
        for step in range(count):
            mine = orders[epoch, step * n // count : (step + 1) * n // count]
            theirs = others[epoch, step * m // count : (step + 1) * m // count]
            for i in range(len(mine) + len(theirs)):
                ours = i < len(mine)
                user = mine[i] if ours else theirs[i - len(mine)]
                row = here[user] if ours else there[user]
                share = half / np.float32(len(mine) if ours else len(theirs))
                forward(row, w1, a1)
                forward(a1, w2, a2)
                margin = w3[h2, 1] - w3[h2, 0]
                for k in range(h2):
                    margin += a2[k] * (w3[k, 1] - w3[k, 0])
                p = one / (one + np.exp(-margin))
                if ours:
                    label = labels[user]
                else:
                    label = one if p > half else zero
                    if slip:
                        label = one if label == truth[user] else zero
                # The second softmax takes p and 1 - p for logits; its gradient passes the first.
                q = one / (one + np.exp(one - p - p))
                g3[1] = np.float32(2) * (q - label) * p * (one - p)
                g3[0] = -g3[1]
                backward(g3, w3, a2, g2)
                backward(g2, w2, a1, g1)
                gather(d1, row, g1, share)
                gather(d2, a1, g2, share)
                gather(d3, a2, g3, share)
            steps += 1
            _adam(parameters, moments, gradient, steps)
    return steps


@numba.njit(fastmath=True)
def _adam(parameters, moments, gradient, steps):
    """A step of Adam with PyTorch's usual settings; the gradient is zero afterwards."""
    b1, b2, tiny = np.float32(0.9), np.float32(0.999), np.float32(1e-8)
    one, rate = np.float32(1), np.float32(0.001)
    c1 = np.float32(1 / (1 - 0.9**steps))
    c2 = np.float32(1 / (1 - 0.999**steps))
    for i in range(len(parameters)):
        g = gradient[i]
        moments[0, i] = b1 * moments[0, i] + (one - b1) * g
        moments[1, i] = b2 * moments[1, i] + (one - b2) * g * g
        parameters[i] -= rate * moments[0, i] * c1 / (np.sqrt(moments[1, i] * c2) + tiny)
        gradient[i] = np.float32(0)
