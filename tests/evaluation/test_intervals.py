"""Bootstrap intervals against known truths, scikit-learn and the plain metrics."""

from math import erf

import numpy as np
import pytest
from sklearn import metrics as sk

from recmia.errors import DataError
from recmia.evaluation import metrics
from recmia.evaluation.intervals import evaluate, evaluate_contrast, evaluate_mean
from recmia.evaluation.measurement import ScoredUnits
from recmia.evaluation.weighted_metrics import Asked, WeightedMetrics


def gaussian_run(seed, n=1000, distance=1.0):
    rng = np.random.default_rng(seed)
    membership = np.arange(n) < n // 2
    scores = rng.normal(size=n) + distance * membership
    return ScoredUnits(scores, membership, np.arange(n), distance / 2)


def by_name(measurements):
    return {m.metric: m for m in measurements}


def normal_cdf(x):
    return (1 + erf(x / 2**0.5)) / 2


def test_two_gaussians_match_the_closed_form():
    runs = [gaussian_run(seed, 4000, distance=1.3) for seed in range(3)]
    found = by_name(evaluate(runs, repeats=400, level=0.99, seed=1))
    auc, hit = found[metrics.ROC_AUC], found[metrics.RECALL]
    assert auc.ci_low < normal_cdf(1.3 / 2**0.5) < auc.ci_high
    assert auc.ci_high - auc.ci_low < 0.04
    assert hit.ci_low < normal_cdf(1.3 / 2) < hit.ci_high
    # At 1% FPR the threshold is the 99% point of the non-members, 2.326.
    low = found["TPR at 1% FPR"]
    assert low.ci_low < normal_cdf(1.3 - 2.3263) < low.ci_high
    assert "TPR at 0.1% FPR" not in found  # 2,000 non-members, 3,000 needed


def test_memoriser_is_perfect_and_null_holds_one_half():
    membership = np.arange(8000) < 4000
    memoriser = ScoredUnits(membership * 1.0, membership, np.arange(8000), 0.5)
    for measurement in evaluate([memoriser], repeats=50, level=0.95, seed=1):
        assert (measurement.value, measurement.ci_low, measurement.ci_high) == (1, 1, 1)
        assert measurement.n_seeds == 1
    null = [gaussian_run(seed, distance=0.0) for seed in range(3)]
    auc = by_name(evaluate(null, repeats=300, level=0.95, seed=1))[metrics.ROC_AUC]
    assert auc.ci_low < 0.5 < auc.ci_high


def test_values_are_the_plain_metrics():
    rng = np.random.default_rng(2)
    membership = rng.random(900) < 0.4
    scores = np.round(rng.normal(size=900) + membership, 1)  # many ties
    run = ScoredUnits(scores, membership, np.arange(900), 0.6)
    found = by_name(evaluate([run], repeats=50, level=0.95, seed=1))
    plain = {
        metrics.ROC_AUC: metrics.roc_auc(scores, membership),
        metrics.HARD_LABEL_AUC: metrics.hard_label_auc(scores >= 0.6, membership),
        metrics.ACCURACY: metrics.accuracy(scores, membership, 0.6),
        metrics.PRECISION: metrics.precision(scores, membership, 0.6),
        metrics.RECALL: metrics.recall(scores, membership, 0.6),
        metrics.F1: metrics.f1(scores, membership, 0.6),
        "TPR at 1% FPR": metrics.tpr_at_fpr(scores, membership, 0.01),
    }
    assert list(found) == list(plain)
    for name, value in plain.items():
        assert found[name].value == pytest.approx(value, abs=1e-12), name


