"""Who plays the membership game: a pool, coins, and which models attack which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from recmia.cohorts import draw_rows
from recmia.errors import DataError
from recmia.evaluation.folds import link_groups
from recmia.seeds import generator
from recmia.sessions import Sessions, load_sessions
from recmia.storage import read_arrays, write_arrays

SESSION, USER = "session", "user"
COHORTS = ("pool", "validation", "population")


@dataclass(frozen=True)
class Pool:
    """Whom the game is about.

    Attributes:
        pool: N sessions; each is trained on, or not, by the coin of its group.
        validation: unseen sessions that choose the epoch.
        population: unseen sessions that the adversary knows.
        groups: int64 [N], the unit that has a coin: the same for identical sessions, or for all of
            a user.
        coins: bool [N, M], True where a model is trained on a session. Models 2i and 2i + 1 have
            complementary coins.
    """

    pool: Sessions
    validation: Sessions
    population: Sessions
    groups: np.ndarray
    coins: np.ndarray


def keep_pool(
    path: Path,
    sessions: Path,
    *,
    pool: int,
    validation: int,
    population: int,
    models: int,
    names: Sequence[str | int],
    unit: str = SESSION,
) -> None:
    """Draw the sessions, and deal a fair coin a unit and pair of models.

    Args:
        path: of the result, for `load_pool`.
        sessions: of notebook 01.
        pool: N.
        validation: sessions that choose the epoch.
        population: sessions that the adversary knows.
        models: M, even.
        names: what the random choice is made from, the root seed first.
        unit: what has a coin: identical sessions together, or all sessions of a user, and of
            users who have one in common.

    Raises:
        DataError: the sessions do not suffice, or are not of users.
    """
    log = load_sessions(sessions)
    sizes = dict(zip(COHORTS, (pool, validation, population), strict=True))
    keys = [log.hashes()] if unit == SESSION else [log.hashes(), users_of(sessions)]
    units, arrays = link_groups(*keys), {}
    for name, rows in draw_rows(units, sizes, generator(*names, "cohorts")).items():
        for field in ("clicks", "lengths", "row_ids"):
            arrays[f"{name}.{field}"] = getattr(log, field)[rows]
        if name == "pool":
            _, arrays["groups"] = np.unique(units[rows], return_inverse=True)
    arrays["coins"] = deal(arrays["groups"], models, generator(*names, "coins"))
    write_arrays(path, **arrays)


def users_of(sessions: Path) -> np.ndarray:
    """Users int64 [n] of notebook 01's sessions, where those were cut from users' histories.

    Raises:
        DataError: they were not.
    """
    named = pq.read_table(sessions, columns=["session_id"])["session_id"].to_pylist()
    parts = [name.rpartition(":") for name in named]  # as notebook 01 calls them: user:number
    if not all(user and number.isdigit() for user, _, number in parts):
        raise DataError(
            "these sessions are not of users.", file=sessions, column="session_id",
            remedy="set frontier.unit to session, or use a log of users.",
        )  # fmt: skip
    return np.unique([user for user, *_ in parts], return_inverse=True)[1]


def deal(groups: np.ndarray, models: int, draw: np.random.Generator) -> np.ndarray:
    """bool [n, models]: a coin a group and pair of models, its complement for the pair's second."""
    coins = draw.random((groups.max() + 1, models // 2)) < 0.5
    return np.stack([coins, ~coins], axis=2).reshape(len(coins), models)[groups]


def load_pool(path: Path) -> Pool:
    """Read what `keep_pool` wrote."""
    arrays = read_arrays(path)
    parts = (
        Sessions(*(arrays[f"{name}.{field}"] for field in ("clicks", "lengths", "row_ids")))
        for name in COHORTS
    )
    return Pool(*parts, arrays["groups"], arrays["coins"])


def shadows_of(target: int, models: int, count: int | None = None) -> list[int]:
    """The models that attack one in the target's place: neither itself nor its complement.

    Whole pairs, beginning with the one after the target's, so that no two targets start alike.

    Args:
        target: number of the model under attack.
        models: M.
        count: how many; M - 2 where left out.
    """
    pairs = models // 2
    order = [(target // 2 + step) % pairs for step in range(1, pairs)]
    return [model for pair in order for model in (2 * pair, 2 * pair + 1)][:count]
