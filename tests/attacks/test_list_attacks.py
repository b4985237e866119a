"""Attacks on recommendation lists: planted truths, null data, and no way for labels to get in."""

import inspect

import numpy as np
import pytest
import torch

from recmia.attacks.base import Observations
from recmia.attacks.biased_mia import BiasedMIA
from recmia.attacks.dl_mia import DLMIA
from recmia.attacks.item_vectors import factorise
from recmia.attacks.stacked_dl_mia import StackedDLMIA
from recmia.errors import DataError

N_ITEMS, DIM = 203, 16


def auc(scores, membership):
    rank = scores.argsort().argsort() + 1
    n, m = membership.sum(), (~membership).sum()
    return (rank[membership].sum() - n * (n + 1) / 2) / (n * m)


def observed(n, seed, own_items_for_members):
    """Users of ten tastes; members' lists repeat their own items, or are random for everybody."""
    draw = np.random.default_rng(seed)
    taste = draw.integers(0, 10, n)
    histories = 3 + taste[:, None] * 20 + draw.integers(0, 20, (n, 8))
    membership = draw.permutation(n) % 2 == 0
    lists = draw.integers(3, N_ITEMS, (n, 16))
    if own_items_for_members:
        lists[membership] = np.tile(histories[membership], (1, 2))
    return Observations(np.arange(n), histories, np.full(n, 8), lists), membership


@pytest.fixture(scope="module")
def item_vectors():
    others, _ = observed(300, 99, False)
    return factorise(others.histories, others.lengths, N_ITEMS, dim=DIM, epochs=10, seed=0)


def biased(item_vectors, seed=0):
    return BiasedMIA(item_vectors=item_vectors, seed=seed)


def dl(item_vectors, seed=0, **changes):
    schedule = {"epochs": 5, "alternating_epochs": 8, "turn_epochs": 2} | changes
    return DLMIA(item_vectors=item_vectors, seed=seed, **schedule)


# Larger steps in the place of most of the paper's 300 epochs, which the slow test below has.
LONGER = {dl: {"epochs": 40, "attack_learning_rate": 0.1, "learning_rate": 5e-3}}


@pytest.mark.parametrize("make", [biased, dl])
def test_planted_truth_is_found_at_the_shadow_threshold(make, item_vectors):
    shadow, membership = observed(300, 1, True)
    target, truth = observed(500, 2, True)
    attack = make(item_vectors, **LONGER.get(make, {})).fit(shadow, membership, target)
    scores = attack.score(target)
    assert scores.dtype == np.float64 and scores.shape == (500,)
    assert auc(scores, truth) > 0.9
    called = scores >= attack.threshold
    assert (called[truth].mean() + (~called[~truth]).mean()) / 2 > 0.85


@pytest.mark.parametrize("make", [biased, dl])
def test_lists_that_do_not_depend_on_membership_tell_nothing(make, item_vectors):
    shadow, membership = observed(300, 1, False)
    target, truth = observed(800, 2, False)
    attack = make(item_vectors, **LONGER.get(make, {}))
    scores = attack.fit(shadow, membership, target).score(target)
    assert abs(auc(scores, truth) - 0.5) < 0.1


@pytest.mark.parametrize("make", [biased, dl])
def test_seeded_and_without_side_effects(make, item_vectors):
    shadow, membership = observed(120, 1, True)
    target, _ = observed(90, 2, True)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first = make(item_vectors).fit(shadow, membership, target).score(target)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(2)
    assert np.array_equal(first, make(item_vectors).fit(shadow, membership, target).score(target))
    other = make(item_vectors, seed=1).fit(shadow, membership, target)
    assert not np.array_equal(first, other.score(target))
    np.testing.assert_allclose(
        make(item_vectors).fit(shadow, membership, target).score(target[:5]), first[:5], rtol=1e-5
    )


@pytest.mark.parametrize("attack", [BiasedMIA, DLMIA])
def test_no_argument_carries_target_labels(attack):
    """The only labels that training is given are the shadow's, and their number is checked."""
    for method, allowed in (
        ("fit", {"self", "shadow", "membership", "target"}),
        ("score", {"self", "observations"}),
    ):
        assert set(inspect.signature(getattr(attack, method)).parameters) == allowed


def test_dl_mia_needs_a_target_and_uses_it(item_vectors):
    shadow, membership = observed(120, 1, True)
    target, _ = observed(100, 2, True)
    other, _ = observed(100, 3, True)
    with pytest.raises(DataError, match="unlabelled"):
        dl(item_vectors).fit(shadow, membership)
    with pytest.raises(DataError, match="membership"):
        dl(item_vectors).fit(shadow, np.concatenate([membership, membership[:100]]), target)
    one, two = (dl(item_vectors).fit(shadow, membership, t).score(target) for t in (target, other))
    assert not np.array_equal(one, two)


def test_truth_levels_move_only_in_their_turns(item_vectors):
    shadow, membership = observed(120, 1, True)
    target, _ = observed(100, 2, True)
    # Two epochs are one turn of the model; the third is the first of the scores.
    still = dl(item_vectors, alternating_epochs=2).fit(shadow, membership, target)
    moved = dl(item_vectors, alternating_epochs=3).fit(shadow, membership, target)
    for p, q in zip(still.truth_levels, moved.truth_levels, strict=True):
        assert p.min() >= 0.9 and p.max() <= 1.1
        # Adam's first step is its learning rate, 0.05, where the gradient is not all but 0.
        step = np.abs(p - q)
        assert step.max() < 0.0501 and np.mean(step > 0.049) > 0.95
    assert np.array_equal(still.score(target), moved.score(target))


def test_equation_11_moves_truth_levels_to_the_ratio_of_errors(item_vectors, monkeypatch):
    shadow, membership = observed(64, 1, True)
    target, _ = observed(64, 2, True)
    original, recorded = StackedDLMIA._errors, []

    def record(stack):
        recorded.extend(original(stack))
        return recorded

    monkeypatch.setattr(StackedDLMIA, "_errors", record)
    attack = dl(item_vectors, alternating_epochs=200, turn_epochs=100)
    attack.fit(shadow, membership, target)
    assert len(recorded) == 2
    for p, (before, after) in zip(attack.truth_levels, recorded, strict=True):
        ratio = (after / before).clamp(0.01, 3).numpy()
        assert np.median(np.abs(p - ratio)) < 0.03


def test_specific_features_are_directions(item_vectors):
    shadow, membership = observed(120, 1, True)
    target, _ = observed(100, 2, True)
    attack = dl(item_vectors).fit(shadow, membership, target)
    (invariant,), (specific,) = attack.features(attack._vectors(target))
    assert invariant.shape == specific.shape == (100, DIM // 2)
    np.testing.assert_allclose(np.linalg.norm(specific, axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("make", [biased, dl])
def test_missing_lists_are_refused(make, item_vectors):
    shadow, membership = observed(40, 1, True)
    without = Observations(shadow.row_ids, shadow.histories, shadow.lengths)
    with pytest.raises(DataError, match="lists"):
        make(item_vectors).fit(without, membership, without)


@pytest.mark.slow
def test_paper_schedule_on_null_and_planted_data(item_vectors):
    """The full 200 + 100 epochs, where overfitting would show most."""
    for own, low, high in ((True, 0.9, 1.0), (False, 0.4, 0.6)):
        shadow, membership = observed(500, 1, own)
        target, truth = observed(500, 2, own)
        attack = DLMIA(item_vectors=item_vectors, seed=0).fit(shadow, membership, target)
        assert low <= auc(attack.score(target), truth) <= high
