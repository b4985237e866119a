"""NeuMF: a product of vectors and a perceptron on them, joined; and the gradient of its loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from recmia.networks import Perceptron, linear


class NeuMF(nn.Module):
    """The network of He et al. (WWW 2017, section 3.4).

    Vectors of users and items hold the factors of the generalised matrix factorisation first, then
    the input of the perceptron; one table for both spares half the look-ups.

    Args:
        n_users: rows of the user table.
        n_items: rows of the item table.
        factors: of the generalised matrix factorisation.
        layers: sizes of the perceptron; the first is the joined vectors of user and item.
        draw: generator of the starting values.
    """

    def __init__(
        self, n_users: int, n_items: int, factors: int, layers: tuple[int, ...], draw
    ) -> None:
        super().__init__()
        self.factors = factors
        width = factors + layers[0] // 2
        # N(0, 0.01) as in section 4.1 of their paper.
        self.users, self.items = (
            nn.Parameter(torch.empty(n, width).normal_(0, 0.01, generator=draw))
            for n in (n_users, n_items)
        )
        self.perceptron = Perceptron(layers, draw)
        self.output = linear(factors + layers[-1], 1, draw)

    def forward(self, p: Tensor, q: Tensor) -> Tensor:
        """Logits [...] that users with vectors ``p`` have items with vectors ``q``."""
        f = self.factors
        hidden = self.perceptron(torch.cat([p[..., f:], q[..., f:]], dim=-1))
        joined = torch.cat([p[..., :f] * q[..., :f], torch.relu(hidden)], dim=-1)
        return self.output(joined).squeeze(-1)


@torch.no_grad()
def log_loss_gradient(network: NeuMF, users: Tensor, items: Tensor, labels: Tensor) -> None:
    """Set the gradients of the mean log loss of the examples on all parameters of ``network``.

    The same as `Tensor.backward` would: it is written out because, at a few hundred examples a
    step, nearly all the time of a training goes into its book-keeping (4 times as long a step).

    Args:
        network: each parameter's ``grad`` is overwritten.
        users: int64 [b], rows of the user table.
        items: int64 [b], rows of the item table.
        labels: float32 [b], 1 where the user has the item, else 0.
    """
    f, layers = network.factors, network.perceptron.layers
    p, q = network.users.index_select(0, users), network.items.index_select(0, items)
    activations = [torch.cat([p[:, f:], q[:, f:]], dim=1)]
    for layer in layers:
        activations.append(torch.relu_(layer(activations[-1])))
    joined = torch.cat([p[:, :f] * q[:, :f], activations[-1]], dim=1)
    error = (torch.sigmoid(network.output(joined)) - labels.unsqueeze(1)) / len(labels)
    back = _through(network.output, joined, error)
    product, hidden = back[:, :f], back[:, f:]
    for layer, given, made in zip(
        reversed(layers), activations[-2::-1], activations[:0:-1], strict=True
    ):
        hidden = _through(layer, given, hidden * (made > 0))
    of_user, of_item = hidden.chunk(2, dim=1)
    for table, rows, gradient in (
        (network.users, users, torch.cat([product * q[:, :f], of_user], dim=1)),
        (network.items, items, torch.cat([product * p[:, :f], of_item], dim=1)),
    ):
        table.grad = torch.zeros_like(table) if table.grad is None else table.grad.zero_()
        table.grad.index_add_(0, rows, gradient)


def _through(layer: nn.Linear, given: Tensor, error: Tensor) -> Tensor:
    """Set a layer's gradients; return the error of what it was given."""
    layer.weight.grad, layer.bias.grad = error.T @ given, error.sum(0)
    return error @ layer.weight
