"""The rating matrices of notebook 13 (section 4.1), made once and read by every attack."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recmia.errors import DataError
from recmia.inversion.ratings import Ratings, Scale, make_ratings, split_ratings
from recmia.storage import read_arrays, write_arrays

if TYPE_CHECKING:
    from recmia.data.ratings import RatingTable


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
