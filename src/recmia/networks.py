"""Seeded layers that leave PyTorch's global state alone, for attacks and recommenders."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recmia.seeds import child_seed


def torch_generator(
    seed: int, *names: str | int, device: str | torch.device = "cpu"
) -> torch.Generator:
    """PyTorch generator for the named child of ``seed`` (see `recmia.seeds`)."""
    return torch.Generator(device=device).manual_seed(child_seed(seed, *names))


def linear(fan_in: int, fan_out: int, draw: torch.Generator) -> nn.Linear:
    """A linear layer on the CPU with PyTorch's usual start, U(-1/sqrt(fan_in), +), from ``draw``.

    `nn.Linear` itself draws from the global generator, which must stay as it was.
    """
    layer = nn.utils.skip_init(nn.Linear, fan_in, fan_out)
    bound = 1 / math.sqrt(fan_in)
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=draw)
        layer.bias.uniform_(-bound, bound, generator=draw)
    return layer


class Perceptron(nn.Module):
    """Linear layers with ReLU between them and, on request, dropout after each ReLU.

    Args:
        sizes: input, hidden and output sizes.
        draw: CPU generator of the starting values.
        dropout: probability of dropping a hidden unit in training mode.
        noise: generator of the dropout masks, on the device of the inputs; needed for dropout.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        draw: torch.Generator,
        dropout: float = 0.0,
        noise: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            linear(a, b, draw) for a, b in zip(sizes[:-1], sizes[1:], strict=True)
        )
        self.dropout, self.noise = dropout, noise

    def forward(self, x: Tensor) -> Tensor:
        """[n, sizes[0]] to [n, sizes[-1]], without an activation at the end."""
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
            if self.training and self.dropout > 0:
                kept = torch.rand(x.shape, generator=self.noise, device=x.device) >= self.dropout
                x = x * kept / (1 - self.dropout)
        return self.layers[-1](x)
