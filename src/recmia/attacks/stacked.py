"""Many small perceptrons trained side by side: single SGD steps as batched matrix products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recmia.device import resolve_device
from recmia.errors import DataError
from recmia.networks import linear, torch_generator


@dataclass
class StackedPerceptrons:
    """M perceptrons of equal shape with ReLU between layers and a softmax at the end.

    Attributes:
        parameters: float32 [M, P], one row a model: the layers one after the other, each as a
            matrix [inputs + 1, outputs] whose last row is the bias.
        sizes: input, hidden and output sizes.
    """

    parameters: Tensor
    sizes: tuple[int, ...]

    @classmethod
    def start(cls, sizes: Sequence[int], seeds: Sequence[int], device: torch.device):
        """PyTorch's usual starting values, each model from its own seed."""
        rows = []
        for seed in seeds:
            draw = torch_generator(seed, "stacked", "start")
            layers = [linear(a, b, draw) for a, b in zip(sizes[:-1], sizes[1:], strict=True)]
            parts = [torch.cat([y.weight.T, y.bias[None]]).detach().flatten() for y in layers]
            rows.append(torch.cat(parts))
        return cls(torch.stack(rows).to(device), tuple(sizes))

    def layers(self, flat: Tensor) -> list[Tensor]:
        """Views [M, inputs + 1, outputs] into a tensor that is laid out as ``parameters``."""
        views, begin = [], 0
        for a, b in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            views.append(flat[:, begin : begin + (a + 1) * b].view(len(flat), a + 1, b))
            begin += (a + 1) * b
        return views

    def probabilities(self, features: Tensor) -> Tensor:
        """[M, n, inputs] to [M, n, classes]; rows sum to one."""
        x = features
        weights = self.layers(self.parameters)
        for w in weights[:-1]:
            x = torch.relu(torch.baddbmm(w[:, -1:], x, w[:, :-1]))
        return torch.softmax(torch.baddbmm(weights[-1][:, -1:], x, weights[-1][:, :-1]), dim=2)


def train_stacked(
    features: Tensor,
    labels: Tensor,
    *,
    hidden: Sequence[int] = (32, 8),
    epochs: int = 20,
    learning_rate: float = 0.01,
    momentum: float = 0.7,
    batch_size: int = 1,
    shuffle: bool = True,
    softmax_twice: bool = False,
    seeds: Sequence[int],
    device: str | torch.device = "cpu",
    progress: Callable[[float], object] | None = None,
) -> StackedPerceptrons:
    """Train M two-class perceptrons by SGD with momentum on the mean cross-entropy of each batch.

    Steps follow one another as in the text they come from (batch 1 by default); what is gained is
    gained by taking each step for all models at once, with the backward pass written out and all
    parameters in one block. Every epoch reshuffles, each model from its own seed, so a model's
    result depends on its own data and seed, not on its neighbours in the stack. Velocities
    follow PyTorch: v <- momentum v + gradient, w <- w - learning_rate v.

    Args:
        features: float32 [M, n, l].
        labels: bool or integer [M, n], 1 for members; output 1 is the probability of membership.
        hidden: sizes of the hidden layers.
        epochs: passes over the n examples.
        learning_rate: of SGD.
        momentum: of SGD.
        batch_size: examples of each model a step.
        shuffle: draw a new order every epoch; without, examples are taken as they lie.
        softmax_twice: train on the cross-entropy of a softmax of the softmax, as the released code
            of Biased-MIA does by feeding probabilities to a loss that expects logits.
        seeds: M root seeds.
        device: "cpu", "cuda" or "auto". Single steps are too small to fill a GPU: it pays only
            for stacks of hundreds of models.
        progress: called with 1 after each epoch.

    Raises:
        DataError: shapes that do not fit each other.
    """
    device = resolve_device(device)
    if features.ndim != 3 or labels.shape != features.shape[:2] or len(seeds) != len(features):
        raise DataError(
            f"Features [M, n, l], labels [M, n] and M seeds do not fit: {tuple(features.shape)}, "
            f"{tuple(labels.shape)}, {len(seeds)}."
        )
    n_models, n, width = features.shape
    stack = StackedPerceptrons.start((width, *hidden, 2), seeds, device)
    orders = [torch_generator(seed, "stacked", "order") for seed in seeds]
    inputs = torch.cat([features, torch.ones(n_models, n, 1)], dim=2).to(device, torch.float32)
    one_hot = torch.nn.functional.one_hot(labels.long(), 2).to(device, torch.float32)
    model = torch.arange(n_models, device=device).unsqueeze(1)
    step = _Step(stack, learning_rate, momentum, softmax_twice)
    x, y = inputs, one_hot
    for _ in range(epochs):
        if shuffle:
            order = torch.stack([torch.randperm(n, generator=draw) for draw in orders]).to(device)
            x, y = inputs[model, order], one_hot[model, order]
        for x_batch, y_batch in zip(
            x.split(batch_size, dim=1), y.split(batch_size, dim=1), strict=True
        ):
            step(x_batch, y_batch)
        if progress is not None:
            progress(1)
    return stack


