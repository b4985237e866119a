"""Who is trained on where canaries are planted: real sessions always, each canary by coin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recmia.canaries import random_canaries, rare_canaries, reordered_canaries
from recmia.errors import DataError
from recmia.papers.frontier.dealing import COHORTS, Pool, deal, load_pool
from recmia.seeds import child_seed, generator
from recmia.sessions import Sessions, concatenate
from recmia.storage import read_arrays, write_arrays

RANDOM, RARE, REORDERED = "random items", "rare items", "real items in another order"
REAL = "real sessions"
MADE_UP = (RANDOM, RARE, REORDERED)


@dataclass(frozen=True)
class Planted:
    """The canaries of a game.

    Attributes:
        canaries: c sessions.
        kinds: str [c], of `MADE_UP` or `REAL`.
        coins: bool [c, M], True where a model is trained on a canary.
        trained: sessions that a model is trained on, canaries too, on average.
    """

    canaries: Sessions
    kinds: np.ndarray
    coins: np.ndarray
    trained: int


def keep_canaries(
    path: Path,
    pool: Path,
    *,
    sessions: int,
    canaries: int,
    kinds: Sequence[str],
    models: int,
    paired: bool,
    rare_share: float,
    vocabulary_size: int,
    names: Sequence[str | int],
) -> None:
    """Make canaries, draw what they are planted among, and deal a fair coin a canary and model.

    Written as of `recmia.papers.frontier.dealing.keep_pool`, so that a model is trained as there:
    its pool is the real sessions, which every model learns from, then the canaries, with ``kinds``
    beside it. The real sessions are of the first game's population, so that no model of either
    game has seen the units of the other; the original of a canary is not among them.

    Args:
        path: of the result.
        pool: of the first game.
        sessions: real ones.
        canaries: of each kind.
        kinds: some of `MADE_UP` and `REAL`: sessions of the first game's pool as they are.
        models: M.
        paired: models 2i and 2i + 1 have complementary coins; else all coins are independent.
        rare_share: of the items, the rarest, that rare canaries are made of.
        vocabulary_size: V.
        names: what the random choice is made from, the root seed first.

    Raises:
        DataError: there are not so many sessions or canaries.
    """
    drawn, seed = load_pool(pool), child_seed(*names)
    taken = concatenate(drawn.pool, drawn.validation, drawn.population)
    made: dict[str, Sessions] = {}
    # Each kind is made beside the ones before, so that no two canaries are equal.
    if REORDERED in kinds:
        made[REORDERED] = reordered_canaries(taken, canaries, seed=seed)
    originals = taken.row_ids[:0] if REORDERED not in made else made[REORDERED].row_ids
    known = concatenate(taken, *made.values())
    if RARE in kinds:
        made[RARE] = rare_canaries(known, canaries, share=rare_share, seed=seed)
        known = concatenate(known, made[RARE])
    if RANDOM in kinds:
        made[RANDOM] = random_canaries(known, canaries, vocabulary_size=vocabulary_size, seed=seed)
    if REAL in kinds:
        alone = np.bincount(drawn.groups)[drawn.groups] == 1
        alone &= ~np.isin(drawn.pool.row_ids, originals)
        made[REAL] = drawn.pool[_chosen(alone, canaries, "canaries", seed)]
    hidden = taken[np.isin(taken.row_ids, originals)].hashes()
    free = ~np.isin(drawn.population.hashes(), hidden)
    real = drawn.population[_chosen(free, sessions, "sessions", seed)]
    whole = concatenate(real, *(made[kind] for kind in kinds))
    ours = Pool(
        whole,
        drawn.validation[: max(1, sessions // 2)],  # it is ranked after every epoch
        drawn.pool[~np.isin(drawn.pool.hashes(), whole.hashes())],
        np.unique(whole.hashes(), return_inverse=True)[1],
        np.ones((len(whole), models), dtype=bool),
    )
    draw, count = generator(seed, "coins"), len(whole) - sessions
    ours.coins[sessions:] = (
        deal(np.arange(count), models, draw) if paired else draw.random((count, models)) < 0.5
    )
    arrays = {
        f"{name}.{field}": getattr(getattr(ours, name), field)
        for name in COHORTS
        for field in ("clicks", "lengths", "row_ids")
    }
    arrays["kinds"] = np.repeat(["", *kinds], [sessions, *(canaries for _ in kinds)])
    write_arrays(path, **arrays, groups=ours.groups, coins=ours.coins)


def _chosen(free: np.ndarray, n: int, what: str, seed: int) -> np.ndarray:
    """n of the rows that are free, rising."""
    rows = np.flatnonzero(free)
    if len(rows) < n:
        raise DataError(
            f"{n} {what} of canary games were asked for, and {len(rows)} sessions are free.",
            remedy="lower bounds.sessions, .trained_on or .choices, or raise cohorts.reference",
        )
    return np.sort(generator(seed, what).choice(rows, n, replace=False))


def load_canaries(path: Path) -> Planted:
    """Read the canaries of what `keep_canaries` wrote."""
    drawn, kinds = load_pool(path), read_arrays(path, ["kinds"])["kinds"]
    planted, trained = kinds != "", drawn.coins.sum(axis=0).mean()
    return Planted(drawn.pool[planted], kinds[planted], drawn.coins[planted], round(trained))
