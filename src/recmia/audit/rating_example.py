"""Made-up ratings to try an audit of ratings on: one film that gives its raters away, one not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from recmia.audit.example import check_empty
from recmia.audit.inversion import ITEM, RATING, USER
from recmia.data.synthetic_ratings import SENSITIVE, draw_ratings
from recmia.seeds import generator
from recmia.storage import write_aside

USERS, ITEMS = 1000, 300
HIGHEST, NEXT = 5.0, 4.5
FILM = "film-0"  # the sensitive one
FILES = {"leak": "leak.csv", "no-leak": "no-leak.csv"}


def write_rating_example(folder: str | Path, *, seed: int = 0) -> Path:
    """Write ``leak.csv`` and ``no-leak.csv``, each ready for `recmia audit inversion`.

    A thousand users rate about 15 films of 300, those of their taste more often and higher. In the
    first file one user in twenty, whoever it is, rated the sensitive film, all of them highest:
    what injected users tie to it is shown to those few. In the second everybody rated it, highest
    or half a star below by coin: the same is shown to all alike, whatever they gave.

    Args:
        folder: to be made; must not hold anything.
        seed: root of everything drawn.

    Returns:
        The folder.

    Raises:
        ArtifactError: the folder is not empty.
    """
    folder = Path(folder)
    check_empty(folder)
    table = draw_ratings(USERS, ITEMS, visits=False, seed=seed)
    other = table.items >= SENSITIVE
    rare = np.unique(table.users[table.items == 0])
    coins = generator(seed, "audit", "example", "ratings").random(USERS) < 0.5
    for case, raters, stars in (
        ("leak", rare, np.full(len(rare), HIGHEST)),
        ("no-leak", np.arange(USERS), np.where(coins, HIGHEST, NEXT)),
    ):
        users = np.concatenate([table.users[other], raters])
        items = np.concatenate([table.items[other], np.zeros(len(raters), int)])
        columns = {
            USER: [f"user-{user:03d}" for user in users],
            ITEM: [f"film-{item}" for item in items],
            RATING: np.concatenate([table.values[other], stars]),
        }
        with write_aside(folder / FILES[case]) as aside:
            pl.DataFrame(columns).write_csv(aside)
    return folder
