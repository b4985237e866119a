"""What attacks read of the two kinds of games: real sessions with coins, and canaries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recmia.likelihood_ratio.evidence import Target
from recmia.papers.frontier.bounding.canaries import Planted
from recmia.papers.frontier.bounding.keeping import LOG_LIKELIHOOD, SIGNAL, WHOLE
from recmia.papers.frontier.bounding.turns import Read
from recmia.papers.frontier.dealing import USER, Pool
from recmia.papers.frontier.keeping import load_seen
from recmia.papers.frontier.names import SCORES
from recmia.storage import read_arrays


def counted(groups: np.ndarray, unit: str) -> np.ndarray:
    """Which sessions are a unit's that a bound on ε is about, bool [N]; of their units, int64 [N].

    Identical sessions have one coin together: their bound would be that of a group of several
    sessions, and they are left out. Where the unit is a user, all sessions of a user are one unit.
    """
    if unit == USER:
        return np.ones(len(groups), dtype=bool)
    return np.bincount(groups)[groups] == 1


def read_pool(files: Sequence[Path], pool: Pool, epoch: int, unit: str) -> Read:
    """The units of the first game through scores, at one epoch.

    Args:
        files: signals of every model (`recmia.papers.frontier.keeping.keep_signals`).
        pool: of the game.
        epoch: one that is attacked.
        unit: what has a coin.
    """
    seen = load_seen(files, pool, epoch, SCORES)
    whole = Read(seen.log_likelihood, seen.signal, pool.coins, pool.groups)
    return whole.of(counted(pool.groups, unit))


def read_canaries(files: Sequence[Path], planted: Planted, epoch: int, kind: str) -> Read:
    """The canaries of a kind through scores, at one epoch.

    Args:
        files: of every model (`recmia.papers.frontier.bounding.keeping.keep_canary_scores`).
        planted: the canaries.
        epoch: one that is kept.
        kind: of canaries.
    """
    found = (read_scores(files, epoch, name) for name in (LOG_LIKELIHOOD, SIGNAL))
    whole = Read(*found, planted.coins, np.arange(len(planted.kinds)))
    return whole.of(planted.kinds == kind)


def read_scores(files: Sequence[Path], epoch: int, name: str) -> np.ndarray:
    """float32 [n, M]: one of the arrays of `recmia.papers.frontier.bounding.keeping`."""
    key = f"{epoch}|{name}"
    return np.stack([read_arrays(file, [key])[key] for file in files], axis=1)


def stranger(file: Path, epoch: int, rows: np.ndarray) -> Target:
    """Some sessions under a model that has seen none of them."""
    columns = (read_scores([file], epoch, name)[rows, 0] for name in (LOG_LIKELIHOOD, SIGNAL))
    return Target(*(values.astype(np.float64) for values in columns))


def whole_sessions(files: Sequence[Path], epoch: int) -> np.ndarray:
    """float32 [n, M], log p of all clicks together."""
    return read_scores(files, epoch, WHOLE)
