"""Item vectors from the adversary's own interactions, by matrix factorisation."""

from __future__ import annotations

import numpy as np
import torch

from recmia.errors import DataError
from recmia.factorisation import Epoch, descend
from recmia.seeds import generator
from recmia.sessions import FIRST_ITEM


def factorise(
    histories: np.ndarray,
    lengths: np.ndarray,
    n_items: int,
    *,
    dim: int = 100,
    epochs: int = 30,
    learning_rate: float = 0.02,
    decay: float = 0.9,
    regularisation: float = 0.01,
    batch_size: int = 512,
    seed: int,
) -> np.ndarray:
    """Item matrix of the factorised user-item matrix (L_MF of Zhang et al., CCS 2021, section 2.5).

    An interaction is 1, whatever its count; for each, one item is drawn uniformly from the
    catalogue as a 0, and left out where the user has it. Both matrices start from U(0, 1); the
    squared error is descended with learning rates that fall by ``decay`` an epoch (the values of
    the paper's code; its text gives none).

    Steps are taken for ``batch_size`` examples together, shortened where their sum would overshoot
    (see `recmia.factorisation`); single steps are never shortened for dim up to 150.

    Args:
        histories: int64 [n, L], item ids from 3, padded on the right with 0.
        lengths: int64 [n].
        n_items: size V of the vocabulary: every id is smaller.
        dim: length l of the vectors.
        epochs: passes over the interactions, each with new zeros.
        learning_rate: of the first epoch.
        decay: factor of the learning rate an epoch.
        regularisation: L2 penalty on the two vectors of each example.
        batch_size: examples a step.
        seed: root seed.

    Returns:
        float32 [V, dim]; zero in the rows of padding, start and end. Runs on the CPU.

    Raises:
        DataError: there are no interactions, an id is out of range, or the descent diverged.
    """
    within = np.arange(histories.shape[1]) < lengths[:, None]
    users, items = np.nonzero(within)[0], histories[within]
    if len(items) == 0:
        raise DataError("There are no interactions to factorise.", column="histories")
    if items.min() < FIRST_ITEM or items.max() >= n_items:
        raise DataError(
            f"Item ids must lie in {FIRST_ITEM}..{n_items - 1}; "
            f"found {items.min()}..{items.max()}.",
            column="histories",
        )
    known = np.unique(users * n_items + items)
    draw = generator(seed, "item_vectors")
    user_matrix = torch.from_numpy(draw.random((len(histories), dim), dtype=np.float32))
    item_matrix = torch.from_numpy(draw.random((n_items, dim), dtype=np.float32))
    passes = (
        Epoch(learning_rate * decay**epoch, *_examples(known, n_items, draw))
        for epoch in range(epochs)
    )
    descend(user_matrix, item_matrix, passes, regularisation=regularisation, batch_size=batch_size)
    item_matrix[:FIRST_ITEM] = 0
    if not torch.isfinite(item_matrix).all():
        raise DataError(
            f"Factorisation diverged (dim {dim}, learning rate {learning_rate}).",
            remedy="lower the learning rate: the first error grows with dim / 4.",
        )
    return item_matrix.numpy()


def _examples(
    known: np.ndarray, n_items: int, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shuffled users, items and values of one epoch: the interactions and as many drawn zeros."""
    users = known // n_items
    zeros = users * n_items + draw.integers(FIRST_ITEM, n_items, size=len(known))
    place = np.minimum(np.searchsorted(known, zeros), len(known) - 1)
    zeros = zeros[known[place] != zeros]
    pairs = np.concatenate([known, zeros])
    value = (np.arange(len(pairs)) < len(known)).astype(np.float32)
    order = draw.permutation(len(pairs))
    return pairs[order] // n_items, pairs[order] % n_items, value[order]
