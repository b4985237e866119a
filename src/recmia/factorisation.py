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
    for rate, *columns in epochs:
        batches = [torch.from_numpy(column).split(batch_size) for column in columns]
        for u, v, value in zip(*batches, strict=True):
            # index_select gathers the same rows as indexing does, in a fraction of the time.
            p, q = user_matrix.index_select(0, u), item_matrix.index_select(0, v)
            error = (value - (p * q).sum(1)).unsqueeze(1)
            user_step = _steps(error, u, p, q, len(user_matrix), rate, regularisation)
            item_step = _steps(error, v, q, p, len(item_matrix), rate, regularisation)
            user_matrix.index_add_(0, u, user_step)
            item_matrix.index_add_(0, v, item_step)


def descend_users(
    user_matrix: torch.Tensor,
    item_matrix: torch.Tensor,
    epochs: Iterable[Epoch],
    *,
    regularisation: float,
) -> None:
    """The same descent for the user matrix alone, in place: how a history is folded in.

    An epoch is one step of all its examples together, so that a user's vector depends on no other
    user and on no order of users.

    Args:
        user_matrix: float32 [n, dim] on the CPU.
        item_matrix: float32 [V, dim] on the CPU; stays as it is.
        epochs: as in `descend`; the order of one user's examples matters to the last bit only.
        regularisation: L2 penalty on the vector of each example.
    """
    for rate, *columns in epochs:
        u, v, value = (torch.from_numpy(column) for column in columns)
        p, q = user_matrix.index_select(0, u), item_matrix.index_select(0, v)
        error = (value - (p * q).sum(1)).unsqueeze(1)
        step = _steps(error, u, p, q, len(user_matrix), rate, regularisation)
        user_matrix.index_add_(0, u, step)


def _steps(
    error: torch.Tensor,
    ids: torch.Tensor,
    own: torch.Tensor,
    partners: torch.Tensor,
    n_ids: int,
    rate: float,
    regularisation: float,
) -> torch.Tensor:
    """float32 [b, dim]: the step of each example, shortened to keep the sum of an id's stable."""
    curvature = torch.zeros(n_ids).index_add_(0, ids, (partners * partners).sum(1))[ids]
    rates = (rate / (rate * curvature).clamp_min(1)).unsqueeze(1)
    return (error * partners - regularisation * own) * rates
