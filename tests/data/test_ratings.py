"""Ratings and check-ins: read, cut as the paper cuts them, and refused with the line at fault."""

import gzip
import re

import numpy as np
import pytest

from recmia.data import ratings
from recmia.data.ratings import RatingTable
from recmia.data.registry import find_files, layout
from recmia.errors import DataError


def read_movielens(folder):
    names = ("ml-latest-small", "ml-1m")
    files = [path for name in names for path in find_files(name, folder)]
    return ratings.read_movielens(*files, {name: layout(name) for name in names})


def read_tagged(folder, tag):
    return ratings.read_tagged(*find_files("ml-10m-tags", folder), tag)


def read_check_ins(folder):
    return ratings.read_check_ins(*find_files("foursquare", folder))


@pytest.fixture
def folder(tmp_path):
    """A data folder in the official formats, small enough to be worked out by hand."""
    (tmp_path / "ml-latest-small").mkdir()
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-latest-small/ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,10,4.5,300\n1,20,5.0,100\n7,10,0.5,200\n"
    )
    (tmp_path / "ml-1m/ratings.dat").write_text("1::20::5::250\n2::30::3::0\n")
    (tmp_path / "ml-10m-tags.dat").write_text(
        '4::10::Adultery ::1\n5::20::a :D movie::2\n5::10::adultery::3\n6::30::"quoted::4\n'
    )
    with gzip.open(tmp_path / "foursquare_nyc_checkins.csv.gz", "wt") as file:
        file.write("user,hour_of_week,category,venue_id\n3,1,2,b\n3,2,9,a\n3,5,2,b\n4,1,2,b\n")
    (tmp_path / "foursquare_nyc_categories.csv").write_text("category,name\n2,Medical Center\n")
    return tmp_path


def test_users_of_two_files_stay_apart_and_movies_come_together(folder):
    table = read_movielens(folder)
    assert table.user_names.tolist() == [
        "ml-latest-small 1", "ml-latest-small 7", "ml-1m 1", "ml-1m 2",
    ]  # fmt: skip
    assert table.item_names.tolist() == [10, 20, 30]
    assert table.items.tolist() == [0, 1, 0, 1, 2]
    assert table.times.tolist() == [300, 100, 200, 250, -1]


def test_latest_rows_never_have_an_unknown_time(folder):
    table = read_movielens(folder)
    assert table.latest(2).values.tolist() == [4.5, 5.0]
    assert sorted(table.latest(2).times) == [250, 300]
    assert len(table.latest(99)) == 4


def test_tags_in_any_case_with_colons_and_quotes(folder):
    assert read_tagged(folder, "adultery").tolist() == [10]
    assert read_tagged(folder, "a :d movie").tolist() == [20]
    with pytest.raises(DataError, match="no movie is tagged 'nothing'"):
        read_tagged(folder, "nothing")


def test_check_ins_become_visits(folder):
    table, category = read_check_ins(folder)
    assert len(table) == 4
    assert category == {"a": "", "b": "Medical Center"}
    visits = table.visits()
    assert list(zip(visits.users, visits.items, strict=True)) == [(0, 1), (0, 0), (1, 1)]
    assert visits.values.tolist() == [1, 1, 1]


def test_activity_is_counted_until_all_have_enough():
    # Item 2 falls first (one row), then user 2 (one row left), then nothing more.
    users, items = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 1, 2])
    names = np.arange(3)
    table = RatingTable(users, items, np.ones(6), np.zeros(6, int), names, names)
    kept = table.active(2)
    assert list(zip(kept.users, kept.items, strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert kept.item_names.tolist() == [0, 1]
    with pytest.raises(DataError, match="at least 3 ratings"):
        table.active(3)


@pytest.mark.parametrize(
    ("file", "line", "place"),
    [
        ("ml-latest-small/ratings.csv", "1,x,4.5,300", "line 5, column 'movieId'"),
        ("ml-latest-small/ratings.csv", "1,10,,300", "line 5, column 'rating'"),
        ("ml-latest-small/ratings.csv", "1,10,6,300", "line 5, column 'rating'"),
        ("ml-latest-small/ratings.csv", "1,10,3", "line 5, column 'timestamp': 4 columns expected"),
        ("ml-1m/ratings.dat", "2::30::2.3::9", "line 3, column 'Rating'"),
        ("ml-1m/ratings.dat", "-2::30::2::9", "line 3, column 'UserID'"),
    ],
)
def test_a_bad_rating_is_named_with_its_line(folder, file, line, place):
    with open(folder / file, "a") as text:
        text.write(line + "\n")
    with pytest.raises(DataError, match=re.escape(place)):
        read_movielens(folder)


def test_a_bad_tag_and_a_bad_visit_are_named_with_their_lines(folder):
    with open(folder / "ml-10m-tags.dat", "a") as text:
        text.write("7::x::y::1\n")
    with pytest.raises(DataError, match="line 5, column 'MovieID': 'x' is not a whole number"):
        read_tagged(folder, "adultery")
    with gzip.open(folder / "foursquare_nyc_checkins.csv.gz", "at") as file:
        file.write("4,1,2,\n")
    with pytest.raises(DataError, match="line 6, column 'venue_id'"):
        read_check_ins(folder)


def test_the_real_files(real_data):
    """Counts of `data/README.md`, and the medical venues that the study is about."""
    table, category = read_check_ins(real_data)
    assert len(table) == 105_961
    assert "Medical Center" in category.values()
    assert len(read_tagged(real_data, "adultery")) == 66
    stars = read_movielens(real_data)
    assert len(stars) == 1_000_209 + 100_836
    assert (stars.times == -1).sum() == 172_323
    latest = stars.latest(100_000).active(20)
    assert np.bincount(latest.users).min() >= 20 and np.bincount(latest.items).min() >= 20
