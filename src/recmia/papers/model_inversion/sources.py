"""How the data sets of notebook 13 become worlds: what is read, and what is sensitive."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recmia.data.layouts import Layout
from recmia.data.ratings import read_check_ins, read_movielens, read_tagged
from recmia.data.synthetic_ratings import SENSITIVE, draw_ratings
from recmia.inversion.ratings import HALF_STARS, VISITS
from recmia.papers.model_inversion.worlds import keep_world

SENSITIVE_CATEGORY = "Medical Center"
SENSITIVE_TAG = "adultery"


def keep_foursquare(
    path: Path, check_ins: Path, categories: Path, *, least: int, share: float, seed: int
) -> None:
    """Visits of New York; sensitive are venues of `SENSITIVE_CATEGORY`; see `keep_world`.

    Raises:
        DataError: a file is wrong, or nobody visited such a venue.
    """
    table, category = read_check_ins(check_ins, categories)
    table = table.active(least).visits()
    kinds = np.array([category[venue] for venue in table.item_names])
    keep_world(path, table, kinds == SENSITIVE_CATEGORY, VISITS, share, seed)


def keep_movielens(
    path: Path,
    latest_small: Path,
    one_million: Path,
    tags: Path,
    *,
    layouts: dict[str, Layout],
    latest: int,
    least: int,
    share: float,
    seed: int,
) -> None:
    """The latest ratings of MovieLens; sensitive are movies tagged `SENSITIVE_TAG`.

    Raises:
        DataError: a file is wrong, or nobody rated such a movie highest.
    """
    table = read_movielens(latest_small, one_million, layouts).latest(latest).active(least)
    tagged = np.isin(table.item_names, read_tagged(tags, SENSITIVE_TAG))
    keep_world(path, table, tagged, HALF_STARS, share, seed)


def keep_made_up(
    path: Path, *, users: int, items: int, visits: bool, share: float, seed: int
) -> None:
    """Ratings that are made up; see `draw_ratings` and `keep_world`."""
    table = draw_ratings(users, items, visits=visits, seed=seed)
    scale = VISITS if visits else HALF_STARS
    keep_world(path, table, table.item_names < SENSITIVE, scale, share, seed)