def test_weighted_metrics_agree_with_sklearn_and_with_repeated_units():
    rng = np.random.default_rng(4)
    membership = rng.random(700) < 0.5
    scores = np.round(rng.normal(size=700) + membership, 1)
    weights = rng.integers(0, 4, (3, 700))
    run = ScoredUnits(scores, membership, np.arange(700), 0.5)
    rows = WeightedMetrics.of(run, Asked.of([run], [0.01])).at(weights.astype(float))
    for row, weight in zip(rows, weights, strict=True):
        guess = scores >= 0.5
        reference = [
            sk.roc_auc_score(membership, scores, sample_weight=weight),
            sk.balanced_accuracy_score(membership, guess, sample_weight=weight),
            sk.accuracy_score(membership, guess, sample_weight=weight),
            sk.precision_score(membership, guess, sample_weight=weight),
            sk.recall_score(membership, guess, sample_weight=weight),
            sk.f1_score(membership, guess, sample_weight=weight),
            metrics.tpr_at_fpr(np.repeat(scores, weight), np.repeat(membership, weight), 0.01),
        ]
        np.testing.assert_allclose(row, reference, atol=1e-12)


def test_groups_widen_the_interval():
    """Ten copies of each unit carry the information of one: about sqrt(10) times as wide."""
    small = gaussian_run(1, 300)
    copies = [np.repeat(part, 10) for part in (small.scores, small.membership, small.groups)]
    grouped = ScoredUnits(*copies, small.threshold)
    naive = ScoredUnits(*copies[:2], np.arange(3000), small.threshold)
    width = {
        name: m.ci_high - m.ci_low
        for name, run in (("grouped", grouped), ("naive", naive), ("single", small))
        for m in evaluate([run], repeats=600, level=0.95, seed=1)[:1]
    }
    assert width["grouped"] / width["naive"] == pytest.approx(10**0.5, rel=0.2)
    assert width["grouped"] == pytest.approx(width["single"], rel=0.15)


def test_seeds_that_differ_widen_the_interval():
    alike = [gaussian_run(seed, distance=1.0) for seed in range(3)]
    unlike = [gaussian_run(seed, distance=d) for seed, d in enumerate((0.2, 1.0, 1.8))]
    narrow, wide = (evaluate(runs, repeats=300, level=0.95, seed=1)[0] for runs in (alike, unlike))
    assert wide.ci_high - wide.ci_low > 3 * (narrow.ci_high - narrow.ci_low)


def test_equal_inputs_give_equal_intervals():
    runs = [gaussian_run(seed, 200) for seed in range(2)]
    assert evaluate(runs, repeats=60, level=0.9, seed=5) == evaluate(
        runs, repeats=60, level=0.9, seed=5
    )
    assert evaluate(runs, repeats=60, level=0.9, seed=5) != evaluate(
        runs, repeats=60, level=0.9, seed=6
    )


