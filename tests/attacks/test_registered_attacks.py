"""The registry of attacks, models side by side, and the rule that counts popular items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recmia.attacks.base import Attack, Observations
from recmia.attacks.biased_mia import BiasedMIA
from recmia.attacks.dl_mia import DLMIA
from recmia.attacks.popular_share import PopularShare
from recmia.attacks.registry import ATTACKS
from recmia.attacks.stacked import train_stacked
from recmia.audit.scoring import popular_share
from recmia.audit.sides import Side
from recmia.errors import DataError, SettingsError
from recmia.seeds import child_seed


def observed(lists: list[list[int]], popular: list[int] | None = None) -> Observations:
    n = len(lists)
    return Observations(
        np.arange(n),
        np.full((n, 2), 3),
        np.full(n, 2),
        np.array(lists),
        popular=None if popular is None else np.array(popular),
    )


def test_every_attack_is_one_by_its_own_name() -> None:
    assert {"biased-mia", "dl-mia", "k-means", "loss-threshold", "score-mlp"} < set(ATTACKS)
    for name, kind in ATTACKS.items():
        assert issubclass(kind, Attack) and kind.name == name
    with pytest.raises(SettingsError, match="'dl-mia', epochs: .*greater than or equal to 1"):
        ATTACKS.make("dl-mia", {"epochs": 0}, seed=0)
    with pytest.raises(SettingsError, match="'loss-threshold' has no setting 'epochs'"):
        ATTACKS.make("loss-threshold", {"epochs": 1}, seed=0)


def vectors() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(0)
    membership = np.arange(60) % 2 == 0
    shadow = draw.normal(size=(60, 6)).astype(np.float32) + membership[:, None].astype(np.float32)
    return shadow, membership, draw.normal(size=(40, 6)).astype(np.float32)


def test_several_models_of_biased_mia_are_each_as_one_alone() -> None:
    shadow, membership, target = vectors()
    several = BiasedMIA(epochs=2, models=3, seed=5).fit_vectors(shadow, membership)
    each = several.score_each(target)
    for number in range(3):
        alone = BiasedMIA(epochs=2, seed=0)
        alone.seeds = [child_seed(5, "biased_mia", number)]
        found = alone.fit_vectors(shadow, membership).score_each(target)[0]
        np.testing.assert_allclose(each[number], found, rtol=1e-5)
    assert np.ptp(each, axis=0).max() > 1e-3


def test_biased_mia_is_a_stack_of_one() -> None:
    import torch

    shadow, membership, target = vectors()
    stack = train_stacked(
        torch.from_numpy(shadow)[None],
        torch.from_numpy(membership)[None],
        epochs=2,
        seeds=[child_seed(5, "biased_mia")],
    )
    expected = stack.probabilities(torch.from_numpy(target)[None])[0, :, 1].double().numpy()
    found = BiasedMIA(epochs=2, seed=5).fit_vectors(shadow, membership).score_each(target)
    np.testing.assert_array_equal(found, expected[None])


def test_several_models_of_dl_mia_are_each_as_one_alone() -> None:
    shadow, membership, target = vectors()
    chosen = {"epochs": 2, "alternating_epochs": 2, "turn_epochs": 1}
    several = DLMIA(**chosen, models=2, seed=5).fit_vectors(shadow, membership, target)
    each = several.score_each(target)
    for number in range(2):
        alone = DLMIA(**chosen, seed=child_seed(5, "dl_mia", number))
        found = alone.fit_vectors(shadow, membership, target).score_each(target)[0]
        np.testing.assert_allclose(each[number], found, rtol=1e-4)


def test_popular_share_by_hand() -> None:
    shadow = observed([[3, 4, 5, 6], [5, 6, 7, 8], [3, 4, 3, 4], [3, 4, 4, 5]], [3, 4])
    attack = PopularShare().fit(shadow, np.array([True, True, False, False]))
    assert attack.score(shadow).tolist() == [0.5, 1.0, 0.0, 0.25]
    assert attack.threshold == (0.75 + 0.125) / 2
    # Of another recommender other items are popular.
    assert attack.score(replace(shadow, popular=np.array([7, 8]))).tolist() == [1, 0.5, 1, 1]


def test_popular_items_are_learned_where_none_are_named() -> None:
    # Non-members have 4 three times, 3 and 5 twice each, 6 once: of lists of two, 4 and 3.
    shadow = observed([[5, 6], [4, 3], [4, 5], [4, 0], [3, 5]])
    membership = np.array([True, False, False, False, False])
    attack = PopularShare().fit(shadow, membership)
    assert attack.popular.tolist() == [4, 3]
    assert attack.score(observed([[4, 3], [3, 9], [8, 9]])).tolist() == [0, 0.5, 1]
    with pytest.raises(DataError, match="lists"):
        PopularShare().fit(replace(shadow, lists=None), membership)


def test_the_audits_flat_rule_is_the_same_where_lists_are_of_one_length() -> None:
    draw = np.random.default_rng(1)

    def flat(lists: np.ndarray, membership: np.ndarray) -> Side:
        offsets = np.arange(len(lists) + 1) * lists.shape[1]
        items = lists.ravel().astype(np.int32)
        return Side(None, items, offsets, items, offsets, membership, None, {}, {})

    shadow, target = (draw.integers(3, 40, (50, 8)) for _ in range(2))
    membership = draw.random(50) < 0.5
    attack = PopularShare().fit(observed(shadow.tolist()), membership)
    expected = popular_share(flat(shadow, membership), flat(target, membership))
    np.testing.assert_array_equal(attack.score(observed(target.tolist())), expected)
