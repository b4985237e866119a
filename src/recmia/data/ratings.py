"""Ratings with users, items, values and times: MovieLens and its tags, Foursquare check-ins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recmia.data import layouts
from recmia.data.layouts import FETCH_AGAIN, Layout, Source
from recmia.data.lines import lines_of
from recmia.data.rating_tables import read_columns
from recmia.data.times import UNKNOWN_TIME
from recmia.errors import DataError

CHECK_INS = Layout("user", "user", "venue_id", None, category="category", ids="text")
CATEGORIES = Layout("user", "category", "name", None)


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


def read_movielens(latest_small: Path, one_million: Path) -> RatingTable:
    """Every rating of MovieLens latest (small) and MovieLens-1M.

    Both files name movies alike and users differently: users stay apart by the file's name.

    Raises:
        DataError: the first thing that is wrong with a file.
    """
    parts, user_names = [], []
    for path, name, layout, rating, member in (
        (latest_small, "ml-latest-small", layouts.MOVIELENS_CSV, "rating", "ratings.csv"),
        (one_million, "ml-1m", layouts.MOVIELENS_1M, "Rating", "ratings.dat"),
    ):
        source = _packed(path, member)
        columns = read_columns(
            source, layout, {layout.key: int, layout.item: int, rating: float, layout.time: int}
        )
        users, items, values, times = columns.values()
        if (wrong := ~((values > 0) & (values <= 5) & (values * 2 % 1 == 0))).any():
            raise DataError(
                f"{values[wrong][0]:g} is not a rating from 0.5 to 5 in steps of 0.5",
                file=source.place, line=int(np.flatnonzero(wrong)[0]) + 1 + (name != "ml-1m"),
                column=rating, remedy=FETCH_AGAIN,
            )  # fmt: skip
        if layout.zero_is_unknown:
            times = np.where(times == 0, UNKNOWN_TIME, times)
        distinct, user = np.unique(users, return_inverse=True)
        parts.append((user + len(user_names), items, values, times))
        user_names += [f"{name} {user}" for user in distinct]
    users, items, values, times = (np.concatenate(part) for part in zip(*parts, strict=True))
    item_names, item = np.unique(items, return_inverse=True)
    return RatingTable(users, item, values, times, np.array(user_names), item_names)


def read_tagged(path: Path, tag: str) -> np.ndarray:
    """int64: movies that somebody tagged so in MovieLens-10M, whatever the case, sorted.

    Raises:
        DataError: the file is wrong, or knows no such tag.
    """
    source, movies = _packed(path, "tags.dat"), set()
    # A tag may hold a colon or a quote, which no reader of tables would take for text.
    for number, line in lines_of(source):
        fields = line.split("::")
        if len(fields) != 4 or not fields[1].isdigit():
            raise DataError(
                "not UserID::MovieID::Tag::Timestamp",
                file=source.place, line=number, remedy=FETCH_AGAIN,
            )  # fmt: skip
        if fields[2].strip().lower() == tag.lower():
            movies.add(int(fields[1]))
    if not movies:
        raise DataError(f"no movie is tagged '{tag}'", file=source.place, column="Tag")
    return np.array(sorted(movies))


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
    columns = read_columns(
        Source(visits), CHECK_INS, {"user": int, "venue_id": str, "category": int}
    )
    users, venues, kinds = columns.values()
    names = read_columns(Source(categories), CATEGORIES, {"category": int, "name": str})
    name_of = dict(zip(names["category"].tolist(), names["name"].tolist(), strict=True))
    user_names, user = np.unique(users, return_inverse=True)
    item_names, first, item = np.unique(venues.astype(str), return_index=True, return_inverse=True)
    category = [name_of.get(kind, "") for kind in kinds[first].tolist()]
    ones, unknown = np.ones(len(user)), np.full(len(user), UNKNOWN_TIME)
    table = RatingTable(user, item, ones, unknown, user_names, item_names)
    return table, dict(zip(item_names.tolist(), category, strict=True))


def _packed(path: Path, member: str) -> Source:
    return Source(path, member if path.suffix == ".zip" else None)
