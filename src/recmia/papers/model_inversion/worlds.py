"""The rating matrices of notebook 13 (section 4.1), made once and read by every attack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recmia.data.ratings import RatingTable, read_check_ins, read_movielens, read_tagged
from recmia.data.synthetic_ratings import SENSITIVE, draw_ratings
from recmia.errors import DataError
from recmia.inversion.ratings import (
    HALF_STARS,
    VISITS,
    Ratings,
    Scale,
    make_ratings,
    split_ratings,
)
from recmia.storage import read_arrays, write_arrays

SENSITIVE_CATEGORY = "Medical Center"
SENSITIVE_TAG = "adultery"


@dataclass(frozen=True)
class World:
    """A data set as the attack finds it.

    Attributes:
        training: the rating matrix M.
        testing: ratings kept out of it.
        barred: int64, items of the sensitive kind, never decoys.
        sensitive: int64, those that somebody rated highest in M, most often rated so first.
    """

    training: Ratings
    testing: Ratings
    barred: np.ndarray
    sensitive: np.ndarray


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
    latest: int,
    least: int,
    share: float,
    seed: int,
) -> None:
    """The latest ratings of MovieLens; sensitive are movies tagged `SENSITIVE_TAG`.

    Raises:
        DataError: a file is wrong, or nobody rated such a movie highest.
    """
    table = read_movielens(latest_small, one_million).latest(latest).active(least)
    tagged = np.isin(table.item_names, read_tagged(tags, SENSITIVE_TAG))
    keep_world(path, table, tagged, HALF_STARS, share, seed)


def keep_made_up(
    path: Path, *, users: int, items: int, visits: bool, share: float, seed: int
) -> None:
    """Ratings that are made up; see `draw_ratings` and `keep_world`."""
    table = draw_ratings(users, items, visits=visits, seed=seed)
    scale = VISITS if visits else HALF_STARS
    keep_world(path, table, table.item_names < SENSITIVE, scale, share, seed)


def keep_world(
    path: Path, table: RatingTable, barred: np.ndarray, scale: Scale, share: float, seed: int
) -> None:
    """Split a table and write what `read_world` reads.

    Args:
        path: of the result.
        table: the ratings.
        barred: bool [items], those of the sensitive kind.
        scale: the ratings that can be given.
        share: of each user's ratings that goes into M.
        seed: root seed of the split.

    Raises:
        DataError: nobody rated an item of the sensitive kind highest.
    """
    shape = (len(table.user_names), len(table.item_names))
    everything = make_ratings(table.users, table.items, table.values, shape, scale)
    training, testing = split_ratings(everything, share, seed)
    kind = np.flatnonzero(barred)
    highest = np.array([training.high_raters(np.array([item])).sum() for item in kind])
    sensitive = kind[np.argsort(-highest, kind="stable")][: (highest > 0).sum()]
    if not len(sensitive):
        raise DataError(
            "nobody rated an item of the sensitive kind highest.", remedy="Use more of the data."
        )
    arrays = {"shape": np.array(shape), "scale": np.array([scale.highest, scale.step])}
    arrays |= {"barred": kind, "sensitive": sensitive}
    for which, part in (("training", training), ("testing", testing)):
        entries = part.matrix.tocoo()
        arrays |= {
            f"{which} users": entries.row,
            f"{which} items": entries.col,
            f"{which} values": entries.data,
        }
    write_arrays(path, **arrays)


def read_world(path: Path, *, zeros_observed: bool) -> World:
    """A kept data set under one reading of what is observed."""
    arrays = read_arrays(path)
    shape, scale = tuple(arrays["shape"]), Scale(*arrays["scale"].tolist())

    def part(which: str) -> Ratings:
        users, items, values = (arrays[f"{which} {c}"] for c in ("users", "items", "values"))
        return make_ratings(users, items, values, shape, scale, zeros_observed)

    return World(part("training"), part("testing"), arrays["barred"], arrays["sensitive"])
