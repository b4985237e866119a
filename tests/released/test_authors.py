"""The authors' files: a made-up copy of them, what is wrong with files, and what theirs say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from recmia.data.registry import find_files
from recmia.errors import DataError
from recmia.released.authors import AMAZON, MOVIELENS, load_authors, popular_list, served
from recmia.released.draws import Draw, everything
from recmia.released.keeping import measured
from recmia.released.noise import TOP_K, popular_items
from recmia.released.perceptron import train
from recmia.released.proofs import _defended
from recmia.released.recipe import Recipe
from recmia.released.settings import AUTHORS
from recmia.released.world import FACTORS, ITEM, NCF, SHADOW, SIDES, TARGET
from recmia.seeds import child_seed

N, MEMBERS, N_ITEMS = 7, 3, 400


def write(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(text.encode()))


def pairs(users: list[list[int]], third: str = "1") -> str:
    return "".join(f"{u}\t{i}\t{third}\n" for u, items in enumerate(users) for i in items)


class Copy:
    """Files of the authors' form with other content, and that content."""

    def __init__(self, folder: Path) -> None:
        self.folder, draw = folder, np.random.default_rng(0)
        folder.mkdir(exist_ok=True)

        def users(n: int, length: int) -> list[list[int]]:
            return [draw.permutation(N_ITEMS)[:length].tolist() for _ in range(n)]

        self.content = {}
        for side in SIDES:
            for data in (AMAZON, MOVIELENS):
                self.content[f"{data}_{side}"] = users(N, 12)
            # The target's has a member more than there are lists.
            self.content[f"amazon_music_{side}_ncf"] = users(N + (side == TARGET), 9)
            for kind in ("itembase", "lfm", "ncf"):
                self.content[f"amazon_music_topk_{side}_random_{kind}"] = users(N, TOP_K)
            shared = users(1, TOP_K)
            self.content[f"amazon_music_topk_{side}_popular"] = users(MEMBERS, TOP_K) + shared
        self.content["amazon_music_shadow"][0][0] = N_ITEMS - 1
        for name, rows in self.content.items():
            write(self.path(name), pairs(rows))
        self.ncf = np.array(users(N, TOP_K))
        write(folder / "movielens_ncf_lists.json.gz", json.dumps(self.ncf.ravel().tolist()))

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.tsv.gz"

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path / "released")


def rows(histories) -> list[list[int]]:
    return [histories[u : u + 1].items.tolist() for u in range(len(histories))]


def test_amazons_users_and_lists_come_as_they_are(copy: Copy) -> None:
    world = load_authors(AMAZON, copy.files, 30)
    assert world.kinds == (ITEM, FACTORS, NCF) and world.split.n_members == MEMBERS
    for side in SIDES:
        own = copy.content[f"amazon_music_{side}"]
        assert rows(world.split.side(side)) == own
        for kind, name in ((ITEM, "itembase"), (FACTORS, "lfm"), (NCF, "ncf")):
            users = world.users[kind, side]
            theirs = copy.content[f"amazon_music_topk_{side}_random_{name}"]
            assert users.lists.tolist() == theirs[:MEMBERS] and users.n_members == MEMBERS
            places = {path.name: path for path in copy.files}
            assert served(places, kind, side).tolist() == theirs
            assert users.own_space == (kind == NCF) and len(users.popular) == 30
        shared = copy.content[f"amazon_music_topk_{side}_popular"][-1]
        assert popular_list(places, side).tolist() == shared
        # Item and LFM see the side; hit rates of NCF are of its records as well.
        assert rows(world.users[ITEM, side].histories) == own
        ranked = world.ranked[NCF, side]
        assert rows(ranked.histories) == own
        assert ranked.lists.tolist() == world.users[NCF, side].lists.tolist()


