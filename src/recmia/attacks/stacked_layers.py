"""Linear layers of many networks of equal shape in one block of parameters, for autograd."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from recmia.networks import linear

Layers = list[tuple[Tensor, Tensor]]


class StackedLayers:
    """The linear layers of M networks.

    One block keeps the optimiser to a handful of operations, and each product serves all networks
    at once; `recmia.attacks.stacked` does the same for perceptrons with written-out gradients.

    Args:
        shapes: inputs and outputs of each layer.
        starts: M CPU generators, one a network, of PyTorch's usual starting values.
        device: where the parameters lie.

    Attributes:
        parameters: float32 [M, P], a leaf that requires gradients.
    """

    def __init__(
        self,
        shapes: Sequence[tuple[int, int]],
        starts: Sequence[torch.Generator],
        device: torch.device,
    ) -> None:
        self.shapes = tuple(shapes)
        self.sizes = [size for a, b in self.shapes for size in (a * b, b)]
        rows = []
        for draw in starts:
            layers = [linear(a, b, draw) for a, b in self.shapes]
            parts = [part.detach().flatten() for y in layers for part in (y.weight.T, y.bias)]
            rows.append(torch.cat(parts))
        self.parameters = torch.stack(rows).to(device).requires_grad_()

    def layers(self) -> Layers:
        """Weights [M, inputs, outputs] and biases [M, 1, outputs] of each layer, as views.

        To be called once a step: gradients of one call come back in one piece.
        """
        parts = self.parameters.split(self.sizes, dim=1)
        return [
            (weight.unflatten(1, shape), bias.unsqueeze(1))
            for weight, bias, shape in zip(parts[::2], parts[1::2], self.shapes, strict=True)
        ]


def apply_layers(x: Tensor, layers: Layers) -> Tensor:
    """[M, n, inputs] to [M, n, outputs], with ReLU between layers and none at the end."""
    for weight, bias in layers[:-1]:
        x = torch.relu(torch.baddbmm(bias, x, weight))
    weight, bias = layers[-1]
    return torch.baddbmm(bias, x, weight)
