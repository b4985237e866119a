"""GRU4Rec: a recurrent network over each sequence, learned on the other sequences' next items."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from recmia.device import resolve_device
from recmia.errors import DataError
from recmia.recommenders.sequences import RankedByHistory, check_sequences, drop, own_chance
from recmia.section import Count, Dropped, Positive
from recmia.seeds import generator
from recmia.sessions import Sessions

EPSILON = 1e-10  # of Adagrad, as in PyTorch


class GRU4Rec(RankedByHistory):
    """GRU4Rec as DL-MIA sets it (KDD 2022, Table 5): one GRU layer, TOP1-max loss, Adagrad.

    The model of Hidasi et al. (ICLR 2016) with the loss of Hidasi and Karatzoglou (CIKM 2018). Many
    sequences advance side by side, an item at a time, and the negatives of one are the next items
    of the others. To have no idle lane, all sequences are strung together in random order each
    epoch and the string is cut into ``batch_size`` lanes of equal length; the state is forgotten
    where a sequence begins. As in theirs, gradients reach back one item, and the input is one-hot:
    an item's vector is added to the gates. Dropout is on the state that the scores are made of;
    scores are linear in it (the paper names no output activation).

    Transformers4Rec has a GRU block, but neither this loss nor lanes.

    Args:
        vocabulary_size: V.
        hidden: units of the GRU.
        dropout: share of the state's units that is dropped in training.
        epochs: passes over the sequences.
        learning_rate: of Adagrad, without momentum.
        batch_size: lanes; each example has one negative less.
        device: "cpu", "cuda" or "auto".
        seed: root seed.
    """

    name = "gru4rec"
    cost = 5

    def __init__(
        self,
        *,
        vocabulary_size: int,
        hidden: Count = 100,
        dropout: Dropped = 0.5,
        epochs: Count = 10,
        learning_rate: Positive = 0.01,
        batch_size: Count = 50,
        device: str = "cpu",
        seed: int,
    ) -> None:
        self.vocabulary_size, self.hidden, self.dropout = vocabulary_size, hidden, dropout
        self.epochs, self.learning_rate, self.batch_size = epochs, learning_rate, batch_size
        self.device, self.seed = resolve_device(device), seed

    def fit(self, sessions: Sessions) -> GRU4Rec:
        """Train ``weights``; sequences of one item teach nothing.

        Raises:
            DataError: an id is out of range, a sequence is empty, or fewer than two sequences have
                a next item.
        """
        check_sequences(sessions, self.vocabulary_size)
        sessions = sessions[sessions.lengths > 1]
        if len(sessions) < 2:
            raise DataError(
                f"{len(sessions)} sequences have a next item; two are needed, each the other's "
                "negatives",
                column="lengths",
                remedy="give longer sequences.",
            )
        draw = generator(self.seed, "gru4rec", "order")
        with own_chance(self.device, self.seed, "gru4rec"):
            self.weights = _starting_weights(self.vocabulary_size, self.hidden, self.device)
            squares = Weights(*map(torch.zeros_like, self.weights))
            for _ in range(self.epochs):
                self._epoch(sessions[draw.permutation(len(sessions))], squares)
        return self

    def _epoch(self, sessions: Sessions, squares: Weights) -> None:
        lanes = [torch.from_numpy(x).to(self.device) for x in lanes_of(sessions, self.batch_size)]
        state = torch.zeros(lanes[0].shape[1], self.hidden, device=self.device)
        for items, targets, begins in zip(*(lane.unbind() for lane in lanes), strict=True):
            # Gradients are taken of the rows that occur, each once: of thousands of items fifty.
            given, given_place = items.unique(return_inverse=True)
            wanted, wanted_place = targets.unique(return_inverse=True)
            parts = Weights(
                self.weights.inputs[given],
                self.weights.recurrent.detach(),
                self.weights.bias.detach(),
                self.weights.outputs[wanted],
            )
            for part in parts:
                part.requires_grad_()
            state = advance(
                parts, parts.inputs.index_select(0, given_place), state * ~begins[:, None]
            )
            vectors = parts.outputs.index_select(0, wanted_place)
            loss = top1_max(scores(drop(state, self.dropout), vectors), targets)
            gradients = torch.autograd.grad(loss, parts)
            state = state.detach()
            with torch.no_grad():
                for weight, square, gradient, rows in zip(
                    self.weights, squares, gradients, (given, ..., ..., wanted), strict=True
                ):
                    adagrad_step(weight, square, gradient, rows, self.learning_rate)

    def _scores(self, sessions: Sessions) -> Tensor:
        clicks = torch.from_numpy(sessions.clicks).to(self.device)
        lengths = torch.from_numpy(sessions.lengths).to(self.device)
        state = torch.zeros(len(clicks), self.hidden, device=self.device)
        for place, items in enumerate(clicks.T):
            after = advance(self.weights, self.weights.inputs[items], state)
            state = torch.where((place < lengths)[:, None], after, state)
        return scores(state, self.weights.outputs)


class Weights(NamedTuple):
    """Weights of the network, or what belongs to each of them.

    Attributes:
        inputs: float32 [V, 3 hidden], what an item adds to reset gate, update gate and candidate.
        recurrent: float32 [hidden, 3 hidden], what the state adds.
        bias: float32 [3 hidden].
        outputs: float32 [V, hidden + 1], from the state to the score of an item; its bias is last.
    """

    inputs: Tensor
    recurrent: Tensor
    bias: Tensor
    outputs: Tensor


def _starting_weights(n_items: int, hidden: int, device: torch.device) -> Weights:
    def uniform(rows: int, columns: int, fan: int) -> Tensor:
        bound = math.sqrt(6 / fan)
        return torch.empty(rows, columns, device=device).uniform_(-bound, bound)

    outputs = uniform(n_items, hidden + 1, n_items + hidden)
    outputs[:, -1] = 0
    return Weights(
        uniform(n_items, 3 * hidden, n_items + hidden),
        uniform(hidden, 3 * hidden, 2 * hidden),
        torch.zeros(3 * hidden, device=device),
        outputs,
    )


def advance(weights: Weights, inputs: Tensor, state: Tensor) -> Tensor:
    """State [b, hidden] of a GRU after items with the rows ``inputs`` [b, 3 hidden]."""
    hidden = state.shape[1]
    given, kept = inputs + weights.bias, state @ weights.recurrent
    reset, update = torch.sigmoid(given[:, : 2 * hidden] + kept[:, : 2 * hidden]).chunk(2, 1)
    candidate = torch.tanh(given[:, 2 * hidden :] + reset * kept[:, 2 * hidden :])
    return torch.lerp(candidate, state, update)


def scores(state: Tensor, vectors: Tensor) -> Tensor:
    """[b, m] of states [b, hidden] and items' output rows [m, hidden + 1]."""
    return torch.addmm(vectors[:, -1], state, vectors[:, :-1].T)


