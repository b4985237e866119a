"""The norm of the gradient that a session's loss has in all weights, of many sessions."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from recmia.recommenders import transformer
from recmia.recommenders.scoring import CHUNK_BYTES
from recmia.recommenders.unit_gradients import pieces, unit_norms
from recmia.sessions import Sessions


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
    norms, tokens, predicted = np.empty(len(sessions)), sessions.tokens(), sessions.lengths + 1
    model.to(device).eval()
    # Errors of all items that stay in the processor's cache, or one session alone.
    most = max(1, 2 * CHUNK_BYTES // (4 * transformer.item_embedding(model).num_embeddings))
    with transformer.one_thread():
        for rows in pieces(predicted, most):
            batch = torch.from_numpy(tokens[rows, : predicted[rows].max() + 1]).to(device)
            units = torch.arange(len(rows), device=device)
            norms[rows] = unit_norms(model, batch, units).cpu().numpy() / predicted[rows]
    return norms
