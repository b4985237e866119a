"""The attack's perceptron by single steps of SGD, compiled: as released, and with details changed.

The same descent as `recmia.attacks.stacked.train_stacked` with batches of one, for one model at a
time. A step of so small a network takes about a microsecond when compiled and 250 when not, and
the reading "as released" trains thousands of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import torch

from recmia.attacks.stacked import StackedPerceptrons
from recmia.errors import DataError
from recmia.seeds import generator

HIDDEN = (32, 8)


@dataclass(frozen=True)
class Training:
    """How the perceptron is trained; what is left out is as released.

    The released code (``mlp_attack_model.py`` of Zhang et al.) takes members first and then all
    others, in every epoch alike, and feeds the probabilities of a softmax to a loss that applies
    another one.

    Attributes:
        epochs: passes over the users.
        momentum: of SGD; the text has 0.7.
        softmax_twice: the slip above.
        order: "members first", "members last", or "shuffled" anew every epoch.
        batch: users a step.
        learning_rate: of SGD.
    """

    epochs: int = 20
    momentum: float = 0.9
    softmax_twice: bool = True
    order: str = "members first"
    batch: int = 1
    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        if self.order not in ("members first", "members last", "shuffled"):
            raise DataError(f"'{self.order}' is no order.", column="order")


RELEASED = Training()
TEXT = Training(momentum=0.7, softmax_twice=False, order="shuffled")


def train(
    features: np.ndarray, membership: np.ndarray, training: Training = RELEASED, *, seed: int
) -> np.ndarray:
    """Train one perceptron l-32-8-2 from PyTorch's usual start.

    Args:
        features: float32 [n, l].
        membership: bool [n], members first.
        training: how.
        seed: root seed of start and order.

    Returns:
        float32 [P], laid out as a row of `StackedPerceptrons.parameters`.
    """
    n, width = features.shape
    start = StackedPerceptrons.start((width, *HIDDEN, 2), [seed], torch.device("cpu"))
    parameters = start.parameters.numpy()[0].copy()
    draw = generator(seed, "released", "order")
    epochs = [_order(n, training.order, draw) for _ in range(training.epochs)]
    _descend(
        np.ascontiguousarray(features, dtype=np.float32),
        membership.astype(np.float32),
        *(view[0].numpy() for view in start.layers(torch.from_numpy(parameters[None]))),
        np.concatenate(epochs) if epochs else np.zeros(0, dtype=np.int64),
        n,
        training.batch,
        np.float32(training.learning_rate),
        np.float32(training.momentum),
        training.softmax_twice,
    )
    return parameters


def probabilities(parameters: np.ndarray, features: np.ndarray) -> np.ndarray:
    """float64 [models, n]: outputs of perceptrons [models, P] for features float32 [n, l]."""
    stack = StackedPerceptrons(torch.from_numpy(parameters), (features.shape[1], *HIDDEN, 2))
    shared = torch.from_numpy(features).expand(len(parameters), -1, -1)
    return stack.probabilities(shared)[..., 1].double().numpy()


def _order(n: int, order: str, draw: np.random.Generator) -> np.ndarray:
    if order == "shuffled":
        return draw.permutation(n)
    return np.arange(n) if order == "members first" else np.arange(n)[::-1].copy()


@numba.njit(fastmath=True)
def _descend(x, y, w1, w2, w3, order, n, batch, rate, momentum, softmax_twice):
    """SGD with PyTorch's momentum, v <- m v + g, w <- w - r v; biases are the last rows.

    Args: x float32 [n, l], y float32 [n], weights [inputs + 1, outputs] (changed), order int64
    [epochs * n], batches of ``batch`` within an epoch of n.
    """
    h1, h2 = w1.shape[1], w2.shape[1]
    zero, one = np.float32(0), np.float32(1)
    v1, v2, v3 = np.zeros_like(w1), np.zeros_like(w2), np.zeros_like(w3)
    d1, d2, d3 = np.zeros_like(w1), np.zeros_like(w2), np.zeros_like(w3)
    a1, a2 = np.empty(h1, np.float32), np.empty(h2, np.float32)
    g1, g2, g3 = np.empty(h1, np.float32), np.empty(h2, np.float32), np.empty(2, np.float32)
    done = 0
    while done < len(order):
        size = min(batch, n - done % n)
        share = one / np.float32(size)
        for i in order[done : done + size]:
            row = x[i]
            _forward(row, w1, a1)
            _forward(a1, w2, a2)
            _error(a2, w3, y[i], softmax_twice, g3)
            _backward(g3, w3, a2, g2)
            _backward(g2, w2, a1, g1)
            if batch == 1:
                _move(w1, v1, row, g1, rate, momentum)
                _move(w2, v2, a1, g2, rate, momentum)
                _move(w3, v3, a2, g3, rate, momentum)
            else:
                _gather(d1, row, g1, share)
                _gather(d2, a1, g2, share)
                _gather(d3, a2, g3, share)
        if batch != 1:
            for w, v, d in ((w1, v1, d1), (w2, v2, d2), (w3, v3, d3)):
                for k in range(w.shape[0]):
                    for j in range(w.shape[1]):
                        v[k, j] = momentum * v[k, j] + d[k, j]
                        w[k, j] -= rate * v[k, j]
                        d[k, j] = zero
        done += size


@numba.njit(fastmath=True, inline="always")
def _forward(given, w, made):
    """ReLU of a layer."""
    last = w.shape[0] - 1
    for j in range(w.shape[1]):
        made[j] = w[last, j]
    for k in range(last):
        value = given[k]
        for j in range(w.shape[1]):
            made[j] += value * w[k, j]
    for j in range(w.shape[1]):
        made[j] = max(made[j], np.float32(0))


@numba.njit(fastmath=True, inline="always")
def _error(given, w, label, softmax_twice, error):
    """Gradient of the cross-entropy in the two outputs."""
    last, one = w.shape[0] - 1, np.float32(1)
    margin = w[last, 1] - w[last, 0]
    for k in range(last):
        margin += given[k] * (w[k, 1] - w[k, 0])
    p = one / (one + np.exp(-margin))
    if softmax_twice:
        # The second softmax takes p and 1 - p for logits; its gradient passes the first one.
        q = one / (one + np.exp(one - p - p))
        error[1] = np.float32(2) * (q - label) * p * (one - p)
    else:
        error[1] = p - label
    error[0] = -error[1]


@numba.njit(fastmath=True, inline="always")
def _backward(error, w, given, back):
    """Error of a layer's inputs, through the ReLU that made them."""
    for k in range(w.shape[0] - 1):
        total = np.float32(0)
        for j in range(w.shape[1]):
            total += error[j] * w[k, j]
        back[k] = total if given[k] > 0 else np.float32(0)


@numba.njit(fastmath=True, inline="always")
def _move(w, v, given, error, rate, momentum):
    last = w.shape[0] - 1
    for k in range(last):
        value = given[k]
        for j in range(w.shape[1]):
            v[k, j] = momentum * v[k, j] + value * error[j]
            w[k, j] -= rate * v[k, j]
    for j in range(w.shape[1]):
        v[last, j] = momentum * v[last, j] + error[j]
        w[last, j] -= rate * v[last, j]


@numba.njit(fastmath=True, inline="always")
def _gather(d, given, error, share):
    last = d.shape[0] - 1
    for k in range(last):
        for j in range(d.shape[1]):
            d[k, j] += share * given[k] * error[j]
    for j in range(d.shape[1]):
        d[last, j] += share * error[j]
