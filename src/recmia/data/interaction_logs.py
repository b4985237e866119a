"""Interactions of users with items, read from the logs of public data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from recmia.data.clicks import ClickLog, open_named
from recmia.data.interactions import Interactions, numbered
from recmia.data.times import UNKNOWN_TIME
from recmia.errors import DataError
from recmia.seeds import generator


def load_interactions(name: str, data_folder: Path, *, known_times: bool = False) -> Interactions:
    """Read a data set of ``sources.yaml``: ratings, counts and weights count as interactions.

    Args:
        name: of the data set.
        data_folder: where its files are.
        known_times: leave out users with an unknown time, whose order is not known either.

    Raises:
        DataError: a file is missing, or the first thing that is wrong in it.
    """
    return read_interactions(open_named(name, data_folder), known_times=known_times)


def read_interactions(log: ClickLog, *, known_times: bool = False) -> Interactions:
    """All interactions of a log; of pairs that repeat, the first in time is kept.

    Unknown times come first; equal times stay in file order. A log without times is shuffled, the
    same way each time: Last.fm's lies in the order of artist ids, and the last of these are rare.
    With ``known_times`` users with an unknown time are left out, and items that only they have.

    Raises:
        DataError: the times of all users are unknown.
    """
    table = log.read()
    if known_times:
        table = table.filter((pl.col("time") != UNKNOWN_TIME).all().over("key"))
        if not len(table):
            raise DataError(
                "there is no user whose times are all known",
                file=log.sources[0].place,
                remedy="sequential recommenders need a log with times.",
            )
    users, user_ids = _numbers(table["key"])
    items, item_ids = _numbers(table["item"])
    places = np.arange(len(users))
    if not log.timed:
        places = generator(0, "interactions without times").permutation(places)
    order = np.lexsort((places, table["time"].to_numpy(), users))
    return numbered(users[order], items[order], user_ids, item_ids)


def _numbers(column: pl.Series) -> tuple[np.ndarray, np.ndarray]:
    """Places int64 [m] in the sorted distinct ids, and these ids."""
    places = column.rank("dense").to_numpy().astype(np.int64) - 1
    return places, column.unique().sort().to_numpy()
