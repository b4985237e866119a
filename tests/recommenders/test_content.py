"""Content-based recommendation by hand, on planted tastes, and on the files of MovieLens-1M."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from scipy import sparse

from recmia.data.movie_metadata import read_demographics, read_movies
from recmia.errors import DataError
from recmia.recommenders.content import ContentBased, UserFeatures
from recmia.sessions import Sessions

from .made_up_tastes import ITEMS_PER_TASTE, VOCABULARY, check_lists, tasteful_users

MOVIES = "1::Toy Story (1995)::Animation|Comedy\n5::Misérables, Les (1998)::Drama\n"
USERS = "1::F::1::10::48067\n9::M::56::16::70072-1234\n"


def make(*rows: list[int]) -> Sessions:
    clicks = np.array([row + [0] * (4 - len(row)) for row in rows])
    return Sessions(clicks, np.array([len(row) for row in rows]), 10 + np.arange(len(rows)))


def test_cosine_and_liking_by_hand():
    # Features A and B; items 3: A, 4: A and B, 5: B, 6: nothing. Each feature is on 2 items of 4,
    # so both weigh the same and the profiles are (1, 0), (.707, .707) and (0, 1).
    features = np.zeros((7, 2), dtype=np.float32)
    features[3:] = [[1, 0], [1, 1], [0, 1], [0, 0]]
    model = ContentBased(item_features=features).fit(make([3]))
    scores = model._scores(make([3], [3, 5], [6]))
    half = np.sqrt(0.5)
    np.testing.assert_allclose(
        scores[:, 3:], [[1, half, 0, 0], [half, 1, half, 0], [0] * 4], atol=1e-12
    )
    np.testing.assert_array_equal(
        model.recommend(make([3], [3, 5], [6]), 3, exclude_seen=True),
        [[4, 5, 6], [4, 6, 0], [3, 4, 5]],
    )
    # Rows 10 and 11 are of group 0, row 12 of both; of the two members of group 0 one has 6.
    groups = sparse.csr_matrix(np.array([[1, 0], [1, 0], [1, 1]], dtype=np.float32))
    users = UserFeatures(np.array([10, 11, 12]), groups)
    liking = ContentBased(item_features=features, user_features=users).fit(make([3], [5, 6]))
    scores = liking._scores(make([3], [3], [3]))
    np.testing.assert_allclose(scores[0, 3:], [1 + 0.5, half, 0.5, 0.5])
    # Nobody trained on is of group 1: its likings are 0 and halve the mean.
    np.testing.assert_allclose(scores[2, 3:], [1 + 0.25, half, 0.25, 0.25])


def test_rare_features_weigh_more():
    # Item 3 has the common feature and the rare one; 4 shares the common, 5 the rare one.
    features = np.zeros((8, 2))
    features[3:] = [[1, 1], [1, 0], [0, 1], [1, 0], [1, 0]]
    model = ContentBased(item_features=features).fit(make([3]))
    np.testing.assert_array_equal(model.recommend(make([3]), 2, exclude_seen=True), [[5, 4]])


def test_tastes_are_told_apart():
    # Genres that fit the taste three times in four.
    draw = np.random.default_rng(0)
    taste = np.arange(VOCABULARY - 3) // ITEMS_PER_TASTE
    genre = np.where(draw.random(len(taste)) < 0.75, taste, 1 - taste)
    features = np.vstack([np.zeros((3, 2)), np.eye(2)[genre]])
    users, of_users = tasteful_users()
    strangers = -1 - np.arange(30)
    row_ids = np.concatenate([users.row_ids, strangers])
    # Groups that are of one taste each, and know what genres do not.
    groups = np.concatenate([of_users, tasteful_users(30, seed=9)[1]])
    known = UserFeatures(row_ids, sparse.csr_matrix(np.eye(2, dtype=np.float32)[groups]))
    check_lists(ContentBased(item_features=features, user_features=known).fit(users))


def test_users_without_features_are_refused():
    features = np.zeros((7, 2))
    known = UserFeatures(np.array([10]), sparse.csr_matrix(np.ones((1, 1))))
    with pytest.raises(DataError, match="row 11.*members or not"):
        ContentBased(item_features=features, user_features=known).fit(make([3], [4]))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "movies.dat").write_bytes(MOVIES.encode("latin-1"))
    (tmp_path / "users.dat").write_text(USERS)
    return tmp_path


def test_metadata_by_hand(folder):
    movies = read_movies(folder)
    assert movies.movie_ids.tolist() == [1, 5] and movies.years.tolist() == [1995, 1998]
    assert movies.genres == [("Animation", "Comedy"), ("Drama",)]
    assert movies.words == [("toy", "story"), ("misérables",)]
    # decade 199 | Animation Comedy Drama | word x 3 | year x 2, in one order or another
    features = movies.features(np.array([-1, 5, 1, 77])).toarray()
    assert features.shape == (4, 9)
    assert features.sum(axis=1).tolist() == [0, 4, 6, 0]
    assert (features[1] * features[2]).sum() == 1  # the decade
    users = read_demographics(folder)
    expected = np.zeros((3, 30))
    expected[0, [1, 2 + 6, 9 + 16]] = 1  # M, 56+, occupation 16
    expected[1, [0, 2 + 0, 9 + 10]] = 1
    np.testing.assert_array_equal(users.features(np.array([9, 1, 2])).toarray(), expected)


def test_archive_and_folder_say_the_same(folder, tmp_path):
    archive = tmp_path / "ml-1m.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for name in ("movies.dat", "users.dat"):
            file.write(folder / name, f"ml-1m/{name}")
    assert read_movies(archive).words == read_movies(folder).words
    assert read_demographics(archive).genders.tolist() == ["F", "M"]


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("movies.dat", "7::Heat (1995)", "line 3.*'Genres'.*3 columns.*found 2"),
        ("movies.dat", "7::Heat::Drama", "line 3.*'Title'.*year"),
        ("movies.dat", "7::Heat (1995)::Drama|Dramma", "line 3.*'Genres'.*Dramma"),
        ("movies.dat", "x::Heat (1995)::Drama", "line 3.*'MovieID'.*'x'"),
        ("movies.dat", "5::Heat (1995)::Drama", "'MovieID'.*occurs twice"),
        ("users.dat", "2::X::25::3::1", "line 3.*'Gender'.*'X'"),
        ("users.dat", "2::F::26::3::1", "line 3.*'Age'.*'26'"),
        ("users.dat", "2::F::25::21::1", "line 3.*'Occupation'.*'21'"),
        ("users.dat", "-2::F::25::2::1", "line 3.*'UserID'.*'-2'"),
    ],
)
def test_bad_lines_are_named(folder, name, line, message):
    with open(folder / name, "a", encoding="latin-1") as file:
        file.write(line + "\n")
    read = read_movies if name == "movies.dat" else read_demographics
    with pytest.raises(DataError, match=f"{name}.*{message}"):
        read(folder)


def test_missing_and_empty_files_are_named(folder):
    (folder / "users.dat").unlink()
    with pytest.raises(DataError, match="users.dat"):
        read_demographics(folder)
    (folder / "movies.dat").write_text("\n")
    with pytest.raises(DataError, match="movies.dat.*no row"):
        read_movies(folder)


def test_real_metadata(real_data):
    # ml-1m/README: 3,952 movie ids at most, 6,040 users.
    movies = read_movies(real_data / "ml-1m.zip")
    users = read_demographics(real_data / "ml-1m.zip")
    assert movies.movie_ids.max() == 3952 and len(movies.movie_ids) == 3883
    assert movies.years.min() == 1919 and movies.years.max() == 2000
    np.testing.assert_array_equal(users.user_ids, np.arange(1, 6041))
    assert (users.features(users.user_ids).sum(axis=1) == 3).all()
    assert "misérables" in {word for words in movies.words for word in words}
