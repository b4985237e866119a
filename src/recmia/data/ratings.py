"""Ratings with users, items, values and times: MovieLens and its tags, Foursquare check-ins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from recmia.data.clicks import packed, table_format
from recmia.data.files import Source
from recmia.data.kinds import Ids, Number, Text, Whole
from recmia.data.layouts import Layout
from recmia.data.reader import read
from recmia.data.tables import Format
from recmia.data.times import UNKNOWN_TIME
from recmia.errors import DataError

CHECK_INS = Format({"user": Whole(0), "venue_id": Ids(), "category": Whole(0)})
CATEGORIES = Format({"category": Whole(0), "name": Text()})
# ml-10m/README: UserID::MovieID::Tag::Timestamp. A tag may hold a colon or a quotation mark.
TAGS = Format(
    {"MovieID": Whole(0), "Tag": Text()},
    columns=("UserID", "MovieID", "Tag", "Timestamp"),
    delimiter="::",
)


class HalfStars(Number):
    """Ratings from 0.5 to 5 in steps of 0.5."""

    def parse(self, column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
        """Float64."""
        number = super().parse(column, dtype)
        return pl.when((number > 0) & (number <= 5) & (number * 2 % 1 == 0)).then(number)

    def problem(self, value: str) -> str:
        """No such rating."""
        return f"'{value}' is not a rating from 0.5 to 5 in steps of 0.5"


@dataclass(frozen=True)
class RatingTable:
    """Ratings, or visits, one a row.

    Attributes:
        users: int64 [N], positions in ``user_names``.
        items: int64 [N], positions in ``item_names``.
        values: float64 [N].
        times: int64 [N], seconds since 1970, -1 where not known.
        user_names: [users], what the file calls them.
        item_names: [items].
    """

    users: np.ndarray
    items: np.ndarray
    values: np.ndarray
    times: np.ndarray
    user_names: np.ndarray
    item_names: np.ndarray

    def __len__(self) -> int:
        return len(self.users)

    def only(self, kept: np.ndarray) -> RatingTable:
        """The rows where ``kept`` (bool [N]); users and items without any row are dropped."""
        users, user = np.unique(self.users[kept], return_inverse=True)
        items, item = np.unique(self.items[kept], return_inverse=True)
        return RatingTable(
            user, item, self.values[kept], self.times[kept],
            self.user_names[users], self.item_names[items],
        )  # fmt: skip

    def latest(self, rows: int) -> RatingTable:
        """The most recent rows; rows of unknown time are never among them."""
        known = int((self.times != UNKNOWN_TIME).sum())
        order = np.argsort(-self.times, kind="stable")[: min(rows, known)]
        kept = np.zeros(len(self), dtype=bool)
        kept[order] = True
        return self.only(kept)

    def active(self, least: int) -> RatingTable:
        """Users and items with at least so many rows, counted again until all have them.

        Raises:
            DataError: nothing is left.
        """
        table = self
        while len(table):
            enough = (np.bincount(table.users)[table.users] >= least) & (
                np.bincount(table.items)[table.items] >= least
            )
            if enough.all():
                return table
            table = table.only(enough)
        raise DataError(
            f"no users and items are left that have at least {least} ratings of each other.",
            remedy="Lower the number, or use more ratings.",
        )

    def visits(self) -> RatingTable:
        """Each user and item once, with the value 1 (section 4.1 of the paper)."""
        pairs = self.users * len(self.item_names) + self.items
        first = np.zeros(len(self), dtype=bool)
        first[np.unique(pairs, return_index=True)[1]] = True
        table = self.only(first)
        return replace(table, values=np.ones(len(table)))


def read_movielens(
    latest_small: Path, one_million: Path, layouts: Mapping[str, Layout]
) -> RatingTable:
    """Every rating of MovieLens latest (small) and MovieLens-1M.

    Both files name movies alike and users differently: users stay apart by the file's name.

    Args:
        latest_small: the file, or its archive.
        one_million: the same.
        layouts: of "ml-latest-small" and "ml-1m".

    Raises:
        DataError: the first thing that is wrong with a file.
    """
    parts, user_names = [], []
    for path, name, rating in (
        (latest_small, "ml-latest-small", "rating"),
        (one_million, "ml-1m", "Rating"),
    ):
        layout = layouts[name]
        form = table_format(layout)
        form = replace(form, kinds={**form.kinds, rating: HalfStars(), layout.time: Whole(0)})
        table = read(packed(path, layout.member), form)
        users, items, times = (table[c].to_numpy() for c in (layout.key, layout.item, layout.time))
        if layout.zero_is_unknown:
            times = np.where(times == 0, UNKNOWN_TIME, times)
        distinct, user = np.unique(users, return_inverse=True)
        parts.append((user + len(user_names), items, table[rating].to_numpy(), times))
        user_names += [f"{name} {user}" for user in distinct]
    users, items, values, times = (np.concatenate(part) for part in zip(*parts, strict=True))
    item_names, item = np.unique(items, return_inverse=True)
    return RatingTable(users, item, values, times, np.array(user_names), item_names)


def read_tagged(path: Path, tag: str) -> np.ndarray:
    """int64: movies that somebody tagged so in MovieLens-10M, whatever the case, sorted.

    Raises:
        DataError: the file is wrong, or knows no such tag.
    """
    source = packed(path, "tags.dat")
    table = read(source, TAGS)
    tagged = table["Tag"].str.strip_chars().str.to_lowercase() == tag.lower()
    movies = table["MovieID"].filter(tagged).unique().sort().to_numpy()
    if not len(movies):
        raise DataError(f"no movie is tagged '{tag}'", file=source.place, column="Tag")
    return movies


def read_check_ins(visits: Path, categories: Path) -> tuple[RatingTable, dict[str, str]]:
    """Check-ins of New York, one a row, and the category of each venue by its first check-in.

    Raises:
        DataError: the first thing that is wrong with a file.
    """
    if visits.suffix == ".zip":
        raise DataError(
            "the global-scale archive is not read, only a table of New York check-ins",
            file=visits,
            remedy="Put foursquare_nyc_checkins.csv(.gz) and its categories into the data folder.",
        )
    table = read(Source(visits), CHECK_INS)
    name_of = dict(read(Source(categories), CATEGORIES).select("category", "name").iter_rows())
    user_names, user = np.unique(table["user"].to_numpy(), return_inverse=True)
    venues = table["venue_id"].to_numpy().astype(str)
    item_names, first, item = np.unique(venues, return_index=True, return_inverse=True)
    category = [name_of.get(kind, "") for kind in table["category"].to_numpy()[first].tolist()]
    ones, unknown = np.ones(len(user)), np.full(len(user), UNKNOWN_TIME)
    table = RatingTable(user, item, ones, unknown, user_names, item_names)
    return table, dict(zip(item_names.tolist(), category, strict=True))
