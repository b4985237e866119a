"""Metrics on cases worked out by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import auc, roc_auc_score

from recmia.errors import DataError
from recmia.evaluation import metrics

SCORES = np.array([4.0, 3.0, 3.0, 2.0, 1.0])
MEMBERS = np.array([True, True, False, False, True])


def test_roc_auc_counts_pairs_and_halves_ties():
    # Pairs (member, non-member): 4>3, 4>2, 3=3, 3>2, 1<3, 1<2: (1 + 1 + 0.5 + 1) / 6.
    assert metrics.roc_auc(SCORES, MEMBERS) == pytest.approx(3.5 / 6, abs=1e-15)


def test_roc_auc_agrees_with_sklearn_and_takes_infinities():
    rng = np.random.default_rng(3)
    scores = rng.integers(0, 40, 500).astype(float)
    membership = rng.random(500) < 0.3
    assert metrics.roc_auc(scores, membership) == pytest.approx(roc_auc_score(membership, scores))
    assert metrics.roc_auc([-np.inf, 0.0, np.inf], [False, False, True]) == 1


def test_threshold_metrics_by_hand():
    # At 3: guessed members are 4, 3, 3: two right, one wrong; the member at 1 is missed.
    assert metrics.accuracy(SCORES, MEMBERS, 3) == pytest.approx(3 / 5)
    assert metrics.precision(SCORES, MEMBERS, 3) == pytest.approx(2 / 3)
    assert metrics.recall(SCORES, MEMBERS, 3) == pytest.approx(2 / 3)
    assert metrics.f1(SCORES, MEMBERS, 3) == pytest.approx(2 / 3)
    # TPR 2/3, FPR 1/2: the published "AUC" is neither accuracy nor the area.
    hard = metrics.hard_label_auc(SCORES >= 3, MEMBERS)
    assert hard == pytest.approx((2 / 3 + 1 - 1 / 2) / 2)


def test_nobody_guessed_is_zero_not_an_error():
    assert metrics.precision(SCORES, MEMBERS, 9) == 0
    assert metrics.f1(SCORES, MEMBERS, 9) == 0


def test_tpr_at_fpr_is_conservative_at_ties():
    # 300 non-members, 1%: three false positives allowed. The 3rd to 5th tie at 0.7, so the
    # threshold has to stay above 0.7: two false positives, and only the member at 0.8 passes.
    outsiders = np.concatenate([[0.9, 0.85, 0.7, 0.7, 0.7], np.linspace(0, 0.5, 295)])
    members = np.array([0.8, 0.7, 0.65, 0.1])
    scores = np.concatenate([outsiders, members])
    membership = np.arange(len(scores)) >= 300
    assert metrics.tpr_at_fpr(scores, membership, 0.01) == pytest.approx(1 / 4)
    # Without the ties three may pass, and the fourth, at 0.6, is the barrier.
    scores[3:5] = 0.6, 0.55
    assert metrics.tpr_at_fpr(scores, membership, 0.01) == pytest.approx(3 / 4)


@pytest.mark.parametrize("rate, enough", [(0.01, 300), (0.001, 3000)])
def test_tpr_at_fpr_needs_three_over_rate_nonmembers(rate, enough):
    scores = np.concatenate([np.ones(5), np.zeros(enough)])
    membership = scores > 0
    assert metrics.tpr_at_fpr(scores, membership, rate) == 1
    assert metrics.tpr_at_fpr(scores[:-1], membership[:-1], rate) is None


def test_names_of_rates():
    assert metrics.tpr_at_fpr_name(0.01) == "TPR at 1% FPR"
    assert metrics.tpr_at_fpr_name(0.001) == "TPR at 0.1% FPR"


def test_roc_curve_encloses_the_area():
    rng = np.random.default_rng(5)
    membership = rng.random(400) < 0.5
    scores = np.round(rng.normal(size=400) + membership, 1)
    scores[0] = -np.inf
    false_positive, true_positive = metrics.roc_curve(scores, membership)
    assert (false_positive[0], true_positive[0]) == (0, 0)
    assert (false_positive[-1], true_positive[-1]) == (1, 1)
    area = auc(false_positive, true_positive)
    assert area == pytest.approx(metrics.roc_auc(scores, membership))


@pytest.mark.parametrize(
    "scores, membership",
    [([0.1, np.nan], [True, False]), ([0.1, 0.2], [True, True]), ([0.1], [True, False])],
)
def test_unusable_input_is_refused(scores, membership):
    with pytest.raises(DataError):
        metrics.roc_auc(scores, membership)
