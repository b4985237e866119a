"""What MovieLens-1M says of its movies and users: `movies.dat` and `users.dat`, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy import sparse

from recmia.data.files import FETCH_AGAIN, Source
from recmia.data.kinds import Text, Whole
from recmia.data.reader import opened
from recmia.data.tables import Format

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


def _one_of(*values: object, wanted: str = "a code of the data set's README") -> Text:
    return Text(rf"^({'|'.join(re.escape(str(value)) for value in values)})$", wanted)


_GENRE = "|".join(map(re.escape, GENRES))
# The official files are in Latin-1 ("Misérables, Les (1995)").
MOVIES = Format(
    {
        "MovieID": Whole(0),
        "Title": Text(_TITLE.pattern, "a title that ends with its year in brackets"),
        "Genres": Text(rf"^({_GENRE})(\|({_GENRE}))*$", "genres of the data set's README"),
    },
    columns=("MovieID", "Title", "Genres"),
    delimiter="::",
    encoding="latin-1",
)
USERS = Format(
    {
        "UserID": Whole(0),
        "Gender": _one_of("F", "M", wanted="F or M"),
        "Age": _one_of(*AGES),
        "Occupation": _one_of(*OCCUPATIONS),
    },
    columns=("UserID", "Gender", "Age", "Occupation", "Zip-code"),
    delimiter="::",
    encoding="latin-1",
)


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
    table = _read(place, "movies.dat", MOVIES)
    titles = [_TITLE.match(title) for title in table["Title"]]
    words = [_WORD.findall(title["words"].lower()) for title in titles]
    return Movies(
        table["MovieID"].to_numpy(),
        np.array([int(title["year"]) for title in titles]),
        [tuple(genres.split("|")) for genres in table["Genres"]],
        [tuple(word for word in title if word not in _COMMON) for title in words],
        [title["words"] for title in titles],
    )


def read_demographics(place: Path) -> Demographics:
    """Read `users.dat` (UserID::Gender::Age::Occupation::Zip-code); zip codes are not kept.

    Args:
        place: `ml-1m.zip`, or the folder that it unpacks to.

    Raises:
        DataError: the first thing that is wrong, with its line and column.
    """
    table = _read(place, "users.dat", USERS)
    ages, occupations = (table[name].cast(pl.Int64).to_numpy() for name in ("Age", "Occupation"))
    genders = table["Gender"].to_numpy().astype(str)
    return Demographics(table["UserID"].to_numpy(), genders, ages, occupations)


def _read(place: Path, name: str, form: Format) -> pl.DataFrame:
    source = Source(place / name) if place.is_dir() else Source(place, name)
    with opened(source, form) as file:
        table = file.read()
        column = next(iter(form.kinds))
        twice = table[column].is_first_distinct().not_().arg_max()
        if table[column].n_unique() < len(table):
            raise file.error(
                "the id occurs twice", line=file.line(twice), column=column, remedy=FETCH_AGAIN
            )
    return table


def _rows_of(features: sparse.csr_matrix, known: np.ndarray, wanted: np.ndarray):
    """The rows of ``wanted`` ids, zeros for ids that are not known."""
    order = np.argsort(known)
    place = order[np.minimum(np.searchsorted(known, wanted, sorter=order), len(known) - 1)]
    rows = np.flatnonzero(known[place] == wanted)
    select = sparse.csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, place[rows])), (len(wanted), len(known))
    )
    return select @ features
