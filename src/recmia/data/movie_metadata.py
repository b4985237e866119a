"""What MovieLens-1M says of its movies and users: `movies.dat` and `users.dat`, checked."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from recmia.data.layouts import FETCH_AGAIN, Source
from recmia.errors import DataError

# ml-1m/README, "USERS FILE DESCRIPTION" and "MOVIES FILE DESCRIPTION".
AGES = (1, 18, 25, 35, 45, 50, 56)
OCCUPATIONS = tuple(range(21))
GENRES = (
    "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War",
    "Western",
)  # fmt: skip
# One title lacks the blank before its year ("Associate, The (L'Associe)(1982)").
_TITLE = re.compile(r"^(?P<words>.+?) ?\((?P<year>\d{4})\)$")
# Words of one letter and articles say nothing of a movie.
_WORD = re.compile(r"[^\W\d_]{2,}")
_COMMON = {"the", "an", "of", "and", "in", "to", "la", "le", "les", "el", "der", "die", "das"}


@dataclass(frozen=True)
class Movies:
    """Movies in file order.

    Attributes:
        movie_ids: int64 [m], distinct.
        years: int64 [m], of release.
        genres: of each movie.
        words: of each title, in lower case.
        titles: as they stand in the file, without the year.
    """

    movie_ids: np.ndarray
    years: np.ndarray
    genres: list[tuple[str, ...]]
    words: list[tuple[str, ...]]
    titles: list[str]

    def texts(self, movie_ids: np.ndarray) -> list[str]:
        """Title, year and genres of each movie in a line, such as "Heat (1995): Crime, Thriller".

        Args:
            movie_ids: int64 [V], movie of each item.

        Returns:
            V texts, empty where the file lacks the movie.
        """
        lines = zip(self.titles, self.years.tolist(), self.genres, strict=True)
        said = [f"{title} ({year}): {', '.join(genres)}" for title, year, genres in lines]
        text_of = dict(zip(self.movie_ids.tolist(), said, strict=True))
        return [text_of.get(movie, "") for movie in movie_ids.tolist()]

    def features(self, movie_ids: np.ndarray) -> sparse.csr_matrix:
        """Genres, release year and decade, and title words as ones.

        Args:
            movie_ids: int64 [V], movie of each item; -1 where an id (padding, start, end) has none.

        Returns:
            float32 [V, f]; a row of zeros where there is no movie, or the file lacks it.
        """
        tags = [
            [*genres, f"year {year}", f"decade {year // 10}", *(f"word {word}" for word in words)]
            for genres, year, words in zip(self.genres, self.years, self.words, strict=True)
        ]
        names = sorted({tag for of_movie in tags for tag in of_movie})
        column = {name: number for number, name in enumerate(names)}
        lengths = [len(set(of_movie)) for of_movie in tags]
        columns = [column[tag] for of_movie in tags for tag in sorted(set(of_movie))]
        known = sparse.csr_matrix(
            (np.ones(len(columns), dtype=np.float32), columns, np.cumsum([0, *lengths])),
            shape=(len(tags), len(names)),
        )
        return _rows_of(known, self.movie_ids, movie_ids)


@dataclass(frozen=True)
class Demographics:
    """Users in file order.

    Attributes:
        user_ids: int64 [n], distinct.
        genders: of each user, "F" or "M".
        ages: int64 [n], the youngest of the age group (1: under 18).
        occupations: int64 [n], code of the occupation.
    """

    user_ids: np.ndarray
    genders: np.ndarray
    ages: np.ndarray
    occupations: np.ndarray

    def features(self, user_ids: np.ndarray) -> sparse.csr_matrix:
        """Gender, age group and occupation as ones.

        Args:
            user_ids: int64 [n], users asked for.

        Returns:
            float32 [n, 2 + 7 + 21], three ones a row; zeros where the file lacks the user.
        """
        known = np.hstack(
            [
                self.genders[:, None] == np.array(["F", "M"]),
                self.ages[:, None] == np.array(AGES),
                self.occupations[:, None] == np.array(OCCUPATIONS),
            ]
        )
        return _rows_of(sparse.csr_matrix(known.astype(np.float32)), self.user_ids, user_ids)


def read_movies(place: Path) -> Movies:
    """Read `movies.dat` (MovieID::Title (Year)::Genre|Genre).

    Args:
        place: `ml-1m.zip`, or the folder that it unpacks to.

    Raises:
        DataError: the first thing that is wrong, with its line and column.
    """
    source, columns = _source(place, "movies.dat"), ("MovieID", "Title", "Genres")
    movie_ids, years, genres, words, titles = [], [], [], [], []
    for line, (movie, title, tags) in _rows(source, columns):
        bad = _refuse(source, line)
        movie_ids.append(_whole_number(movie, "MovieID", bad))
        match = _TITLE.match(title)
        if match is None:
            raise bad("Title", f"'{title}' does not end with the year in brackets")
        years.append(int(match["year"]))
        genres.append(tuple(tags.split("|")))
        unknown = [genre for genre in genres[-1] if genre not in GENRES]
        if unknown:
            raise bad("Genres", f"'{unknown[0]}' is no genre of the data set's README")
        titles.append(match["words"])
        found = _WORD.findall(match["words"].lower())
        words.append(tuple(word for word in found if word not in _COMMON))
    return Movies(_distinct(movie_ids, "MovieID", source), np.array(years), genres, words, titles)


def read_demographics(place: Path) -> Demographics:
    """Read `users.dat` (UserID::Gender::Age::Occupation::Zip-code); zip codes are not kept.

    Args:
        place: `ml-1m.zip`, or the folder that it unpacks to.

    Raises:
        DataError: the first thing that is wrong, with its line and column.
    """
    source = _source(place, "users.dat")
    columns = ("UserID", "Gender", "Age", "Occupation", "Zip-code")
    user_ids, genders, ages, occupations = [], [], [], []
    for line, (user, gender, age, occupation, _) in _rows(source, columns):
        bad = _refuse(source, line)
        user_ids.append(_whole_number(user, "UserID", bad))
        if gender not in ("F", "M"):
            raise bad("Gender", f"'{gender}' is neither F nor M")
        genders.append(gender)
        for values, text, name, known in (
            (ages, age, "Age", AGES),
            (occupations, occupation, "Occupation", OCCUPATIONS),
        ):
            values.append(_whole_number(text, name, bad))
            if values[-1] not in known:
                raise bad(name, f"'{text}' is no code of the data set's README")
    return Demographics(
        _distinct(user_ids, "UserID", source),
        np.array(genders),
        np.array(ages, dtype=np.int64),
        np.array(occupations, dtype=np.int64),
    )


def _source(place: Path, name: str) -> Source:
    return Source(place / name) if place.is_dir() else Source(place, name)


def _rows(source: Source, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Line number (from 1) and fields of each line that is not blank."""
    line = 0
    try:
        # The official files are in Latin-1 ("Misérables, Les (1995)").
        with io.TextIOWrapper(source.open(), encoding="latin-1") as text:
            for line, row in enumerate(text, 1):
                fields = row.rstrip("\r\n").split("::")
                if fields == [""]:
                    continue
                if len(fields) != len(columns):
                    raise DataError(
                        f"{len(columns)} columns expected ({', '.join(columns)}), "
                        f"found {len(fields)}",
                        file=source.place,
                        line=line,
                        column=columns[min(len(fields), len(columns) - 1)],
                        remedy="columns are separated by '::'. " + FETCH_AGAIN,
                    )
                yield line, fields
    except (EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(
            f"the file is damaged or cut off ({error})",
            file=source.place,
            line=line + 1,
            remedy=FETCH_AGAIN,
        ) from error


def _refuse(source: Source, line: int) -> Callable[[str, str], DataError]:
    return lambda column, problem: DataError(
        problem, file=source.place, line=line, column=column, remedy=FETCH_AGAIN
    )


def _whole_number(text: str, column: str, bad: Callable[[str, str], DataError]) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise bad(column, f"'{text}' is no whole number")
    return int(text)


def _distinct(ids: list[int], column: str, source: Source) -> np.ndarray:
    if len(set(ids)) != len(ids) or not ids:
        raise DataError(
            "an id occurs twice" if ids else "the file holds no row",
            file=source.place,
            column=column,
            remedy=FETCH_AGAIN,
        )
    return np.array(ids, dtype=np.int64)


def _rows_of(features: sparse.csr_matrix, known: np.ndarray, wanted: np.ndarray):
    """The rows of ``wanted`` ids, zeros for ids that are not known."""
    order = np.argsort(known)
    place = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
    rows = np.flatnonzero(known[place] == wanted)
    select = sparse.csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, place[rows])), (len(wanted), len(known))
    )
    return select @ features
