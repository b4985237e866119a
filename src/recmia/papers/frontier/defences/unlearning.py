"""The unlearning check: does fine-tuning on the rest forget as training anew does?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from recmia.papers.frontier.dealing import Pool, load_pool
from recmia.papers.frontier.defences.keeping import by_target, score, served_by, stacked
from recmia.papers.frontier.defences.showing import Shown
from recmia.recommenders import transformer
from recmia.recommenders.epochs import load_record
from recmia.recommenders.settings import Target
from recmia.recommenders.training import train, train_epoch
from recmia.seeds import generator
from recmia.storage import write_arrays

ASKED = "asked"  # name of the array that says who is attacked


def removed_of(pool: Pool, number: int, share: float, seed: int) -> np.ndarray:
    """Sessions of the units that are removed from a model, bool [N], drawn among its own.

    Args:
        pool: of the game.
        number: of the model.
        share: of the units that it was trained on.
        seed: of the draw.
    """
    own = np.unique(pool.groups[pool.coins[:, number]])
    drawn = generator(seed, "removed", number).permutation(own)[: max(1, round(share * len(own)))]
    return np.isin(pool.groups, drawn)


def keep_retrained(
    path: Path,
    pool: Path,
    *,
    number: int,
    share: float,
    target: Target,
    vocabulary_size: int,
    seed: int,
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Train a model anew without what is removed; see `removed_of`."""
    drawn = load_pool(pool)
    left = drawn.pool[drawn.coins[:, number] & ~removed_of(drawn, number, share, seed)]
    train(
        target, vocabulary_size, left, path, seed=seed, device=device,
        validation=drawn.validation, progress=progress,
    )  # fmt: skip


def keep_finetuned(
    path: Path,
    pool: Path,
    model: Path,
    *,
    number: int,
    epoch: int,
    share: float,
    epochs: int,
    ranked: int,
    seed: int,
    device: str,
) -> None:
    """Train a finished model on with what is left of its sessions; what it says of the pool.

    The optimiser starts anew, with the settings that the model was trained with. Writes what
    `recmia.papers.frontier.defences.keeping.keep_served` does.

    Args:
        path: of the result.
        pool: of the game.
        model: its folder.
        number: of the model.
        epoch: from which it is trained on.
        share: see `removed_of`.
        epochs: passes over the rest.
        ranked: sessions of the population that ranking is measured on, at most.
        seed: as of `keep_retrained`.
        device: torch device.
    """
    drawn, record = load_pool(pool), load_record(model)
    left = drawn.pool[drawn.coins[:, number] & ~removed_of(drawn, number, share, seed)]
    network, target = record.load(epoch).to(device), record.target
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=target.learning_rate, weight_decay=target.weight_decay
    )
    tokens = torch.from_numpy(left.tokens()).to(device)
    with transformer.one_thread():
        for passed in range(1, epochs + 1):
            train_epoch(
                network, optimiser, tokens, left.lengths, target.batch_size, seed, passed,
                getattr(torch, target.precision),
            )  # fmt: skip
    write_arrays(path, **served_by(network, drawn, ranked, device))


def keep_removed_scores(
    path: Path,
    pool: Path,
    files: Sequence[Path],
    others: Sequence[Path],
    *,
    targets: Sequence[int],
    share: float,
    seeds: Sequence[int],
) -> None:
    """Attacks on what was removed, under models in the targets' places.

    As of `recmia.papers.frontier.defences.keeping.keep_scores`; beside it ``asked`` bool [T, N]:
    removed sessions, who count as members, and those that the model was never trained on. Where it
    has forgotten, nothing tells the two apart.

    Args:
        path: of the result.
        pool: of the game.
        files: of every model of the game, the shadows.
        others: of the model in each target's place: the target as it was, or without them.
        targets: their numbers.
        share: see `removed_of`.
        seeds: of each target, as of `keep_retrained`.
    """
    drawn = load_pool(pool)
    low, signal = stacked(files, drawn, Shown())
    coins, rows, asked = drawn.coins[:, : len(files)], [], []
    for target, other, seed in zip(targets, others, seeds, strict=True):
        own = tuple(part[:, 0] for part in stacked([other], drawn, Shown()))
        rows.append(score(low, signal, coins, target, own))
        asked.append(removed_of(drawn, target, share, seed) | ~coins[:, target])
    write_arrays(path, **by_target(rows, drawn, targets), **{ASKED: np.stack(asked)})
