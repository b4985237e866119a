"""Users in three disjoint sets, by the stated rules."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.data.interactions import Interactions
from recmia.data.synthetic_interactions import synthetic_interactions
from recmia.errors import DataError
from recmia.experiments.kept import Kept
from recmia.lists.cohorts import SIDES, hold_out, keep_split, load_cohorts, shrunken, split
from recmia.lists.data import keep_synthetic
from recmia.sessions import Sessions

MADE = {"users": 300, "items": 200, "mean_length": 45, "seed": 1}


def choices(**changed) -> dict:
    return {"min_interactions": 10, "min_users": 20, "held_out_share": 0.2} | changed


@pytest.fixture(scope="module")
def made() -> Interactions:
    return synthetic_interactions(**MADE)


def test_cohorts_are_disjoint_equal_and_active(made) -> None:
    found = split(made, **choices(min_interactions=20, min_users=100), seed=4)
    ids = [found.vectors.row_ids]
    for name in SIDES:
        side = found.sides[name]
        assert len(side.seen) == 2 * side.n_members == 100
        assert side.membership.sum() == side.n_members
        assert ((side.seen.lengths + side.held_out.lengths) >= 20).all()
        ids.append(side.seen.row_ids)
    together = np.concatenate(ids)
    assert len(np.unique(together)) == len(together)
    assert len(found.vectors) == 100  # a third
    # Every item of a side has been taken by somebody of the vector set.
    known = set(found.vectors.clicks[found.vectors.clicks > 0].tolist())
    for name in SIDES:
        side = found.sides[name]
        for histories in (side.seen, side.held_out):
            assert set(histories.clicks[histories.clicks > 0].tolist()) <= known


def test_another_seed_draws_other_users_and_the_same_seed_the_same(made) -> None:
    chosen = choices(min_interactions=20, min_users=100)
    first, again, other = (split(made, **chosen, seed=seed) for seed in (4, 4, 5))
    ids = [c.sides["target"].seen.row_ids for c in (first, again, other)]
    assert np.array_equal(ids[0], ids[1]) and not np.array_equal(ids[0], ids[2])


def test_the_minimum_is_lowered_only_as_far_as_it_must_be(made) -> None:
    lengths = made.lengths()
    strict = int(np.sort(lengths)[-60])  # some 60 users have as many
    found = split(made, **choices(min_interactions=strict, min_users=100), seed=4)
    used = found.facts["least interactions of a shadow or target user"]
    assert 20 <= used < strict
    assert 2 * found.facts["members of each side"] >= 100
    # One more would not do.
    with_more = split(made, **choices(min_interactions=used + 1, min_users=100), seed=4)
    assert with_more.facts["least interactions of a shadow or target user"] == used
    with pytest.raises(DataError, match="too few for two sides of 1000"):
        split(made, **choices(min_users=1000), seed=4)


def test_inactive_users_serve_as_the_vector_set() -> None:
    made = synthetic_interactions(**MADE)
    busy = np.flatnonzero(made.lengths() >= 40)
    found = split(made, **choices(min_interactions=40, min_users=20), seed=2)
    of_sides = np.concatenate([found.sides[name].seen.row_ids for name in SIDES])
    assert set(of_sides.tolist()) <= set(busy.tolist())
    assert set(range(300)) - set(busy.tolist()) <= set(found.vectors.row_ids.tolist())


def test_the_last_items_are_held_out() -> None:
    histories = Sessions(
        np.array([[3, 4, 5, 6, 7], [8, 9, 0, 0, 0], [4, 0, 0, 0, 0]]),
        np.array([5, 2, 1]),
        np.array([7, 8, 9]),
    )
    seen, held = hold_out(histories, 0.4)
    assert seen.clicks.tolist() == [[3, 4, 5], [8, 0, 0], [4, 0, 0]]
    assert held.clicks.tolist() == [[6, 7], [9, 0], [0, 0]]
    assert seen.lengths.tolist() == [3, 1, 1] and held.lengths.tolist() == [2, 1, 0]
    assert held.row_ids.tolist() == [7, 8, 9]


def test_a_smaller_shadow_keeps_the_balance(made) -> None:
    side = split(made, **choices(min_interactions=20, min_users=100), seed=4).sides["shadow"]
    smaller = shrunken(side, 0.7)
    assert smaller.n_members == 35 and len(smaller.seen) == 70
    assert np.array_equal(smaller.seen.row_ids[:35], side.seen.row_ids[:35])
    assert np.array_equal(smaller.seen.row_ids[35:], side.seen.row_ids[50:85])


def test_a_kept_split_is_the_split(made, tmp_path) -> None:
    known = Kept(tmp_path / "data.npz", keep_synthetic, **MADE, least=1)
    kept = Kept(tmp_path / "split.npz", keep_split, known, **choices(min_users=100), seed=4)
    found, expected = load_cohorts(kept.ensure()), split(made, **choices(min_users=100), seed=4)
    assert found.facts == expected.facts and found.vocabulary_size == expected.vocabulary_size
    pairs = [(found.vectors, expected.vectors)]
    for name in SIDES:
        sides = found.sides[name], expected.sides[name]
        assert sides[0].n_members == sides[1].n_members
        pairs += [[getattr(side, part) for side in sides] for part in ("seen", "held_out")]
    for one, other in pairs:
        for array in ("clicks", "lengths", "row_ids"):
            assert np.array_equal(getattr(one, array), getattr(other, array))
