"""NCF as released: one network for shadow and target, and lists in a numbering of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from recmia.networks import torch_generator
from recmia.recommenders.neumf import NeuMF, log_loss_gradient
from recmia.released.noise import TOP_K, popular_items
from recmia.released.splits import Histories, load_split
from recmia.seeds import generator
from recmia.storage import write_arrays

CANDIDATES, NEGATIVES, BATCH = 1_999, 4, 256
FACTORS, LAYERS, EPOCHS, LEARNING_RATE = 8, (64, 32, 16, 8), 20, 1e-3


def keep_lists(path: Path, split: Path, *, seed: int, epochs: int, top_k: int) -> None:
    """Write what NCF serves with one split.

    Args:
        path: of the result: "lists" int64 [n, k], of every user of the shadow's file, and "popular"
            int64 [20 k], which all non-members of both sides share.
        split: kept `Split`.
        seed: root seed.
        epochs: of training.
        top_k: k.
    """
    known = load_split(split)
    popular = popular_items(known.target, 20 * top_k)
    made = lists(known.shadow, seed=seed, epochs=epochs, k=top_k)
    write_arrays(path, lists=made, popular=popular)


def lists(histories: Histories, *, seed: int, epochs: int = EPOCHS, k: int = TOP_K) -> np.ndarray:
    """The best 100 of 2,000 random candidates of each user at the last epoch, int64 [n, k].

    ``neural_cf-master``: every rating becomes 3 with a random time, so the record that is held out
    is a random one; 1,999 other candidates are drawn with replacement from what a user lacks; an
    epoch's negatives, 4 for a positive, are none of these. Items are numbered densely by their
    numbers, and lists keep this numbering: item d of a list is the d-th that the file knows, and
    is taken for number d ever after.

    Args:
        histories: of the shadow's file, members first.
        seed: root seed.
        epochs: of training.
        k: length of the lists.
    """
    draw = generator(seed, "released", "ncf")
    known, items = np.unique(histories.items, return_inverse=True)
    users, n = histories.users, len(known)
    held = histories.offsets[:-1] + (draw.random(len(histories)) * histories.lengths).astype(int)
    held = held[histories.lengths > 0]
    owners = users[held]
    has = np.zeros((len(histories), n), dtype=bool)
    has[users, items] = True
    candidates = np.stack([_lacked(has, owners, draw) for _ in range(CANDIDATES)], axis=1)
    candidates = np.concatenate([items[held][:, None], candidates], axis=1)
    barred = has.copy()  # what a user has, and what is a candidate, is no negative
    barred[owners[:, None], candidates] = True
    kept = np.ones(len(users), dtype=bool)
    kept[held] = False
    network = _train(users[kept], items[kept], barred, draw, seed, epochs)
    made = np.zeros((len(histories), k), dtype=np.int64)
    made[owners] = _best(network, owners, candidates, k)
    return made


def _lacked(taken: np.ndarray, users: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """One random item of each user, int64 [m], that is not taken; drawn again until it is so."""
    items = draw.integers(0, taken.shape[1], size=len(users))
    while (again := np.flatnonzero(taken[users, items])).size:
        items[again] = draw.integers(0, taken.shape[1], size=len(again))
    return items


def _train(
    users: np.ndarray,
    items: np.ndarray,
    barred: np.ndarray,
    draw: np.random.Generator,
    seed: int,
    epochs: int,
) -> NeuMF:
    start = torch_generator(seed, "released", "ncf start")
    network = NeuMF(*barred.shape, FACTORS, LAYERS, start)
    with torch.no_grad():
        for table in (network.users, network.items):
            table.normal_(generator=start)
    adam = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, fused=True)
    # Where a user lacks nothing that is not barred, there is no negative to draw.
    free = ~barred.all(axis=1)
    for _ in range(epochs):
        others = np.tile(users[free[users]], NEGATIVES)
        rows = np.concatenate([users, others])
        columns = np.concatenate([items, _lacked(barred, others, draw)])
        labels = (np.arange(len(rows)) < len(users)).astype(np.float32)
        order = draw.permutation(len(rows))
        batches = [
            torch.from_numpy(column[order]).split(BATCH) for column in (rows, columns, labels)
        ]
        for u, v, label in zip(*batches, strict=True):
            log_loss_gradient(network, u, v, label)
            adam.step()
    return network.requires_grad_(False)


def _best(network: NeuMF, users: np.ndarray, candidates: np.ndarray, k: int) -> np.ndarray:
    """int64 [m, k]: candidates int64 [m, c] by falling score; one drawn twice counts once."""
    candidates = np.sort(candidates, axis=1)
    twice = np.zeros(candidates.shape, dtype=bool)
    twice[:, 1:] = candidates[:, 1:] == candidates[:, :-1]
    parts = []
    for rows in np.array_split(np.arange(len(users)), max(1, len(users) // 64)):
        u = network.users[torch.from_numpy(users[rows])][:, None]
        v = network.items[torch.from_numpy(candidates[rows])]
        scores = network(u.expand(-1, v.shape[1], -1), v)
        scores[torch.from_numpy(twice[rows])] = -torch.inf
        parts.append(torch.topk(scores, k).indices.numpy())
    return np.take_along_axis(candidates, np.concatenate(parts), 1)
