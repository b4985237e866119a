"""Descent on a factorised matrix: the step that item vectors and latent factors share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import torch


class Epoch(NamedTuple):
    """Examples of one pass, in the order in which they are visited.

    Attributes:
        rate: learning rate.
        users: int64 [m], rows of the user matrix.
        items: int64 [m], rows of the item matrix.
        values: float32 [m], entries of the factorised matrix.
    """

    rate: float
    users: np.ndarray
    items: np.ndarray
    values: np.ndarray


def descend(
    user_matrix: torch.Tensor,
    item_matrix: torch.Tensor,
    epochs: Iterable[Epoch],
    *,
    regularisation: float,
    batch_size: int,
) -> None:
    """Lower the squared error of ``user_matrix @ item_matrix.T`` on the examples, in place.

    Steps are taken for ``batch_size`` examples together. A user or item that occurs several times
    in a batch moves by the sum of its steps, shortened where the sum would overshoot: where the
    learning rate times the summed squared lengths of its partners, a bound on its curvature,
    exceeds 1. A batch in which nobody occurs twice equals single steps.

    Args:
        user_matrix: float32 [n, dim] on the CPU.
        item_matrix: float32 [V, dim] on the CPU.
        epochs: drawn one after the other, as they are needed.
        regularisation: L2 penalty on the two vectors of each example.
        batch_size: examples a step.
    """
    for rate, users, items, values in epochs:
        columns = [torch.from_numpy(column).split(batch_size) for column in (users, items, values)]
        for u, v, value in zip(*columns, strict=True):
            # index_select gathers the same rows as indexing does, in a fraction of the time.
            p, q = user_matrix.index_select(0, u), item_matrix.index_select(0, v)
            error = (value - (p * q).sum(1)).unsqueeze(1)
            user_step = (error * q - regularisation * p) * _rates(u, q, len(user_matrix), rate)
            item_step = (error * p - regularisation * q) * _rates(v, p, len(item_matrix), rate)
            user_matrix.index_add_(0, u, user_step)
            item_matrix.index_add_(0, v, item_step)


def _rates(ids: torch.Tensor, partners: torch.Tensor, n_ids: int, rate: float) -> torch.Tensor:
    """float32 [b, 1]: the learning rate of each id, shortened to keep its summed step stable."""
    curvature = torch.zeros(n_ids).index_add_(0, ids, (partners * partners).sum(1))[ids]
    return (rate / (rate * curvature).clamp_min(1)).unsqueeze(1)
