"""The norm of the gradient that a session's loss has in all weights, of many sessions at once.

No gradient of a single session is ever held: for each layer its squared norm follows from what
goes in and from what comes back (Goodfellow 2015, "Efficient Per-Example Gradient Computations";
Lee and Kifer 2021 for sequences). The embedding is input and output layer in one, so that its two
parts are added before the norm is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from recmia.errors import RecmiaError
from recmia.recommenders import transformer
from recmia.recommenders.scoring import CHUNK_BYTES
from recmia.sessions import PADDING, Sessions


def gradient_norms(
    model: nn.Module, sessions: Sessions, *, device: str | torch.device = "cpu"
) -> np.ndarray:
    """Euclidean norm of the gradient of each session's loss, in all weights.

    The loss is that of training without smoothing: the mean cross-entropy over the session's
    tokens after the start.

    Args:
        model: a causal model of `recmia.recommenders.transformer.build_model`.
        sessions: n sessions, in any order.
        device: where to compute.

    Returns:
        float64 [n].

    Raises:
        RecmiaError: the model is not causal, or has weights that this does not know.
    """
    if not transformer.is_causal(model):
        raise RecmiaError("Gradient norms are computed for causal models only.")
    norms, tokens = np.empty(len(sessions)), sessions.tokens()
    order = np.argsort(sessions.lengths, kind="stable")
    model.to(device).eval()
    with transformer.one_thread(), _watched(model) as watched:
        for rows in _batches(model, sessions.lengths, order):
            width = int(sessions.lengths[rows].max()) + 2
            batch = torch.from_numpy(tokens[rows, :width]).to(device)
            norms[rows] = _norms(model, batch, watched).cpu().numpy()
    return norms


def _batches(model: nn.Module, lengths: np.ndarray, order: np.ndarray) -> Iterator[np.ndarray]:
    """Sessions of nearly one length whose logits stay in the processor's cache, or one alone."""
    vocabulary = transformer.item_embedding(model).num_embeddings
    most = max(1, 2 * CHUNK_BYTES // (4 * vocabulary))
    start = 0
    while start < len(order):
        width = lengths[order[start : start + most]] + 1
        taken = max(1, int((np.arange(1, len(width) + 1) * width <= most).sum()))
        yield order[start : start + taken]
        start += taken


class _Watched:
    """Of each layer with weights: what went in, and the gradient of what came out."""

    def __init__(self) -> None:
        self.inputs: dict[nn.Module, Tensor] = {}
        self.gradients: dict[nn.Module, Tensor] = {}

    def see(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """A forward hook."""
        self.inputs[module] = inputs[0].detach()
        output.register_hook(lambda gradient: self.gradients.__setitem__(module, gradient))

    def clear(self) -> None:
        self.inputs.clear()
        self.gradients.clear()


@contextmanager
def _watched(model: nn.Module) -> Iterator[_Watched]:
    watched = _Watched()
    layers = [m for m in _body(model).modules() if list(m.parameters(recurse=False))]
    layers = [layer for layer in layers if not isinstance(layer, nn.Embedding)]
    if unknown := [m for m in layers if _kind(m) not in _SQUARES]:
        raise RecmiaError(f"The gradient of {type(unknown[0]).__name__} is not known here.")
    layers.append(transformer.item_embedding(model))
    handles = [layer.register_forward_hook(watched.see) for layer in layers]
    try:
        yield watched
    finally:
        for handle in handles:
            handle.remove()


def _norms(model: nn.Module, tokens: Tensor, watched: _Watched) -> Tensor:
    watched.clear()
    embedding = transformer.item_embedding(model)
    asked = tokens[:, :-1]
    states = transformer.hidden_states(model, asked)
    held = states.detach()
    # Softmax minus one-hot, over the number of the session's tokens; nothing beyond its end.
    with torch.no_grad():
        error = torch.softmax(transformer.project(model, held), dim=2)
        true = tokens[:, 1:, None]
        error.scatter_add_(2, true, error.new_full((), -1.0).expand(true.shape))
        real = (true != PADDING).float()
        error.mul_(real / real.sum(dim=1, keepdim=True))
        back = error @ embedding.weight
    states.backward(back)
    model.zero_grad(set_to_none=True)
    with torch.no_grad():
        into = watched.gradients.pop(embedding)
        squares = (torch.bmm(error, error.mT) * torch.bmm(held, held.mT)).sum(dim=(1, 2))
        # The item embedding's rows of the inputs, twice where an item comes twice.
        at_inputs = error.gather(2, asked[:, None].expand(-1, asked.shape[1], -1))
        squares += 2 * (at_inputs * torch.bmm(held, into.mT)).sum(dim=(1, 2))
        same = asked[:, :, None] == asked[:, None]
        squares += (same * torch.bmm(into, into.mT)).sum(dim=(1, 2))
        # Positions are added to the items, so that the same comes back to them, each its own row.
        squares += into.square().sum(dim=(1, 2))
        for layer, gradient in watched.gradients.items():
            squares += _SQUARES[_kind(layer)](layer, watched.inputs[layer], gradient)
        return squares.clamp_min(0).sqrt().double()


def _body(model: nn.Module) -> nn.Module:
    return model.heads[0].body[1].transformer


def _kind(layer: nn.Module) -> str:
    return type(layer).__name__


def _linear(_layer: nn.Module, inputs: Tensor, gradient: Tensor) -> Tensor:
    """Weights and bias of x @ W + b, from [b, t, in] and [b, t, out]."""
    squares = (torch.bmm(inputs, inputs.mT) * torch.bmm(gradient, gradient.mT)).sum(dim=(1, 2))
    return squares + gradient.sum(dim=1).square().sum(dim=1)


def _normalised(layer: nn.Module, inputs: Tensor, gradient: Tensor) -> Tensor:
    """Scale and shift after a normalisation."""
    plain = nn.functional.layer_norm(inputs, layer.normalized_shape, eps=layer.eps)
    scale, shift = (gradient * plain).sum(dim=1), gradient.sum(dim=1)
    return scale.square().sum(dim=1) + shift.square().sum(dim=1)


_SQUARES = {"Conv1D": _linear, "LayerNorm": _normalised}