def adagrad_step(
    weight: Tensor, squares: Tensor, gradient: Tensor, rows: Tensor, rate: float
) -> None:
    """One step of Adagrad, in place, on ``rows`` (each once): others have no gradient and stay."""
    total = squares[rows] + gradient * gradient
    squares[rows] = total
    weight[rows] -= rate * gradient / (total.sqrt() + EPSILON)


def top1_max(scores: Tensor, targets: Tensor) -> Tensor:
    """TOP1-max loss (Hidasi and Karatzoglou, CIKM 2018, section 3.3), mean over the examples.

    sum over the negatives j of s_j (sigmoid(r_j - r_i) + sigmoid(r_j^2)), where r_i is the score
    of the true item and s_j the softmax of the scores over the negatives.

    Args:
        scores: [b, b]; row a has the scores that sequence a gives to all ``targets``.
        targets: int64 [b], true next items; those of the other rows are negatives, where they are
            not the same item.
    """
    same = targets[:, None] == targets
    weight = torch.softmax(scores.masked_fill(same, torch.finfo(scores.dtype).min), dim=1)
    worse = torch.sigmoid(scores - scores.diagonal()[:, None]) + torch.sigmoid(scores * scores)
    return (weight * worse).masked_fill(same, 0).sum() / len(scores)


def lanes_of(sessions: Sessions, lanes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sequences strung together in the order given and cut into lanes of equal length.

    Args:
        sessions: at least two clicks each.
        lanes: number of lanes; no more are made than there are sequences.

    Returns:
        Items int64 [steps, lanes], the items after them, and bool: whether a sequence begins.
        Fewer pairs than lanes are left over at the end, and left out.
    """
    rows, columns = np.nonzero(sessions.clicks[:, 1:])
    items, targets = sessions.clicks[rows, columns], sessions.clicks[rows, columns + 1]
    lanes = min(lanes, len(sessions))
    steps = len(items) // lanes
    return tuple(
        np.ascontiguousarray(column[: steps * lanes].reshape(lanes, steps).T)
        for column in (items, targets, columns == 0)
    )
