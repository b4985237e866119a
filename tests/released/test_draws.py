"""One draw on worlds that are small enough to be recomputed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recmia.released.draws import Draw, everything
from recmia.released.noise import best_products, nearest_lists, popular_items
from recmia.released.recipe import Recipe
from recmia.released.splits import Split
from recmia.released.world import FACTORS, ITEM, NCF, SHADOW, SIDES, TARGET, Users, World
from tests.released.made_up import TOP_K, histories, small_world

BASE = Recipe(k=TOP_K)
KINDS = (ITEM, FACTORS, NCF)


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture
def draw(world: World) -> Draw:
    return Draw(world, 3, 0, TOP_K)


def owned(world: World, kind: str, side: str, lists: np.ndarray, members: bool) -> np.ndarray:
    """bool [n, k]: which places of lists hold an item of the user's own history."""
    users = world.users[kind, side]
    m = users.n_members
    matrix = users.histories[:m].matrix if members else users.histories[m:].matrix
    return np.take_along_axis(matrix.toarray() > 0, lists, axis=1)


def test_features_are_centres_minus_weighted_lists(world: World, draw: Draw) -> None:
    items = draw.vectors(BASE).astype(np.float64)
    for kind in KINDS:
        for side in SIDES:
            features, membership = draw.features(kind, side, BASE)
            users = world.users[kind, side]
            m, matrix = users.n_members, users.histories.matrix.toarray()
            lists, popular = draw.lists(kind, side, BASE), draw.others(kind, side, BASE)
            assert lists.shape == (m, TOP_K) and popular.shape == (TOP_K,)
            shown = [*lists, *([popular] * (len(matrix) - m))]
            expected = [
                row @ items / row.sum() - 0.01 * items[ids].sum(axis=0)
                for row, ids in zip(matrix, shown, strict=True)
            ]
            np.testing.assert_allclose(features, expected, atol=1e-5)
            assert np.array_equal(membership, np.arange(len(matrix)) < m)


def test_everybody_who_is_no_member_shares_the_list_of_the_members_favourites(
    world: World, draw: Draw
) -> None:
    for side in SIDES:
        members = world.split.side(side)[: world.split.n_members]
        shared = draw.others(FACTORS, side, BASE)
        assert np.array_equal(shared, popular_items(members, TOP_K))
    assert draw.others(NCF, SHADOW, BASE).tolist() == list(range(TOP_K))


def test_no_record_has_any_part_in_the_lists_of_lfm(world: World, draw: Draw) -> None:
    other = Draw(small_world(seed=1), 3, 0, TOP_K)  # the same people, records dealt otherwise
    assert not np.array_equal(world.split.shadow.items, other.world.split.shadow.items)
    for side in SIDES:
        assert np.array_equal(draw.lists(FACTORS, side, BASE), other.lists(FACTORS, side, BASE))
        assert not np.array_equal(draw.lists(ITEM, side, BASE), other.lists(ITEM, side, BASE))
    assert not np.array_equal(*(draw.lists(FACTORS, side, BASE) for side in SIDES))


def test_item_follows_the_vectors_that_the_attack_sees(world: World, draw: Draw) -> None:
    members = world.split.target[: world.split.n_members]
    for recipe in (BASE, replace(BASE, dim=5), replace(BASE, vectors="uniform")):
        made = nearest_lists(members, draw.vectors(recipe), TOP_K)
        assert np.array_equal(draw.lists(ITEM, TARGET, recipe), made)


def test_draws_follow_from_their_number_and_the_seed(world: World, draw: Draw) -> None:
    again = Draw(world, 3, 0, TOP_K)
    for kind in KINDS:
        first, same = (d.features(kind, TARGET, BASE)[0] for d in (draw, again))
        assert np.array_equal(first, same)
        for other in (Draw(world, 3, 1, TOP_K), Draw(world, 4, 0, TOP_K)):
            assert not np.array_equal(first, other.features(kind, TARGET, BASE)[0])


@pytest.mark.parametrize(
    ("features", "width"),
    [
        *(("Origin", 7), ("Concat10", 140), ("Concat20", 7 * (20 + TOP_K))),
        *(("Hadamard", 7), ("Similarity", TOP_K)),
    ],
)
def test_shapes_of_features(world: World, draw: Draw, features: str, width: int) -> None:
    made = everything(draw, replace(BASE, features=features, dim=7), KINDS)
    assert made.keys() == {(kind, side) for kind in KINDS for side in SIDES}
    for (kind, side), (found, membership) in made.items():
        n = len(world.users[kind, side].histories)
        assert found.shape == (n, width) and membership.shape == (n,)
        assert found.dtype == np.float32 and np.isfinite(found).all()


def test_similarity_is_the_mean_product_with_what_the_user_has(world: World, draw: Draw) -> None:
    recipe = replace(BASE, features="Similarity", dim=7)
    found, _ = draw.features(FACTORS, TARGET, recipe)
    items, users = draw.vectors(recipe), world.users[FACTORS, TARGET]
    for user, shown in ((0, draw.lists(FACTORS, TARGET, recipe)[0]), (-1, users.popular[:TOP_K])):
        own = users.histories.matrix[user].indices
        expected = (items[shown] @ items[own].T).mean(axis=1)
        np.testing.assert_allclose(found[user], expected, atol=1e-4)