def test_mixed_groups_are_kept_together():
    """A near-miss always drawn with its original leaves the paired difference certain."""
    scores = np.array([float(i) for i in range(50) for _ in range(2)])
    scores[::2] += 0.5  # each member just above its own near-miss
    membership = np.arange(100) % 2 == 0
    paired = evaluate(
        [ScoredUnits(scores, membership, np.arange(100) // 2, 25.25)],
        repeats=200,
        level=0.95,
        seed=1,
    )[0]
    free = evaluate(
        [ScoredUnits(scores, membership, np.arange(100), 25.25)], repeats=200, level=0.95, seed=1
    )[0]
    assert paired.ci_high - paired.ci_low < (free.ci_high - free.ci_low) / 4


def test_coverage_is_near_its_level():
    """One seed: 95% intervals hold the true AUC in about 95% of 400 repetitions."""
    truth = normal_cdf(0.8 / 2**0.5)
    held = 0
    for trial in range(400):
        auc = evaluate([gaussian_run(trial, 400, 0.8)], repeats=300, level=0.95, seed=trial)[0]
        held += auc.ci_low <= truth <= auc.ci_high
    assert 0.92 < held / 400 < 0.975  # three standard errors are 0.033


def test_mean_interval_matches_the_standard_error():
    rng = np.random.default_rng(0)
    values = rng.random(2000)
    found = evaluate_mean("NDCG@20", [(values, np.arange(2000))], repeats=2000, level=0.95, seed=1)
    half = 1.96 * values.std() / 2000**0.5
    assert found.metric == "NDCG@20" and found.n_seeds == 1
    assert found.value == pytest.approx(values.mean())
    assert found.ci_low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert found.ci_high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_mean_of_groups_of_unequal_size_weighs_sessions():
    found = evaluate_mean(
        "hits", [([1.0, 1.0, 1.0, 0.0], [4, 4, 4, 9])], repeats=400, level=0.95, seed=1
    )
    # Two groups: a repeat holds both, or one of them twice.
    assert (found.value, found.ci_low, found.ci_high) == (0.75, 0, 1)


def test_nothing_to_evaluate_is_an_error():
    with pytest.raises(DataError):
        evaluate([], repeats=50, level=0.95, seed=1)
    with pytest.raises(DataError):
        evaluate_mean("NDCG@20", [([], [])], repeats=50, level=0.95, seed=1)
    run = gaussian_run(0, 100)
    with pytest.raises(DataError):
        evaluate(
            [ScoredUnits(run.scores, run.membership, [1], 0.5)], repeats=50, level=0.95, seed=1
        )


def test_a_contrast_is_paired():
    """The same noise on both sides cancels, which two intervals would not show."""
    rng = np.random.default_rng(3)
    first, second = [], []
    for seed in range(3):
        run = gaussian_run(seed, 400, distance=1.0)
        worse = run.scores - 0.1 * run.membership + 0.01 * rng.normal(size=400)
        first.append(run)
        second.append(ScoredUnits(worse, run.membership, run.groups, run.threshold))
    settings = {"repeats": 400, "level": 0.95, "seed": 1}
    difference = by_name(evaluate_contrast(first, second, **settings))[metrics.ROC_AUC]
    one, other = (by_name(evaluate(runs, **settings))[metrics.ROC_AUC] for runs in (first, second))
    assert difference.value == pytest.approx(one.value - other.value)
    assert difference.ci_low > 0 and one.ci_low < other.ci_high
    same = evaluate_contrast(first, first, **settings)
    assert {(m.value, m.ci_low, m.ci_high) for m in same} == {(0.0, 0.0, 0.0)}


def test_a_contrast_needs_the_same_units():
    run = gaussian_run(0, 100)
    shuffled = ScoredUnits(run.scores, run.membership[::-1].copy(), run.groups, run.threshold)
    with pytest.raises(DataError, match="the same units"):
        evaluate_contrast([run], [shuffled], repeats=50, level=0.9, seed=0)


def test_who_says_the_same_of_everybody_is_degenerate():
    membership, units = np.arange(8) < 4, np.arange(8)
    silent = ScoredUnits(np.full(8, 0.7), membership, units, 0.5)  # neither scores nor guesses part
    ranked = ScoredUnits(np.arange(8.0), membership, units, 9.0)  # scores do, guesses do not
    parted = ScoredUnits(np.arange(8.0), membership, units, 3.0)
    how = {"repeats": 50, "level": 0.95, "seed": 1}
    found = by_name(evaluate([silent, ranked, parted, parted], **how))
    assert found[metrics.ROC_AUC].degenerate == 1 / 4
    assert {found[name].degenerate for name in metrics.THRESHOLD_METRICS} == {2 / 4}
    alone = by_name(evaluate([silent], **how))
    assert alone[metrics.HARD_LABEL_AUC].value == 0.5
    assert alone[metrics.HARD_LABEL_AUC].degenerate == 1
    # Of a difference either side counts, and a seed counts once.
    first, second = [silent, parted, parted, parted], [silent, ranked, parted, parted]
    for pair in ((first, second), (second, first)):
        gap = by_name(evaluate_contrast(*pair, **how))
        assert gap[metrics.ROC_AUC].degenerate == 1 / 4
        assert gap[metrics.HARD_LABEL_AUC].degenerate == 2 / 4
