"""Who is whose user: NCF's halves, everybody else's sides."""

from __future__ import annotations

import numpy as np

from recmia.released.noise import popular_items
from recmia.released.splits import Histories, Split, save_split
from recmia.released.world import (
    CONTENT,
    FACTORS,
    ITEM,
    NCF,
    SHADOW,
    SIDES,
    TARGET,
    load_world,
    world_of,
)
from recmia.storage import write_arrays
from tests.released.made_up import histories, small_split


def five() -> Split:
    """Five people, an item each on either side: person i has i on the shadow, 10 + i there."""
    shadow = histories(*([i] for i in range(5)), n_items=15)
    target = histories(*([10 + i] for i in range(5)), n_items=15)
    return Split(shadow, target, shadow, 2, np.arange(5))


def items(known: Histories) -> list[int]:
    return known.items.tolist()


def test_item_and_lfm_serve_the_sides_of_the_split() -> None:
    world = world_of(five(), 3)
    assert world.kinds == (ITEM, FACTORS) and world.texts is None
    for kind in world.kinds:
        shadow, target = world.users[kind, SHADOW], world.users[kind, TARGET]
        assert items(shadow.histories) == [0, 1, 2, 3, 4]
        assert items(target.histories) == [10, 11, 12, 13, 14]
        assert shadow.membership.tolist() == [True, True, False, False, False]
        assert shadow.lists is None and not shadow.own_space
        # Of the members of each side: one user an item, the larger number first.
        assert shadow.popular.tolist() == [1, 0, 14] and target.popular.tolist() == [11, 10, 14]


def test_one_ncf_is_cut_in_two() -> None:
    lists, popular = np.arange(10).reshape(5, 2), np.array([7, 8])
    world = world_of(five(), 3, ncf={"lists": lists, "popular": popular})
    assert world.kinds == (ITEM, FACTORS, NCF)
    shadow, target = world.users[NCF, SHADOW], world.users[NCF, TARGET]
    # Members of both sides come from the shadow's file, their likes from the target's.
    assert items(shadow.histories) == [0, 1, 10, 11] and shadow.n_members == 2
    assert items(target.histories) == [2, 3, 4, 12, 13, 14] and target.n_members == 3
    assert shadow.lists.tolist() == [[0, 1], [2, 3]]
    assert target.lists.tolist() == [[4, 5], [6, 7], [8, 9]]
    assert shadow.popular.tolist() == target.popular.tolist() == [7, 8]
    assert target.membership.tolist() == [True] * 3 + [False] * 3


def test_content_and_texts_come_in_their_places() -> None:
    content = {side: np.full((2, 2), n) for n, side in enumerate(SIDES)}
    vectors = np.arange(36, dtype=np.float32).reshape(18, 2)
    world = world_of(five(), 3, content=content, texts={"vectors": vectors})
    assert world.kinds == (ITEM, FACTORS, CONTENT)
    assert world.users[CONTENT, TARGET].lists.tolist() == [[1, 1], [1, 1]]
    # The study's numbers begin at 3, ours at 0.
    assert world.texts.shape == (15, 2) and world.texts[0].tolist() == [6, 7]


def test_a_kept_world_is_the_world(tmp_path) -> None:
    split = small_split()
    save_split(tmp_path / "split.npz", split)
    ncf = {"lists": np.arange(2 * len(split.shadow)).reshape(-1, 2), "popular": np.arange(5)}
    write_arrays(tmp_path / "ncf.npz", **ncf)
    found = load_world(20, tmp_path / "split.npz", ncf=tmp_path / "ncf.npz")
    made = world_of(split, 20, ncf=ncf)
    assert found.users.keys() == made.users.keys()
    for key, users in found.users.items():
        other = made.users[key]
        assert items(users.histories) == items(other.histories)
        assert users.n_members == other.n_members
        assert np.array_equal(users.popular, other.popular)
    expected = popular_items(split.target[: split.n_members], 20)
    assert np.array_equal(found.users[FACTORS, TARGET].popular, expected)