def test_vectors_of_each_kind(world: World, draw: Draw) -> None:
    noise = draw.vectors(BASE)
    assert noise.shape == (world.split.shadow.n_items, 100)
    for scale in (0.3, 0.1):
        shorter = draw.vectors(replace(BASE, vectors=f"noise x {scale}"))
        np.testing.assert_allclose(shorter, np.float32(scale) * noise)
    uniform = draw.vectors(replace(BASE, vectors="uniform"))
    assert uniform.min() >= 0 and uniform.max() <= 1
    tenth = draw.vectors(replace(BASE, vectors="uniform / 10"))
    np.testing.assert_allclose(tenth, uniform / 10)
    for kind, start in (
        *(("trained from noise", noise), ("trained from uniform", uniform)),
        ("trained from uniform / 10", tenth),
    ):
        trained = draw.vectors(replace(BASE, vectors=kind))
        assert np.isfinite(trained).all() and not np.allclose(trained, start, atol=1e-3)


def test_an_item_space_of_its_own_has_vectors_of_its_own(world: World) -> None:
    apart = {key: replace(users, own_space=key[0] == NCF) for key, users in world.users.items()}
    draw = Draw(replace(world, users=apart), 3, 0, TOP_K)
    shared, own = (draw.vectors(BASE, apart[kind, TARGET]) for kind in (FACTORS, NCF))
    assert np.array_equal(shared, draw.vectors(BASE)) and not np.array_equal(shared, own)
    usual = Draw(world, 3, 0, TOP_K)
    for kind, same in ((FACTORS, True), (NCF, False)):
        pair = [d.features(kind, TARGET, BASE)[0] for d in (draw, usual)]
        assert np.array_equal(*pair) == same


def test_texts_replace_the_vectors_of_the_attack_not_those_of_the_lists(world: World) -> None:
    texts = np.random.default_rng(0).random((world.split.shadow.n_items, 4), dtype=np.float32)
    draw = Draw(replace(world, texts=texts), 3, 0, TOP_K)
    found, _ = draw.features(ITEM, TARGET, replace(BASE, texts=True))
    lists = draw.lists(ITEM, TARGET, BASE)
    own = world.users[ITEM, TARGET].histories.matrix[0].indices
    expected = texts[own].mean(axis=0) - 0.01 * texts[lists[0]].sum(axis=0)
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    # What was seen of the same users without texts is not mistaken for it.
    assert draw.features(ITEM, TARGET, BASE)[0].shape[1] == 100


def by_hand() -> World:
    """Two members and two others, served lists that are written here."""
    known = histories([0, 1], [2], [3], [4, 0], n_items=9)
    users = Users(known, 2, np.array([[5, 1], [7, 8]]), np.array([3, 6, 4, 0]))
    made = {(ITEM, side): users for side in SIDES}
    return World(Split(known, known, known, 2, np.arange(4)), made)


def test_hits_by_hand() -> None:
    # The first is listed item 1 that it has, the third is shown 3; the other two have no luck.
    draw = Draw(by_hand(), 0, 0, top_k=2)
    assert draw.hits(ITEM, TARGET, BASE) == 0.5
    # Among the first four popular items there is one for each of the others.
    assert Draw(by_hand(), 0, 0, top_k=4).hits(ITEM, TARGET, BASE) == 0.75
    # Non-members' own favourites, equals by the larger number: 4 and 3.
    assert draw.hits(ITEM, TARGET, replace(BASE, popular="non-members")) == 0.75
    # What somebody has is no recommendation: 6 and 4 to the third, 3 and 6 to the fourth.
    unseen = draw.others(ITEM, TARGET, replace(BASE, seen=False))
    assert unseen.tolist() == [[6, 4], [3, 6]]


def test_hits_can_be_of_other_files() -> None:
    world = by_hand()
    others = replace(
        world.users[ITEM, TARGET], histories=histories([8], [7], [6], [6, 3], n_items=9)
    )
    ranked = replace(world, ranked={(ITEM, TARGET): others})
    assert Draw(ranked, 0, 0, top_k=2).hits(ITEM, TARGET, BASE) == 0.75
    assert Draw(ranked, 0, 0, top_k=2).hits(ITEM, SHADOW, BASE) == 0.5


