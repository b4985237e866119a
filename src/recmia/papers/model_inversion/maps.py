"""Where items lie before and after poisoning (figure 3), from the profiles of one attack."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recmia.inversion.attack import (
    HELD,
    Attacker,
    Recommender,
    craft,
    draw_decoys,
    poisoned_lists,
)
from recmia.inversion.factorisation import Model
from recmia.papers.model_inversion.worlds import read_world
from recmia.seeds import generator
from recmia.storage import write_arrays

SHOWN = 400


def coordinates(model: Model, sensitive_users: np.ndarray) -> np.ndarray:
    """float64 [n, 2] of each item: its mean predicted rating, and what sensitive users add to it.

    Both are the same whatever rotation of U and V a training ends in, so that two trainings can be
    compared.

    Args:
        model: users [m, k] and items [n, k].
        sensitive_users: bool [m].
    """
    everybody = model.items @ model.users.mean(axis=0)
    sensitive = model.items @ model.users[sensitive_users].mean(axis=0)
    return np.stack([everybody, sensitive - everybody], axis=1)


def keep_map(
    path: Path,
    world: Path,
    *,
    zeros_observed: bool,
    recommender: Recommender,
    decoys: int,
    seed: int,
    alpha: float,
) -> None:
    """Coordinates of the sensitive item, the decoys and some others, links held.

    Args:
        path: of the result: ``before`` and ``after`` float64 [items, 2], and ``kinds`` int64
            [items]: 0 other, 1 decoy, 2 sensitive.
        world: kept data set.
        zeros_observed: see `recmia.inversion.ratings.Ratings`.
        recommender: the system.
        decoys: |Y|.
        seed: of trainings, simulated users, decoys and the items shown.
        alpha: α.
    """
    known = read_world(world, zeros_observed=zeros_observed)
    training, sensitive = known.training, known.sensitive[:1]
    chosen = draw_decoys(training.shape[1], known.barred, decoys, seed)
    attacker = Attacker(alpha, max(round(training.mean_items()), 1 + decoys), choice=HELD)
    before = recommender.train(training, seed)
    poison = craft(training, before.items, sensitive, chosen, recommender, attacker, seed)
    after, _ = poisoned_lists(training, poison.ratings, recommender, seed)
    others = np.setdiff1d(np.arange(training.shape[1]), np.concatenate([sensitive, chosen]))
    drawn = generator(seed, "items shown").permutation(others)[:SHOWN]
    shown = np.concatenate([drawn, chosen, sensitive])
    users = training.high_raters(sensitive)
    write_arrays(
        path,
        before=coordinates(before, users)[shown],
        after=coordinates(after, users)[shown],
        kinds=np.repeat([0, 1, 2], [len(drawn), len(chosen), 1]),
    )
