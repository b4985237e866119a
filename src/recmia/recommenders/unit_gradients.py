"""Norms of gradients unit by unit, and clipped sums, without ever holding one unit's gradient.

A unit is a session, or a user with several. The item embedding, which is the output layer too, has
V x d weights: the gradients of a batch of units would fill memory. For each layer a unit's squared
norm follows from what goes in and what comes back (Goodfellow 2015; Lee and Kifer 2021 for
sequences); with the norms known, the clipped gradients of all units are one weighted gradient. The
embedding takes part twice, at the input, where only the rows of clicked items have a gradient, and
at the output, where all rows have: its norm is that of the sum of both. Opacus 1.6 refuses tied
weights there, and its hooks do not see an output layer that is no module.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from recmia.errors import RecmiaError
from recmia.recommenders import transformer
from recmia.recommenders.loss import CHUNK_BYTES
from recmia.recommenders.scoring import aligned
from recmia.sessions import PADDING


class Clipped(NamedTuple):
    """What `add_clipped` found.

    Attributes:
        norms: float32 [u], of each unit's gradient before clipping.
        loss: sum over all predicted tokens, nats.
        tokens: how many these are.
    """

    norms: Tensor
    loss: float
    tokens: int


def add_clipped(model: nn.Module, tokens: Tensor, units: Tensor, clip: float) -> Clipped:
    """Add Σ min(1, clip / |g_u|) g_u to the gradients of a model's weights.

    g_u is the gradient of the cross-entropy of all predicted tokens of unit u, summed, in all
    weights; without clipping it adds up to the gradient of
    :func:`recmia.recommenders.training.batch_loss` times its number of tokens. All is computed in
    float32, for a norm that was rounded would not hold.

    Args:
        model: a causal model of :func:`recmia.recommenders.transformer.build_model`; dropout acts
            where it is in training mode.
        tokens: int64 [s, t], sessions, all on the model's device.
        units: int64 [s], numbers of their units, rising from 0 without gaps.
        clip: largest norm of what a unit adds.

    Raises:
        RecmiaError: the model has weights, or a loss, that this does not know.
    """
    _check_loss(model)
    passed = _Passed.through(model, tokens, units)
    norms, layout = passed.norms, passed.layout
    share = (clip / norms.clamp_min(1e-12)).clamp(max=1.0)[layout.unit, None]
    passed.states.backward(passed.back * share)
    with torch.no_grad():
        states = passed.states.detach()
        weighted = layout.spread(states * share).flatten(0, 1)
        gradient = transformer.item_embedding(model).weight.grad
        gradient.addmm_(passed.error[:, : len(gradient)].T, weighted)
    return Clipped(norms, passed.loss, len(states))


def unit_norms(model: nn.Module, tokens: Tensor, units: Tensor) -> Tensor:
    """Euclidean norm [u] of each unit's gradient, that of `add_clipped` before it is clipped.

    Arguments and errors are those of `add_clipped`; label smoothing, and sampled negatives, of the
    model's own loss are left aside.
    """
    return _Passed.through(model, tokens, units).norms


@dataclass(frozen=True)
class _Passed:
    """Sessions that passed through a model, forwards, and backwards to each layer.

    Attributes:
        norms: float32 [u], of the units' gradients.
        layout: where each predicted token stands.
        states: float32 [n, d], before the output layer, with their graph.
        error: float32 [u * t, V and what makes it `aligned`], softmax minus one-hot; 0 where there
            is no token and no item.
        back: float32 [n, d], the loss' gradient in ``states``.
        loss: sum over all predicted tokens, nats.
    """

    norms: Tensor
    layout: _Layout
    states: Tensor
    error: Tensor
    back: Tensor
    loss: float

    @classmethod
    def through(cls, model: nn.Module, tokens: Tensor, units: Tensor) -> _Passed:
        _check_layers(model)
        embedding, asked = transformer.item_embedding(model), tokens[:, :-1]
        rows, columns = torch.nonzero(tokens[:, 1:] != PADDING, as_tuple=True)
        layout = _Layout.of(units[rows])
        with _watched(model) as watched:
            states = transformer.hidden_states(model, asked)[rows, columns]
        weight, held = aligned(embedding.weight), layout.spread(states.detach())
        true = layout.spread(tokens[rows, columns + 1])
        items = embedding.num_embeddings
        error, loss = _errors(held.flatten(0, 1), weight, items, true.flatten(), layout.flat)
        back = (error @ weight)[layout.flat]
        layers = list(watched)
        gradients = torch.autograd.grad(
            states, [watched[layer].output for layer in layers], back, retain_graph=True
        )
        with torch.no_grad():
            arrived = {
                layer: layout.spread(gradient[rows, columns])
                for layer, gradient in zip(layers, gradients, strict=True)
            }
            into = arrived.pop(embedding)
            squares = _tied(
                error.view(*layout.shape, -1), held, into, layout.spread(asked[rows, columns])
            )
            # A position's vector is added to an item's: the same comes back to both.
            squares += _shared(into, layout.spread(columns + 1))
            for layer, gradient in arrived.items():
                inputs = layout.spread(watched[layer].input[rows, columns])
                squares += _SQUARES[_kind(layer)](layer, inputs, gradient)
        return cls(squares.clamp_min(0).sqrt(), layout, states, error, back, loss)


def pieces(lengths: np.ndarray, most: int) -> Iterator[np.ndarray]:
    """Places of units, shortest first, in groups that are small once padded to their longest.

    Args:
        lengths: int64 [u], predicted tokens of each unit.
        most: tokens of a group, padding included; a longer unit stands alone.
    """
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        widths = lengths[order[start : start + most]]
        taken = max(1, int((np.arange(1, len(widths) + 1) * widths <= most).sum()))
        yield order[start : start + taken]
        start += taken


class _Seen(NamedTuple):
    """What went into a layer, and what came out, [s, t, ...]."""

    input: Tensor
    output: Tensor


@contextmanager
def _watched(model: nn.Module) -> Iterator[dict[nn.Module, _Seen]]:
    """Layers with weights and what passes through them."""
    seen: dict[nn.Module, _Seen] = {}

    def see(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        seen[layer] = _Seen(inputs[0].detach(), output)

    handles = [layer.register_forward_hook(see) for layer in _layers(model)]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def _layers(model: nn.Module) -> list[nn.Module]:
    body = model.heads[0].body[1].transformer.modules()
    layers = [m for m in body if list(m.parameters(recurse=False))]
    layers = [layer for layer in layers if not isinstance(layer, nn.Embedding)]  # positions
    return [*layers, transformer.item_embedding(model)]


def _check_loss(model: nn.Module) -> None:
    task = transformer.prediction_task(model)
    if task.sampled_softmax or task.loss.label_smoothing:
        raise RecmiaError(
            "DP-SGD is on plain cross-entropy only. Remedy: leave label_smoothing and "
            "sampled_negatives out."
        )


def _check_layers(model: nn.Module) -> None:
    if not transformer.is_causal(model):
        raise RecmiaError(
            "Gradients unit by unit are known of causal models only. Remedy: architecture gpt2."
        )
    *layers, _ = _layers(model)
    if unknown := [layer for layer in layers if _kind(layer) not in _SQUARES]:
        raise RecmiaError(f"The gradient of {type(unknown[0]).__name__} is not known here.")


class _Layout(NamedTuple):
    """Where each predicted token stands once every unit's tokens are in a row of their own.

    Attributes:
        unit: int64 [n], row.
        place: int64 [n], column.
        shape: number of rows, and of columns.
    """

    unit: Tensor
    place: Tensor
    shape: tuple[int, int]

    @classmethod
    def of(cls, unit: Tensor) -> _Layout:
        """From the unit of each token, rising."""
        counts = torch.bincount(unit)
        first = torch.cumsum(counts, 0) - counts
        place = torch.arange(len(unit), device=unit.device) - first[unit]
        return cls(unit, place, (len(counts), int(counts.max())))

    @property
    def flat(self) -> Tensor:
        """int64 [n], places where rows follow each other."""
        return self.unit * self.shape[1] + self.place

    def spread(self, values: Tensor) -> Tensor:
        """[u, t, ...] of [n, ...], 0 where there is no token."""
        out = values.new_zeros(*self.shape, *values.shape[1:])
        out[self.unit, self.place] = values
        return out


def _errors(
    states: Tensor, weight: Tensor, items: int, true: Tensor, there: Tensor
) -> tuple[Tensor, float]:
    """Softmax minus one-hot of padded states, 0 elsewhere, and the loss summed over real ones.

    Args:
        states: float32 [n, d].
        weight: float32 [V', d], of which ``items`` are real.
        items: V.
        true: int64 [n].
        there: int64, rows that are real.

    Returns:
        float32 [n, V'], and nats.
    """
    error = states.new_empty(len(states), len(weight))
    loss = states.new_empty(len(states), dtype=torch.float64)
    rows = max(1, CHUNK_BYTES // (4 * len(weight)))
    with torch.no_grad():
        for start in range(0, len(states), rows):
            share, wanted = error[start : start + rows], true[start : start + rows, None]
            torch.mm(states[start : start + rows], weight.T, out=share)
            share[:, items:] = -torch.inf
            share.sub_(share.amax(dim=1, keepdim=True))
            logit = share.gather(1, wanted).double()
            norm = share.exp_().sum(dim=1, keepdim=True)
            loss[start : start + rows] = (norm.double().log() - logit)[:, 0]
            share.div_(norm)
            share.scatter_add_(1, wanted, torch.full_like(norm, -1.0))
        padding = torch.ones(len(states), dtype=torch.bool, device=states.device)
        padding[there] = False
        error.index_fill_(0, padding.nonzero()[:, 0], 0.0)
    return error, float(loss[there].sum())


def _tied(error: Tensor, held: Tensor, into: Tensor, asked: Tensor) -> Tensor:
    """Squared norm [u] of the embedding's gradient.

    With errors e, states h, and gradients b of the inputs' vectors it is Σ e h' + Σ 1_x b', so that
    its square is Σ (e·e')(h·h') + 2 Σ e[x] (h·b) + Σ [x = x'] (b·b').
    """
    squares = (torch.bmm(error, error.mT) * torch.bmm(held, held.mT)).sum(dim=(1, 2))
    at_inputs = error.gather(2, asked[:, None].expand(-1, asked.shape[1], -1))
    squares += 2 * (at_inputs * torch.bmm(held, into.mT)).sum(dim=(1, 2))
    return squares + _shared(into, asked)


def _shared(gradient: Tensor, row: Tensor) -> Tensor:
    """Squared norm [u] where tokens [u, t] that have one row of a table add up there."""
    same = row[:, :, None] == row[:, None]
    return (same * torch.bmm(gradient, gradient.mT)).sum(dim=(1, 2))


def _kind(layer: nn.Module) -> str:
    return type(layer).__name__


def _linear(_layer: nn.Module, inputs: Tensor, gradient: Tensor) -> Tensor:
    """Weights and bias of x @ W + b."""
    squares = (torch.bmm(inputs, inputs.mT) * torch.bmm(gradient, gradient.mT)).sum(dim=(1, 2))
    return squares + gradient.sum(dim=1).square().sum(dim=1)


def _normalised(layer: nn.Module, inputs: Tensor, gradient: Tensor) -> Tensor:
    """Scale and shift after a normalisation."""
    plain = nn.functional.layer_norm(inputs, layer.normalized_shape, eps=layer.eps)
    scale, shift = (gradient * plain).sum(dim=1), gradient.sum(dim=1)
    return scale.square().sum(dim=1) + shift.square().sum(dim=1)


_SQUARES = {"Conv1D": _linear, "LayerNorm": _normalised}