@pytest.mark.parametrize(("ratio", "candidates"), [(0.5, 20), (0.2, 50), (1.0, TOP_K)])
def test_defended_lists_are_drawn_from_the_candidates(
    world: World, draw: Draw, ratio: float, candidates: int
) -> None:
    recipe = replace(BASE, ratio=ratio)
    lists = draw.others(ITEM, TARGET, recipe)
    users = world.users[ITEM, TARGET]
    assert lists.shape == (len(users.histories) - users.n_members, TOP_K)
    assert set(lists.ravel().tolist()) == set(users.popular[:candidates].tolist())
    assert all(len(set(row)) == TOP_K for row in lists.tolist())
    if candidates > TOP_K:  # everybody's are others
        assert len({frozenset(row) for row in lists.tolist()}) == len(lists)
    assert np.array_equal(lists, Draw(world, 3, 0, TOP_K).others(ITEM, TARGET, recipe))
    # Members keep theirs.
    assert np.array_equal(draw.lists(ITEM, TARGET, recipe), draw.lists(ITEM, TARGET, BASE))


def test_a_defence_that_is_not_known_is_not_on_the_shadow(world: World, draw: Draw) -> None:
    bare = everything(draw, BASE, KINDS)
    known = everything(draw, replace(BASE, ratio=0.5), KINDS)
    unknown = everything(draw, replace(BASE, ratio=0.5, known=False), KINDS)
    for kind in KINDS:
        shadow, target = (kind, SHADOW), (kind, TARGET)
        assert np.array_equal(unknown[shadow][0], bare[shadow][0])
        assert np.array_equal(unknown[target][0], known[target][0])
        assert not np.array_equal(known[shadow][0], bare[shadow][0])
        assert not np.array_equal(known[target][0], bare[target][0])


def test_fewer_users_of_the_shadow_are_the_first_of_both_halves(world: World, draw: Draw) -> None:
    whole = everything(draw, BASE, KINDS)
    part = everything(draw, replace(BASE, share=0.5), KINDS)
    for kind in KINDS:
        features, membership = whole[kind, SHADOW]
        m = int(membership.sum())
        kept = [*range(round(m / 2)), *range(m, m + round((len(features) - m) / 2))]
        assert np.array_equal(part[kind, SHADOW][0], features[kept])
        assert np.array_equal(part[kind, SHADOW][1], membership[kept])
        assert np.array_equal(part[kind, TARGET][0], whole[kind, TARGET][0])


def test_no_seen_item_is_listed_with_co_occurrence(world: World, draw: Draw) -> None:
    recipe = replace(BASE, item="co-occurrence")
    for side in SIDES:
        lists = draw.lists(ITEM, side, recipe)
        assert not owned(world, ITEM, side, lists, members=True).any()
        assert all(len(set(row)) == TOP_K for row in lists.tolist())
        # Chance has no part in them.
        other = Draw(world, 9, 5, TOP_K).lists(ITEM, side, recipe)
        assert np.array_equal(lists, other)
    assert owned(world, ITEM, TARGET, draw.lists(ITEM, TARGET, BASE), members=True).any()


def test_seen_items_can_be_left_out(world: World, draw: Draw) -> None:
    unseen = replace(BASE, seen=False)
    for kind in (ITEM, FACTORS):
        lists, others = draw.lists(kind, TARGET, unseen), draw.others(kind, TARGET, unseen)
        assert not owned(world, kind, TARGET, lists, members=True).any()
        assert not owned(world, kind, TARGET, others, members=False).any()
        assert owned(world, kind, TARGET, draw.lists(kind, TARGET, BASE), members=True).any()
        # What is left is in the order of popularity.
        place = {item: n for n, item in enumerate(world.users[kind, TARGET].popular.tolist())}
        for row in others.tolist():
            places = [place[item] for item in row]
            assert places == sorted(places)


def test_whose_records_are_popular(world: World, draw: Draw) -> None:
    half, split = world.split.n_members, world.split
    expected = {
        "members": popular_items(split.shadow[:half], TOP_K),
        "non-members": popular_items(split.shadow[half:], TOP_K),
        "everybody": popular_items(split.shadow, TOP_K),
        "one list for both sides": popular_items(split.target[:half], TOP_K),
    }
    for name, items in expected.items():
        assert np.array_equal(draw.others(ITEM, SHADOW, replace(BASE, popular=name)), items)
    assert len({tuple(items) for items in expected.values()}) == 4


def test_lfm_of_each_kind(world: World, draw: Draw) -> None:
    found = {
        kind: draw.lists(FACTORS, TARGET, replace(BASE, factors=kind))
        for kind in (
            *("untrained", "untrained, normal users"),
            *("trained from noise", "trained from uniform / 10"),
        )
    }
    assert len({lists.tobytes() for lists in found.values()}) == 4
    popular = world.users[FACTORS, TARGET].popular[:TOP_K]
    shared = {kind: np.isin(lists, popular).mean() for kind, lists in found.items()}
    # Only training from a small start finds what is popular: chance is 10 of some 90.
    assert shared["trained from uniform / 10"] > 0.4
    assert max(shared["untrained"], shared["untrained, normal users"]) < 0.3


def test_untrained_lfm_is_served_by_products_of_its_start() -> None:
    """What training changes is the factors; lists are made of them in the same way."""
    known = small_world().split.target[:9]
    users = np.eye(9, known.n_items, dtype=np.float32)
    items = np.diag(np.arange(1, known.n_items + 1).astype(np.float32))
    assert best_products(users, items, 1).ravel().tolist() == list(range(9))
