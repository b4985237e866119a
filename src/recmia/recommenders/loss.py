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
    def forward(ctx, states: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor):
        """Loss of float32 states [m, d], weight [V, d] and int64 targets [m]: a scalar."""
        rows = max(1, CHUNK_BYTES // (4 * len(weight)))
        buffer = states.new_empty(min(rows, len(states)), len(weight))
        states_gradient, weight_gradient = torch.empty_like(states), torch.zeros_like(weight)
        total = torch.zeros((), dtype=torch.float64)
        for start in range(0, len(states), rows):
            part, true = states[start : start + rows], targets[start : start + rows, None]
            share = torch.mm(part, weight.T, out=buffer[: len(part)])
            share.sub_(share.amax(dim=1, keepdim=True))
            logit = share.gather(1, true).double()
            norm = share.exp_().sum(dim=1, keepdim=True)
            total += (norm.double().log() - logit).sum()
            share.div_(norm)
            share.scatter_add_(1, true, torch.full_like(norm, -1.0))
            torch.mm(share, weight, out=states_gradient[start : start + rows])
            weight_gradient.addmm_(share.T, part)
        ctx.save_for_backward(states_gradient, weight_gradient)
        return (total / len(states)).to(states.dtype)

    @staticmethod
    def backward(ctx, upstream: torch.Tensor):
        """Gradients with respect to states and weight."""
        states_gradient, weight_gradient = ctx.saved_tensors
        scale = upstream / len(states_gradient)
        return states_gradient * scale, weight_gradient * scale, None
