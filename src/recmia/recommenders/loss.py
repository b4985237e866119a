"""Cross-entropy over the whole catalogue without ever holding the batch's logits."""

from __future__ import annotations

import torch

# The logits of a chunk stay in the processor's cache; larger chunks are bound by memory traffic.
CHUNK_BYTES = 8 * 2**20


class TiedCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of ``softmax(states @ weight.T)``, for a CPU.

    The ordinary chain (product, temperature, log-softmax, loss, and back) walks through a tokens
    times V array about ten times and dominates training on a CPU. Here the gradients, which are
    known as soon as the softmax is (softmax minus one-hot), are taken chunk by chunk while the
    chunk is in the cache.
    """

    @staticmethod
    def forward(
        ctx,
        states: torch.Tensor,
        weight: torch.Tensor,
        targets: torch.Tensor,
        smoothing: float = 0.0,
        precision: torch.dtype = torch.float32,
    ):
        """Loss of float32 states [m, d], weight [V, d] and int64 targets [m]: a scalar.

        ``smoothing`` is PyTorch's ``label_smoothing``. ``precision`` is that of the three products;
        with bfloat16 the softmax between them, and the sums over chunks, stay in float32.
        """
        rows = min(max(1, CHUNK_BYTES // (4 * len(weight))), len(states))
        narrow, narrow_weight = states.to(precision), weight.to(precision)
        products = narrow.new_empty(rows, len(weight))
        wide = products if precision == torch.float32 else states.new_empty(rows, len(weight))
        states_gradient, weight_gradient = torch.empty_like(states), torch.zeros_like(weight)
        total = torch.zeros((), dtype=torch.float64)
        for start in range(0, len(states), rows):
            part, true = narrow[start : start + rows], targets[start : start + rows, None]
            product, share = products[: len(part)], wide[: len(part)]
            torch.mm(part, narrow_weight.T, out=product)
            if share is not product:
                share.copy_(product)
            share.sub_(share.amax(dim=1, keepdim=True))
            logit = share.gather(1, true).double()
            if smoothing:
                logit.mul_(1 - smoothing).add_(share.mean(dim=1, keepdim=True), alpha=smoothing)
            norm = share.exp_().sum(dim=1, keepdim=True)
            total += (norm.double().log() - logit).sum()
            share.div_(norm)
            share.scatter_add_(1, true, torch.full_like(norm, smoothing - 1.0))
            if smoothing:
                share.sub_(smoothing / len(weight))
            if share is product:
                torch.mm(share, weight, out=states_gradient[start : start + rows])
                weight_gradient.addmm_(share.T, part)
            else:
                product.copy_(share)
                states_gradient[start : start + rows] = torch.mm(product, narrow_weight)
                weight_gradient += torch.mm(product.T, part)
        ctx.save_for_backward(states_gradient, weight_gradient)
        return (total / len(states)).to(states.dtype)

    @staticmethod
    def backward(ctx, upstream: torch.Tensor):
        """Gradients with respect to states and weight."""
        states_gradient, weight_gradient = ctx.saved_tensors
        scale = upstream / len(states_gradient)
        return states_gradient * scale, weight_gradient * scale, None, None, None