def test_amazons_ncf_has_records_of_its_own(copy: Copy) -> None:
    world = load_authors(AMAZON, copy.files, 30)
    shadow, target = (copy.content[f"amazon_music_{side}_ncf"] for side in SIDES)
    assert rows(world.users[NCF, SHADOW].histories) == shadow
    assert rows(world.users[NCF, TARGET].histories) == target[:MEMBERS] + target[MEMBERS + 1 :]
    # One popular list for both sides, of everybody on the target.
    for side in SIDES:
        everybody = popular_items(world.split.target, 30)
        assert np.array_equal(world.users[NCF, side].popular, everybody)


def test_lists_can_be_drawn_on_the_same_records(copy: Copy) -> None:
    world = load_authors(AMAZON, copy.files, 30, drawn=True)
    for side in SIDES:
        assert world.users[ITEM, side].lists is world.users[FACTORS, side].lists is None
        assert world.users[NCF, side].lists is not None


def test_movielens_has_lists_of_ncf_alone(copy: Copy) -> None:
    world = load_authors(MOVIELENS, copy.files, 30)
    assert rows(world.split.shadow) == copy.content["movielens_shadow"]
    assert rows(world.split.target) == copy.content["movielens_target"]
    for side, cut in ((SHADOW, slice(0, MEMBERS)), (TARGET, slice(MEMBERS, N))):
        assert world.users[ITEM, side].lists is world.users[FACTORS, side].lists is None
        assert world.users[NCF, side].lists.tolist() == copy.ncf[cut].tolist()
        everybody = popular_items(world.split.target, 30)
        assert np.array_equal(world.users[NCF, side].popular, everybody)
        assert not world.users[NCF, side].own_space


LISTS = "amazon_music_topk_target_random_lfm"


def break_rows(copy: Copy, how: str) -> str:
    """Spoil a file in one way; its name."""
    theirs, name = copy.content[LISTS], f"{LISTS}.tsv.gz"
    path = copy.path(LISTS)
    if how == "missing":
        path.unlink()
    elif how == "letters":
        write(path, pairs(theirs).replace("\t", "\tB00", 1))
    elif how == "a gap":
        write(path, pairs(theirs).replace("0\t", "\t", 1))
    elif how == "negative":
        write(path, pairs(theirs).replace("\t", "\t-", 1))
    elif how == "one column":
        write(path, "".join(f"{i}\n" for i in range(700)))
    elif how == "empty":
        write(path, "")
    elif how == "99 rows":
        write(path, pairs([theirs[0][:-1], *theirs[1:]]))
    elif how == "99 and 101":
        write(path, pairs([theirs[0][:-1], [1, *theirs[1]], *theirs[2:]]))
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-500])
    elif how == "no archive":
        path.write_bytes(b"\x1f\x8bnot an archive")
    elif how == "other users":
        path, name = copy.path("amazon_music_target"), AMAZON
        write(path, pairs(copy.content["amazon_music_target"][:-1]))
    return name


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("missing", "is missing"),
        ("letters", "not two columns of whole numbers"),
        ("a gap", "missing or negative"),
        ("negative", "missing or negative"),
        ("one column", "not two columns"),
        ("empty", "not two columns"),
        ("99 rows", "not 100 rows a user"),
        ("99 and 101", "not 100 rows a user"),
        ("cut", "not two columns of whole numbers"),
        ("no archive", "not two columns of whole numbers"),
        ("other users", "other users"),
    ],
)
def test_a_wrong_file_is_named(copy: Copy, how: str, says: str) -> None:
    name = break_rows(copy, how)
    with pytest.raises(DataError, match=says) as error:
        load_authors(AMAZON, copy.files, 30)
    assert name in str(error.value) and "Remedy: " in str(error.value)


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("missing", "is missing"),
        ("letters", "not a JSON list of numbers"),
        ("no list", "not a JSON list of numbers"),
        ("nested", "not a JSON list of numbers"),
        ("too few", "699 numbers where 7 users have 100 each"),
        ("cut", "not a JSON list of numbers"),
        ("no archive", "not a JSON list of numbers"),
    ],
)
def test_wrong_lists_of_movielens_are_named(copy: Copy, how: str, says: str) -> None:
    path, numbers = copy.folder / "movielens_ncf_lists.json.gz", copy.ncf.ravel().tolist()
    spoilt = {
        "letters": json.dumps(["B00", *numbers[1:]]),
        "no list": json.dumps({"lists": numbers}),
        "nested": json.dumps([numbers[:100], numbers[:99]]),
        "too few": json.dumps(numbers[1:]),
    }
    if how == "missing":
        path.unlink()
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    elif how == "no archive":
        path.write_bytes(b"[1, 2]")
    else:
        write(path, spoilt[how])
    with pytest.raises(DataError, match=says) as error:
        load_authors(MOVIELENS, copy.files, 30)
    assert path.name in str(error.value) and "Remedy: " in str(error.value)


