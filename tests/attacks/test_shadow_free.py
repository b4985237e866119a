"""The attack without a shadow: its two distances by hand, and what it must not look at."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import pytest

from recmia.attacks.base import Observations
from recmia.attacks.registry import ATTACKS
from recmia.attacks.shadow_free import SMALLEST, ShadowFree
from recmia.errors import DataError, SettingsError
from recmia.evaluation.intervals import evaluate
from recmia.evaluation.measurement import ScoredUnits
from recmia.evaluation.metrics import roc_auc

N_ITEMS = 203


def seen_by_hand() -> tuple[np.ndarray, Observations]:
    vectors = np.zeros((8, 2), dtype=np.float32)
    vectors[3:] = [[4, 0], [0, 0], [0, 2], [6, 2], [4, 6]]
    return vectors, Observations(
        np.arange(4),
        np.array([[3, 4, 0], [5, 0, 0], [7, 3, 0], [0, 0, 0]]),
        np.array([2, 1, 2, 0]),
        lists=np.array([[4, 3], [6, 0], [3, 7], [4, 0]]),
        popular=np.array([4, 5]),
    )


def drawn(n: int, seed: int, remembers: bool) -> tuple[Observations, np.ndarray]:
    """Users of ten tastes; members are recommended what is to their taste, others what is popular,
    or membership says nothing of the lists."""
    draw = np.random.default_rng(seed)
    taste = draw.integers(0, 10, n)
    histories = 3 + taste[:, None] * 20 + draw.integers(0, 20, (n, 8))
    membership = draw.permutation(n) % 2 == 0
    own = 3 + taste[:, None] * 20 + draw.integers(0, 20, (n, 12))
    popular = np.arange(3, 203, 17)
    served = membership if remembers else draw.random(n) < 0.5
    lists = np.where(served[:, None], own, popular)
    return Observations(np.arange(n), histories, np.full(n, 8), lists, popular=popular), membership


def by_taste() -> np.ndarray:
    draw = np.random.default_rng(9)
    vectors = draw.normal(scale=0.1, size=(N_ITEMS, 12)).astype(np.float32)
    vectors[np.arange(3, N_ITEMS), (np.arange(N_ITEMS - 3)) // 20] += 1
    return vectors


def interval(scores: np.ndarray, membership: np.ndarray):
    """At 99.9% a true 0.5 lies outside once in a thousand runs, whatever the seeds are."""
    units = ScoredUnits(scores, membership, np.arange(len(scores)), 0.0)
    return evaluate([units], repeats=2000, level=0.999, seed=1)[0]


def test_inverse_distances_by_hand() -> None:
    vectors, seen = seen_by_hand()
    attack = ShadowFree(item_vectors=vectors).fit(seen, np.array([True, False, True, False]))
    # Means of histories (2, 0), (0, 2), (4, 3), origin; of lists (2, 0), (6, 2), (4, 3), (0, 0);
    # of the popular items (0, 1).
    own = [0, 6, 0, 0]
    popular = [np.sqrt(5), np.sqrt(37), np.sqrt(20), 1]
    expected = [1 / (a + SMALLEST) - 1 / (b + SMALLEST) for a, b in zip(own, popular, strict=True)]
    found = attack.score(seen)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    # The second unit's list is 6 from its history and 6.08 from the popular items.
    assert attack.threshold == 0 and (found >= attack.threshold).tolist() == [True] * 4
    farther = replace(seen, popular=np.array([6]))
    assert (attack.score(farther) >= 0).tolist() == [True, False, True, True]


def test_popular_items_are_counted_where_none_are_named() -> None:
    vectors, seen = seen_by_hand()
    histories = np.array([[5, 5, 7], [7, 5, 0], [6, 4, 0], [4, 0, 0]])
    unnamed = replace(seen, histories=histories, lengths=np.array([3, 2, 2, 1]), popular=None)
    membership = np.array([True, False, True, False])
    # 5 three times, 4 and 7 twice, 6 once, 3 never.
    attack = ShadowFree(item_vectors=vectors, popular_items=2).fit(unnamed, membership)
    assert attack.popular.tolist() == [5, 4]
    everything = ShadowFree(item_vectors=vectors).fit(unnamed, membership)
    assert everything.popular.tolist() == [5, 4, 7, 6]
    named = replace(unnamed, popular=np.array([4, 5]))
    np.testing.assert_array_equal(attack.score(unnamed), attack.score(named))
    # It is the target's users that are counted, where there are any.
    shadow = replace(unnamed, histories=seen.histories, lengths=seen.lengths)
    assert attack.fit(shadow, membership, unnamed).popular.tolist() == [5, 4]


def test_no_label_is_looked_at() -> None:
    shadow, membership = drawn(60, 1, True)
    target, _ = drawn(50, 2, True)
    vectors = by_taste()
    for named in (shadow.popular, None):
        sides = [replace(side, popular=named) for side in (shadow, target)]
        scores = [
            ShadowFree(item_vectors=vectors).fit(sides[0], labels, sides[1]).score(sides[1])
            for labels in (membership, ~membership, np.roll(membership, 7))
        ]
        np.testing.assert_array_equal(scores[0], scores[1])
        np.testing.assert_array_equal(scores[0], scores[2])
    assert set(inspect.signature(ShadowFree.score).parameters) == {"self", "observations"}


def test_members_with_lists_to_their_taste_are_found_at_zero() -> None:
    shadow, known = drawn(300, 1, True)
    target, truth = drawn(500, 2, True)
    attack = ShadowFree(item_vectors=by_taste()).fit(shadow, known, target)
    scores = attack.score(target)
    assert roc_auc(scores, truth) > 0.99
    called = scores >= attack.threshold
    assert (called == truth).mean() > 0.95


def test_random_membership_is_not_found() -> None:
    shadow, known = drawn(300, 1, False)
    target, truth = drawn(800, 2, False)
    found = interval(ShadowFree(item_vectors=by_taste()).fit(shadow, known).score(target), truth)
    assert found.ci_low < 0.5 < found.ci_high


def test_rows_are_scored_each_by_itself() -> None:
    shadow, known = drawn(60, 1, True)
    target, _ = drawn(50, 2, True)
    order = np.random.default_rng(0).permutation(50)
    for named in (target.popular, None):
        target = replace(target, popular=named)
        attack = ShadowFree(item_vectors=by_taste())
        scores = attack.fit(shadow, known, target).score(target)
        np.testing.assert_allclose(attack.score(target[:5]), scores[:5], rtol=1e-5)
        again = attack.fit(shadow, known, target[order]).score(target[order])
        np.testing.assert_allclose(again, scores[order], rtol=1e-5)


def test_what_is_missing_is_named() -> None:
    shadow, known = drawn(20, 1, True)
    attack = ATTACKS.make("shadow-free", item_vectors=by_taste(), seed=0, device="cpu")
    with pytest.raises(DataError, match="lists"):
        attack.fit(replace(shadow, lists=None), known)
    with pytest.raises(DataError, match="lists"):
        attack.fit(shadow, known).score(replace(shadow, lists=None))
    with pytest.raises(DataError, match="item vectors"):
        ShadowFree().fit(shadow, known)
    empty = replace(
        shadow, histories=np.zeros((20, 1), dtype=np.int64), lengths=np.zeros(20, dtype=np.int64),
        popular=None,
    )  # fmt: skip
    with pytest.raises(DataError, match="popular"):
        attack.fit(empty, known).score(empty)
    with pytest.raises(DataError, match="0..9"):
        ShadowFree(item_vectors=by_taste()[:10]).fit(shadow, known).score(shadow)
    with pytest.raises(SettingsError, match="popular_items: .*greater than or equal to 1"):
        ATTACKS.make("shadow-free", {"popular_items": 0})