class _Step:
    """One SGD step for the whole stack, without autograd and with buffers that are reused."""

    def __init__(
        self,
        stack: StackedPerceptrons,
        learning_rate: float,
        momentum: float,
        softmax_twice: bool,
    ) -> None:
        self.parameters = stack.parameters
        self.velocity = torch.zeros_like(stack.parameters)
        self.weights = stack.layers(self.parameters)
        self.inner = [w[:, :-1].mT for w in self.weights]
        self.velocities = stack.layers(self.velocity)
        self.learning_rate, self.momentum = learning_rate, momentum
        self.softmax_twice = softmax_twice
        self.rows = 0

    def _allocate(self, like: Tensor) -> None:
        self.rows = like.shape[1]
        shape = (len(like), self.rows)
        sizes = [w.shape[2] for w in self.weights]
        self.outputs = [like.new_empty(*shape, size) for size in sizes]
        # Hidden activations carry a last column of ones, which meets the bias row of the weights.
        self.activations = [like.new_ones(*shape, size + 1) for size in sizes[:-1]]
        self.hidden = [a[:, :, :-1] for a in self.activations]
        self.transposed = [a.mT for a in self.activations]
        self.gradients = [like.new_empty(*shape, size) for size in sizes]

    def __call__(self, x: Tensor, y: Tensor) -> None:
        """Args: x [M, B, l + 1] with a last column of ones, y [M, B, 2] one-hot."""
        if x.shape[1] != self.rows:
            self._allocate(x)
        inputs = [x, *self.activations]
        last = len(self.weights) - 1
        for i, w in enumerate(self.weights):
            torch.bmm(inputs[i], w, out=self.outputs[i])
            if i < last:
                torch.clamp_min(self.outputs[i], 0, out=self.hidden[i])
        # Cross-entropy after softmax: the gradient of its inputs is p - y.
        if self.softmax_twice:
            p = torch.softmax(self.outputs[last], 2)
            g = torch.softmax(p, 2).sub_(y)
            g.sub_((g * p).sum(2, keepdim=True)).mul_(p)
            self.gradients[last].copy_(g)
        else:
            torch.softmax(self.outputs[last], 2, out=self.gradients[last])
            self.gradients[last].sub_(y)
        for i in range(last, 0, -1):
            torch.bmm(self.gradients[i], self.inner[i], out=self.gradients[i - 1])
            g = self.gradients[i - 1]
            torch.ops.aten.threshold_backward.grad_input(g, self.outputs[i - 1], 0, grad_input=g)
        self.velocity.mul_(self.momentum)
        columns = [x.mT, *self.transposed]
        for velocity, column, gradient in zip(
            self.velocities, columns, self.gradients, strict=True
        ):
            if self.rows == 1:  # an outer product, for which broadcasting is several times faster
                velocity.addcmul_(column, gradient)
            else:
                velocity.baddbmm_(column, gradient, alpha=1 / self.rows)
        self.parameters.add_(self.velocity, alpha=-self.learning_rate)
