"""ME-MIA: losses and features by hand, extraction, planted truths, and no way in for labels."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import pytest
import torch

from recmia.attacks.base import Observations
from recmia.attacks.me_mia import MEMIA
from recmia.attacks.registry import ATTACKS
from recmia.attacks.surrogate import Surrogate, list_loss
from recmia.errors import DataError, SettingsError
from recmia.evaluation.intervals import evaluate
from recmia.evaluation.measurement import ScoredUnits
from recmia.evaluation.metrics import roc_auc

CPU = torch.device("cpu")
N_ITEMS, CLICKS = 200, 8


def drawn(n: int, seed: int, remembers: bool) -> tuple[Observations, np.ndarray]:
    """Histories without structure; a memoriser recommends members their own, last items first."""
    draw = np.random.default_rng(seed)
    histories = 3 + np.argsort(draw.random((n, N_ITEMS)), axis=1)[:, :CLICKS]
    membership = draw.permutation(n) % 2 == 0
    lists = 3 + np.argsort(draw.random((n, N_ITEMS)), axis=1)[:, :CLICKS]
    if remembers:
        lists[membership] = histories[membership][:, ::-1]
    return Observations(np.arange(n), histories, np.full(n, CLICKS), lists), membership


def quick(seed: int = 0, **changes) -> MEMIA:
    settings = {"epochs": 2, "dim": 8, "batch_size": 32, "classifier_epochs": 20}
    return MEMIA(seed=seed, **settings | changes)


def test_list_loss_by_hand() -> None:
    lists = torch.tensor([[5, 6, 7], [8, 0, 0]])
    scores = torch.tensor([[3.0, 2.8, 1.0], [1.0, 9.0, 9.0]])
    others = torch.tensor([[9, 6, 10], [11, 12, 13]])
    other_scores = torch.tensor([[2.9, 7.0, 0.9], [0.75, 9.0, 9.0]])
    # Order: 0.5 - 3 + 2.8 = 0.3, and 2.8 is far enough above 1: 0.3 / 2. Negatives: 0.4, 0.4 and
    # 0.25, of three places; 6 is in the first list and no negative, and padding is no place.
    found = list_loss(scores, other_scores, lists, others, (0.5, 0.5))
    assert found.item() == pytest.approx(0.15 + 0.35)
    # Other margins: order (0.5 + 0) / 2, negatives (0 + 0 + 0) / 3.
    found = list_loss(scores, other_scores, lists, others, (0.7, 0.1))
    assert found.item() == pytest.approx(0.25)
    assert list_loss(scores, other_scores, lists * 0, others, (0.5, 0.5)).item() == 0


def test_features_by_hand(monkeypatch) -> None:
    surrogate = Surrogate(6, dim=2, device=CPU, seed=0)
    surrogate.items = torch.tensor([[0.0, 0], [0, 0], [0, 0], [1, 0], [0, 2], [1, 1]])
    # Its state is the vector of the last item.
    monkeypatch.setattr(Surrogate, "_states", lambda self, clicks: self.items[clicks])
    histories = np.array([[3, 4, 5], [4, 0, 0], [5, 3, 0]])
    found = surrogate.mean_features(histories, np.array([3, 1, 2]), 2)
    # After 3, items 3, 4, 5 score 1, 0, 1 and 4 came: 0. After 4 they score 0, 4, 2 and 5 came: 2.
    mean, deviation = (2 / 3 + 2) / 2, (np.sqrt(2 / 9) + np.sqrt(8 / 3)) / 2
    np.testing.assert_allclose(found[0], [1, mean, deviation, 2.5, 1.5], rtol=1e-6)
    assert np.isnan(found[1]).all()
    # After 5 they score 1, 2, 2 and 3 came.
    np.testing.assert_allclose(found[2], [1, 5 / 3, np.sqrt(2 / 9), 2, 2], rtol=1e-6)
    # There are no more than three scores to be the best.
    assert surrogate.mean_features(histories, np.array([3, 1, 2]), 9).shape == (3, 6)
    monkeypatch.setattr("recmia.attacks.surrogate.SCORES_TOGETHER", 6)
    again = surrogate.mean_features(histories, np.array([3, 1, 2]), 2)
    np.testing.assert_array_equal(again, found)


def test_a_surrogate_ranks_as_the_lists_do() -> None:
    """Twenty recommendations that follow from the last item, each four items and their order."""
    draw = np.random.default_rng(0)
    sequences = 3 + draw.integers(0, 20, (200, 4))
    lengths = draw.integers(1, 5, 200)
    last = sequences[np.arange(200), lengths - 1]
    answers = 3 + np.array([draw.permutation(20)[:4] for _ in range(20)])
    surrogate = Surrogate(23, dim=16, device=CPU, seed=0).fit(
        sequences, lengths, answers[last - 3], epochs=40, batch_size=32, learning_rate=0.01,
        margins=(0.5, 0.5),
    )  # fmt: skip
    with torch.no_grad():
        states = surrogate._states(torch.from_numpy(sequences))
        scores = states[torch.arange(200), torch.from_numpy(lengths - 1)] @ surrogate.items[3:].T
    ranked = 3 + scores.topk(4, dim=1).indices.numpy()
    assert (ranked == answers[last - 3]).mean() > 0.95


def test_lists_answer_the_prefix_or_the_history(monkeypatch) -> None:
    asked = []
    original = Surrogate.fit

    def noted(self, sequences, lengths, lists, **options):
        asked.append(lengths)
        return original(self, sequences, lengths, lists, **options)

    monkeypatch.setattr(Surrogate, "fit", noted)
    shadow, known = drawn(40, 1, True)
    quick().fit(shadow, known, shadow)
    quick(asked="history").fit(shadow, known, shadow)
    assert [set(lengths.tolist()) for lengths in asked] == [{7}, {7}, {8}, {8}]


def test_a_memoriser_is_found_out() -> None:
    shadow, known = drawn(300, 1, True)
    target, truth = drawn(400, 2, True)
    attack = MEMIA(seed=0, epochs=40, batch_size=32, learning_rate=0.01)
    scores = attack.fit(shadow, known, target).score(target)
    assert scores.dtype == np.float64 and scores.shape == (400,)
    assert roc_auc(scores, truth) > 0.95
    called = scores >= attack.threshold
    assert (called[truth].mean() + (~called[~truth]).mean()) / 2 > 0.85


def test_random_membership_is_not_found() -> None:
    shadow, known = drawn(300, 1, False)
    target, truth = drawn(600, 2, False)
    scores = MEMIA(seed=0, epochs=10, batch_size=32).fit(shadow, known, target).score(target)
    # At 99.9% a true 0.5 lies outside once in a thousand runs, whatever the seeds are.
    units = ScoredUnits(scores, truth, np.arange(600), 0.5)
    found = evaluate([units], repeats=2000, level=0.999, seed=1)[0]
    assert found.ci_low < 0.5 < found.ci_high


def test_seeded_and_without_side_effects() -> None:
    shadow, known = drawn(60, 1, True)
    target, _ = drawn(50, 2, True)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    done = []
    first = quick(progress=done.append).fit(shadow, known, target).score(target)
    assert sum(done) == 2  # epochs, of both surrogates together
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(2)
    np.testing.assert_array_equal(first, quick().fit(shadow, known, target).score(target))
    assert not np.array_equal(first, quick(seed=1).fit(shadow, known, target).score(target))


def test_no_order_of_rows_shows_in_the_scores() -> None:
    shadow, known = drawn(60, 1, True)
    target, _ = drawn(50, 2, True)
    attack = quick().fit(shadow, known, target)
    scores = attack.score(target)
    np.testing.assert_allclose(attack.score(target[:5]), scores[:5], rtol=1e-4)
    draw = np.random.default_rng(0)
    ours, theirs = draw.permutation(60), draw.permutation(50)
    again = quick().fit(shadow[ours], known[ours], target[theirs]).score(target[theirs])
    np.testing.assert_allclose(again, scores[theirs], rtol=1e-4)


def test_labels_of_the_target_do_not_get_in() -> None:
    for method, allowed in (
        ("fit", {"self", "shadow", "membership", "target"}),
        ("score", {"self", "observations"}),
    ):
        assert set(inspect.signature(getattr(MEMIA, method)).parameters) == allowed
    shadow, known = drawn(60, 1, True)
    target, _ = drawn(50, 2, True)
    # Nor do the shadow's into a surrogate: they reach the classifier alone.
    one, two = (quick().fit(shadow, labels, target) for labels in (known, np.roll(known, 7)))
    assert torch.equal(one.surrogate.items, two.surrogate.items)
    assert not np.array_equal(one.score(target), two.score(target))


def test_short_histories_and_empty_lists_have_a_score() -> None:
    shadow, known = drawn(60, 1, True)
    target, _ = drawn(50, 2, True)
    short = target.histories.copy()
    short[0, 1:] = short[1] = 0
    lengths = target.lengths.copy()
    lengths[:2] = 1, 0
    target = replace(target, histories=short, lengths=lengths)
    scores = quick().fit(shadow, known, target).score(target)
    # Both have the features of the average unit.
    assert np.isfinite(scores).all() and scores[0] == pytest.approx(scores[1])
    # Audits ask what the histories say without lists.
    blind = [replace(side, lists=np.zeros_like(side.lists)) for side in (shadow, target)]
    assert np.isfinite(quick().fit(blind[0], known, blind[1]).score(blind[1])).all()


def test_few_units_are_learned_from_without_validation() -> None:
    shadow, _ = drawn(6, 1, True)
    scores = quick().fit(shadow, np.arange(6) < 3, shadow).score(shadow)
    assert np.isfinite(scores).all()


def test_what_is_missing_is_named() -> None:
    shadow, known = drawn(20, 1, True)
    attack = quick()
    with pytest.raises(DataError, match="unlabelled"):
        attack.fit(shadow, known)
    for sides in ((replace(shadow, lists=None), shadow), (shadow, replace(shadow, lists=None))):
        with pytest.raises(DataError, match="lists"):
            attack.fit(sides[0], known, sides[1])
    single = replace(shadow, histories=shadow.histories[:, :1], lengths=np.full(20, 1))
    with pytest.raises(DataError, match="two items"):
        attack.fit(shadow, known, single)
    with pytest.raises(DataError, match="from 3 on"):
        attack.fit(shadow, known, replace(shadow, lists=shadow.lists * 0 + 2))
    with pytest.raises(DataError, match="membership"):
        attack.fit(shadow, known[:5], shadow)
    fitted = attack.fit(shadow, known, shadow)
    with pytest.raises(DataError, match="Item 999 is unknown"):
        fitted.score(replace(shadow, histories=shadow.histories * 0 + 999))
    with pytest.raises(SettingsError, match="asked: Input should be 'prefix' or 'history'"):
        ATTACKS.make("me-mia", {"asked": "all"}, seed=0)
    with pytest.raises(SettingsError, match="cutoff: .*greater than or equal to 1"):
        ATTACKS.make("me-mia", {"cutoff": 0}, seed=0)
