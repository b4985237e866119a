"""Cross-entropy over the whole catalogue without ever holding the batch's logits."""

from __future__ import annotations

import torch

# The logits of a chunk stay in the processor's cache; larger chunks are bound by memory traffic.
CHUNK_BYTES = 16 * 2**20
# Items whose logits lie together in float32. Where a row holds the whole catalogue, products touch
# a page of memory a row, which halves their speed on processors the library is not written for.
BLOCK_ITEMS = 512


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
        (tokens, dim), items = states.shape, len(weight)
        exact = precision == torch.float32
        block = min(BLOCK_ITEMS, items) if exact else items
        missing = -items % block  # the last block is filled up with items that cannot be drawn
        blocks = (items + missing) // block
        narrow, vectors = states.to(precision), weight.to(precision)
        vectors = torch.nn.functional.pad(vectors, (0, 0, 0, missing)).view(blocks, block, dim)
        rows = min(max(1, CHUNK_BYTES // ((4 if exact else 6) * items)), tokens)
        logits = states.new_empty(blocks, rows, block)
        products = logits if exact else narrow.new_empty(blocks, rows, block)
        states_gradient = torch.zeros_like(states)
        weight_gradient = states.new_zeros(blocks, block, dim)
        total = torch.zeros((), dtype=torch.float64)
        for start in range(0, tokens, rows):
            part, true = narrow[start : start + rows], targets[start : start + rows]
            share, product = logits[:, : len(part)], products[:, : len(part)]
            for of_block, one in zip(vectors, product, strict=True):
                torch.mm(part, of_block.T, out=one)
            if not exact:
                share.copy_(product)
            where = (true // block, torch.arange(len(part)), true % block)
            logit = share[where].double()
            if smoothing:
                mean = share.sum(dim=(0, 2)).div_(items)  # what fills up is 0 here
                logit.mul_(1 - smoothing).add_(mean, alpha=smoothing)
            share[-1, :, block - missing :] = -torch.inf
            highest = share.amax(dim=(0, 2), keepdim=True)
            norm = share.sub_(highest).exp_().sum(dim=(0, 2), keepdim=True)
            total += (norm.double().log() + highest.double()).sum() - logit.sum()
            share.div_(norm)
            share[where] += smoothing - 1.0
            if smoothing:
                share.sub_(smoothing / items)
            if not exact:
                product.copy_(share)
            of_part = states_gradient[start : start + rows]
            for of_block, one, gradient in zip(vectors, product, weight_gradient, strict=True):
                of_part += torch.mm(one, of_block)
                gradient += torch.mm(one.T, part)
        ctx.save_for_backward(states_gradient, weight_gradient.view(-1, dim)[:items])
        return (total / tokens).to(states.dtype)

    @staticmethod
    def backward(ctx, upstream: torch.Tensor):
        """Gradients with respect to states and weight."""
        states_gradient, weight_gradient = ctx.saved_tensors
        scale = upstream / len(states_gradient)
        return states_gradient * scale, weight_gradient * scale, None, None, None
