"""Attacks on scores: planted truths, closed forms and what must not matter."""

from statistics import NormalDist

import numpy as np
import pytest
import torch

from recmia.attacks.base import Observations
from recmia.attacks.loss_threshold import LossThreshold
from recmia.attacks.random_guess import RandomGuess
from recmia.attacks.score_mlp import ScoreMLP
from recmia.errors import DataError, DeviceError
from recmia.evaluation.metrics import roc_auc


def auc(scores, membership):
    """Share of member-non-member pairs in the right order (no ties expected)."""
    rank = scores.argsort().argsort() + 1
    n, m = membership.sum(), (~membership).sum()
    return (rank[membership].sum() - n * (n + 1) / 2) / (n * m)


def seen(features):
    n = len(features)
    return Observations(
        np.arange(n), np.full((n, 1), 3), np.ones(n, dtype=np.int64), None, features
    )


def gaussian(distance, n=2000, features=6, seed=0, share=0.5):
    """Members and non-members a given distance apart in one feature of several."""
    draw = np.random.default_rng(seed)
    membership = draw.random(n) < share
    x = draw.normal(size=(n, features)).astype(np.float32)
    x[:, 0] += distance * membership
    return seen(x * 3 - 40), membership


def test_two_gaussians_match_the_closed_form():
    """d apart, the best attack has ROC AUC Phi(d / sqrt 2) and balanced accuracy Phi(d / 2)."""
    shadow, membership = gaussian(1.5, n=6000)
    target, truth = gaussian(1.5, n=6000, seed=1)
    normal = NormalDist()
    for attack in (LossThreshold(), ScoreMLP(epochs=8, seed=0)):
        scores = attack.fit(shadow, membership).score(target)
        assert scores.dtype == np.float64
        assert auc(scores, truth) == pytest.approx(normal.cdf(1.5 / 2**0.5), abs=0.015)
        called = scores >= attack.threshold
        balanced = (called[truth].mean() + (~called[~truth]).mean()) / 2
        assert balanced == pytest.approx(normal.cdf(0.75), abs=0.02)


def test_classes_of_unequal_size_still_cut_in_the_middle():
    shadow, membership = gaussian(1.5, n=4000, share=0.1)
    target, truth = gaussian(1.5, n=4000, seed=1, share=0.1)
    attack = ScoreMLP(epochs=10, seed=0).fit(shadow, membership)
    called = attack.score(target) >= attack.threshold
    assert called[truth].mean() == pytest.approx((~called[~truth]).mean(), abs=0.1)


def test_a_curved_boundary_is_learned():
    draw = np.random.default_rng(0)
    x = draw.normal(size=(4000, 3)).astype(np.float32)
    membership = np.abs(x[:, 1]) < 0.6745  # half of a standard normal
    attack = ScoreMLP(epochs=20, seed=0).fit(seen(x[:2000]), membership[:2000])
    assert auc(attack.score(seen(x[2000:])), membership[2000:]) > 0.97


def test_nothing_to_find():
    shadow, membership = gaussian(0.0)
    target, truth = gaussian(0.0, seed=1)
    for attack in (
        LossThreshold(),
        ScoreMLP(epochs=5, seed=0),
        ScoreMLP(epochs=5, dropout=0.3, seed=0),
        RandomGuess(seed=0),
    ):
        assert abs(auc(attack.fit(shadow, membership).score(target), truth) - 0.5) < 0.05


def test_scores_depend_on_the_seed_and_nothing_else():
    shadow, membership = gaussian(1.0, n=300)
    torch.manual_seed(1)
    before = torch.random.get_rng_state()

    def run(seed, observations=shadow):
        return (
            ScoreMLP(epochs=3, dropout=0.2, seed=seed).fit(shadow, membership).score(observations)
        )

    first = run(5)
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(2)
    assert np.array_equal(first, run(5)) and not np.array_equal(first, run(6))
    # A unit's score does not depend on who is scored with it.
    np.testing.assert_allclose(run(5, shadow[:7]), first[:7], rtol=1e-5)


def test_units_and_offsets_of_features_do_not_matter():
    shadow, membership = gaussian(1.0, n=400)
    moved = seen(shadow.score_features * np.float32(64) + np.float32(128))
    one = ScoreMLP(epochs=3, seed=0).fit(shadow, membership).score(shadow)
    two = ScoreMLP(epochs=3, seed=0).fit(moved, membership).score(moved)
    np.testing.assert_allclose(one, two, atol=1e-3)


def test_constant_features_are_ignored():
    shadow, membership = gaussian(1.0, n=400)
    features = shadow.score_features.copy()
    features[:, 2] = 0.1
    attack = ScoreMLP(epochs=2, seed=0).fit(seen(features), membership)
    changed = features.copy()
    changed[:, 2] = 5.0
    assert np.array_equal(attack.score(seen(features)), attack.score(seen(changed)))


def test_a_constant_of_the_model_does_not_drown_what_differs():
    """The entropy before the first click is one number for each model, up to rounding."""
    rng = np.random.default_rng(5)
    membership = np.arange(600) < 300

    def observed(constant: float) -> Observations:
        signal = rng.normal(size=600) + 2 * membership
        noise = constant + 1e-5 * rng.normal(size=600)
        features = np.stack([signal, noise], axis=1).astype(np.float32)
        return Observations(np.arange(600), np.full((600, 1), 3), np.ones(600, int), None, features)

    attack = ScoreMLP(seed=1).fit(observed(8.0), membership)
    scores = attack.score(observed(8.4))
    expected = NormalDist().cdf(2 / 2**0.5)
    assert abs(roc_auc(scores, membership) - expected) < 0.04
    assert abs(((scores >= attack.threshold) == membership).mean() - NormalDist().cdf(1)) < 0.06


def test_loss_threshold_looks_at_column_0_only():
    membership = np.array([True, False, True, False])
    features = np.array([[-1, 9], [-3, 8], [-2, 7], [-5, 6]], dtype=np.float32)
    attack = LossThreshold().fit(seen(features), membership)
    assert attack.score(seen(features)).tolist() == [-1.0, -3.0, -2.0, -5.0]
    assert attack.threshold == -2.5


def test_random_guess_repeats_itself_and_differs_between_cohorts():
    shadow, membership = gaussian(0.0, n=100)
    attack = RandomGuess(seed=3).fit(shadow, membership)
    assert np.array_equal(attack.score(shadow), attack.score(shadow))
    assert not np.array_equal(attack.score(shadow[:50]), attack.score(shadow[50:]))


def test_missing_or_broken_features_are_refused():
    shadow, membership = gaussian(1.0, n=20)
    without = Observations(shadow.row_ids, shadow.histories, shadow.lengths)
    broken = shadow.score_features.copy()
    broken[4, 1] = np.nan
    for attack in (LossThreshold(), ScoreMLP(seed=0)):
        with pytest.raises(DataError, match="score_features"):
            attack.fit(without, membership)
        with pytest.raises(DataError, match="line 5"):
            attack.fit(seen(broken), membership)


def test_a_missing_gpu_is_said():
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(DeviceError, match="cpu"):
        ScoreMLP(device="cuda", seed=0)