@pytest.fixture(scope="module")
def theirs(real_data: Path) -> list[Path]:
    if not (real_data / "released").is_dir():
        pytest.skip(f"the authors' files are not in {real_data}/released")
    return find_files(AUTHORS, real_data)


@pytest.mark.real
@pytest.mark.parametrize(("data", "n", "m"), [(AMAZON, 2635, 1317), (MOVIELENS, 3938, 1969)])
def test_their_users(theirs: list[Path], data: str, n: int, m: int) -> None:
    world = load_authors(data, theirs, 100)
    split = world.split
    assert len(split.shadow) == len(split.target) == n and split.n_members == m
    # Nobody is dropped after the split: 7 and 11 records at least.
    least = {AMAZON: 7, MOVIELENS: 11}[data]
    assert min(split.shadow.lengths.min(), split.target.lengths.min()) == least
    assert split.shadow.n_items == {AMAZON: 284_253, MOVIELENS: 3_706}[data]
    for users in world.users.values():
        if users.lists is not None:
            assert users.lists.shape == (users.n_members, 100)
            assert users.lists.max() < split.shadow.n_items


@pytest.mark.real
def test_their_popular_list_is_counted_over_members(theirs: list[Path]) -> None:
    split = load_authors(AMAZON, theirs, 100).split
    places = {path.name: path for path in theirs}
    for side in SIDES:
        members = split.side(side)[: split.n_members]
        listed = popular_list(places, side)
        assert np.array_equal(listed, popular_items(members, 100))
        assert not np.array_equal(listed, popular_items(split.side(side), 100))


@pytest.mark.real
def test_a_rule_alone_tells_their_defended_lists_apart(theirs: list[Path]) -> None:
    facts = {fact.recommender: fact.values for fact in _defended(theirs)}
    assert facts == {kind: (pytest.approx(1.0, abs=5e-4),) for kind in (ITEM, FACTORS, NCF)}


@pytest.mark.real
@pytest.mark.slow
def test_movielens_as_released_and_a_tenth_as_long(theirs: list[Path]) -> None:
    world, kinds = load_authors(MOVIELENS, theirs, 100), (ITEM, FACTORS)
    for number in range(2):
        draw, found = Draw(world, 5, number), {}
        for vectors in ("noise", "noise x 0.1"):
            seen = everything(draw, Recipe(vectors=vectors), kinds)
            for kind in kinds:
                seed = child_seed(draw.seed, "attack", kind)
                model = train(*seen[kind, SHADOW], seed=seed)[None]
                scored = measured(model, *seen[kind, TARGET])
                found[vectors, kind] = scored["hard"][0]
        # The paper's are 0.998 and 0.871; ranges over 20 draws were 0.990-0.999 and 0.750-0.977.
        assert found["noise", ITEM] > 0.98 and 0.75 <= found["noise", FACTORS] <= 1
        assert found["noise x 0.1", ITEM] == found["noise x 0.1", FACTORS] == 0.5
