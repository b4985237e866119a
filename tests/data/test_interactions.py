"""Interactions: distinct pairs in time order, numbered by popularity, whatever the layout."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from recmia.data.interaction_logs import load_interactions
from recmia.data.synthetic_interactions import synthetic_interactions
from recmia.errors import DataError, SettingsError

MOVIELENS = """\
7::50::5::30
7::40::3::10
7::50::4::20
9::50::1::5
7::60::2::0
"""


def test_pairs_are_distinct_and_in_time_order(tmp_path: Path) -> None:
    (tmp_path / "ml-1m").mkdir()
    (tmp_path / "ml-1m" / "ratings.dat").write_text(MOVIELENS)
    found = load_interactions("ml-1m", tmp_path)
    assert found.user_ids.tolist() == [7, 9]
    assert found.item_ids.tolist() == [40, 50, 60]
    assert found.vocabulary_size == 6
    # User 7: the unknown time (0) first, then 40 at 10, then 50 at 20 (its later copy is dropped).
    assert found.users.tolist() == [0, 0, 0, 1]
    assert found.items.tolist() == [5, 3, 4, 4]
    assert found.lengths().tolist() == [3, 1]


def test_users_with_an_unknown_time_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "ml-1m").mkdir()
    file = tmp_path / "ml-1m" / "ratings.dat"
    file.write_text(MOVIELENS)
    found = load_interactions("ml-1m", tmp_path, known_times=True)
    # User 7 has the time 0 once; items 40 and 60 are only hers.
    assert found.user_ids.tolist() == [9] and found.item_ids.tolist() == [50]
    file.write_text("7::50::5::0\n")
    with pytest.raises(DataError, match="ratings.dat.*no user whose times are all known"):
        load_interactions("ml-1m", tmp_path, known_times=True)


def test_frequent_items_then_users_in_one_pass(tmp_path: Path) -> None:
    (tmp_path / "ratings_Beauty.csv").write_text(
        "a,X,1,1\na,Y,1,2\na,R,1,3\nb,X,1,2\nb,Y,1,1\nc,X,1,1\nc,R,1,2\nd,Y,1,1\nd,S,1,2\n"
    )
    found = load_interactions("amazon-beauty", tmp_path).frequent(2)
    # S goes (1); then d goes, who has only Y left. R has two users (a, c) and stays.
    assert found.user_ids.tolist() == ["a", "b", "c"] and found.item_ids.tolist() == list("RXY")
    assert found.of(np.arange(3)).clicks.tolist() == [[4, 5, 3], [5, 4, 0], [4, 3, 0]]
    # Only X and Y have three users, and nobody can have three of two items.
    with pytest.raises(DataError, match="at least 3 interactions"):
        found.frequent(3)


def test_one_pass_leaves_items_that_have_become_rare(tmp_path: Path) -> None:
    (tmp_path / "ratings_Beauty.csv").write_text(
        "a,X,1,1\na,Y,1,2\nb,X,1,1\nb,Y,1,2\nc,Z,1,1\nc,X,1,2\nd,Z,1,1\n"
    )
    found = load_interactions("amazon-beauty", tmp_path).frequent(2)
    # All items have two users; then d goes, and Z stays with c alone.
    assert found.user_ids.tolist() == ["a", "b", "c"] and found.item_ids.tolist() == list("XYZ")
    assert np.bincount(found.items)[3:].tolist() == [3, 2, 1]


def test_text_ids_and_archives(tmp_path: Path) -> None:
    (tmp_path / "ratings_Digital_Music.csv").write_text("b,Y,5,2\na,X,5,1\nb,X,1,1\n")
    found = load_interactions("amazon-digital-music", tmp_path)
    assert found.user_ids.tolist() == ["a", "b"] and found.item_ids.tolist() == ["X", "Y"]
    assert found.items.tolist() == [3, 3, 4]
    with zipfile.ZipFile(tmp_path / "hetrec2011-lastfm-2k.zip", "w") as archive:
        lines = "".join(f"2\t{artist}\t9\n" for artist in range(200))
        archive.writestr("user_artists.dat", "userID\tartistID\tweight\n" + lines)
    # No times: the order of the file, by artist, is no order; it is drawn, always alike.
    first, again = (load_interactions("lastfm-hetrec-2011", tmp_path).items for _ in range(2))
    assert sorted(first) == list(range(3, 203)) and np.array_equal(first, again)
    assert 0.4 < (np.diff(first) > 0).mean() < 0.6


def test_histories_of_chosen_users_keep_their_order(tmp_path: Path) -> None:
    (tmp_path / "ratings_Digital_Music.csv").write_text(
        "a,X,1,1\na,Y,1,2\nb,Y,1,1\nc,Z,1,3\nc,X,1,2\nc,Y,1,1\n"
    )
    found = load_interactions("amazon-digital-music", tmp_path)
    histories = found.of(np.array([2, 0]))
    assert histories.row_ids.tolist() == [2, 0] and histories.lengths.tolist() == [3, 2]
    x, y, z = (3 + found.item_ids.tolist().index(name) for name in "XYZ")
    assert histories.clicks.tolist() == [[y, x, z], [x, y, 0]]
    kept = found.only(found.items != y).of(np.array([1]))
    assert kept.lengths.tolist() == [0] and kept.clicks.tolist() == [[0]]


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "ratings_Digital_Music.csv").write_text("a,X,1,1\nb,,1,2\n")
    with pytest.raises(DataError, match="line 2, column 'item'"):
        load_interactions("amazon-digital-music", tmp_path)


def test_made_up_interactions() -> None:
    made = synthetic_interactions(users=200, items=160, mean_length=40, seed=3)
    again = synthetic_interactions(users=200, items=160, mean_length=40, seed=3)
    assert np.array_equal(made.items, again.items) and np.array_equal(made.users, again.users)
    assert len(np.unique(made.users * 1000 + made.items)) == len(made)
    assert made.lengths().min() >= 20 and made.lengths().max() <= 80
    assert 36 < made.lengths().mean() < 44
    # Tastes: a user's items fall in few kinds, where the order of the catalogue goes round.
    kinds = np.zeros((200, 8))
    np.add.at(kinds, (made.users, made.item_ids[made.items - 3] % 8), 1)
    largest = np.sort(kinds / kinds.sum(1, keepdims=True), axis=1)[:, -2:].sum(1)
    assert largest.mean() > 0.5 > 2 / 8
    with pytest.raises(SettingsError, match="mean_length"):
        synthetic_interactions(users=10, items=50, mean_length=40, seed=0)


@pytest.mark.parametrize(
    ("name", "users", "items", "pairs"),
    [
        ("ml-1m", 6040, 3706, 1_000_209),
        ("lastfm-hetrec-2011", 1892, 17_632, 92_834),
        ("amazon-digital-music", 14_354, 10_027, None),
        # The released code's three sets of users, 9,137 + 9,102 + 9,262 of them, are all of these.
        ("amazon-beauty", 27_501, 19_346, 242_565),
    ],
)
def test_real_counts(real_data: Path, name: str, users: int, items: int, pairs: int | None) -> None:
    """The published counts of users, items and ratings."""
    found = load_interactions(name, real_data)
    assert (found.n_users, len(found.item_ids)) == (users, items)
    assert pairs is None or len(found) == pairs
    assert found.lengths().min() >= (5 if name == "amazon-beauty" else 1)


def test_users_of_movielens_with_known_times(real_data: Path) -> None:
    """The count of the data's description; times of the others are partly unknown in this copy."""
    assert load_interactions("ml-1m", real_data, known_times=True).n_users == 4_872
