"""The blind baseline finds planted differences, finds none where there are none."""

import time

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.evaluation.controls import blind_features, blind_scores, permuted_membership
from recmia.evaluation.folds import link_groups
from recmia.evaluation.intervals import evaluate
from recmia.evaluation.measurement import ScoredUnits
from recmia.evaluation.metrics import roc_auc
from recmia.sessions import FIRST_ITEM, Sessions, concatenate

V = 203


def walks(rng, n, items=V - FIRST_ITEM, first=0):
    """Sessions that step along a ring of items, one to three places at a time."""
    lengths = rng.integers(2, 9, n)
    start = rng.integers(0, items, n)
    position = start[:, None] + np.cumsum(rng.integers(1, 4, (n, 8)), axis=1)
    clicks = position % items + FIRST_ITEM
    clicks[np.arange(8) >= lengths[:, None]] = 0
    return Sessions(clicks, lengths, np.arange(first, first + n))


def auc_interval(members, nonmembers, reference, seed=1):
    both = concatenate(members, nonmembers)
    groups = link_groups(both.hashes(), both.row_ids)
    scores, membership = blind_scores(
        members, nonmembers, reference, groups, n_items=V, folds=2, seed=seed
    )
    assert scores.shape == membership.shape == (len(both),)
    assert membership[: len(members)].all() and not membership[len(members) :].any()
    run = ScoredUnits(scores, membership, groups, 0.5)
    return evaluate([run], repeats=200, level=0.99, seed=1)[0]


def test_features_by_hand():
    reference = Sessions(np.array([[3, 4, 3], [3, 4, 0]]), np.array([3, 2]), np.arange(2))
    sessions = Sessions(np.array([[3, 4, 3, 3], [5, 3, 0, 0]]), np.array([4, 2]), np.arange(2))
    features = blind_features(sessions, reference, 6, seed=1)
    assert features.dtype == np.float32
    length, low, q1, median, q3, high, mean, spread = features[:, :8].T
    # In the reference 3 was clicked three times, 4 twice, 5 never.
    three, four = np.log(4), np.log(3)
    np.testing.assert_allclose(length, [4, 2])
    np.testing.assert_allclose(low, [four, 0], rtol=1e-6)
    np.testing.assert_allclose(q1, [four + 0.75 * (three - four), three / 4], rtol=1e-6)
    np.testing.assert_allclose(median, [three, three / 2], rtol=1e-6)
    np.testing.assert_allclose(q3, [three, 0.75 * three], rtol=1e-6)
    np.testing.assert_allclose(high, [three, three], rtol=1e-6)
    np.testing.assert_allclose(mean, [(3 * three + four) / 4, three / 2], rtol=1e-6)
    np.testing.assert_allclose(spread, [np.std([three, four, three, three]), three / 2], rtol=1e-6)
    revisits, immediate, unseen, chain_mean, chain_least = features[:, 8:13].T
    np.testing.assert_allclose(revisits, [2 / 4, 0])
    np.testing.assert_allclose(immediate, [1 / 3, 0], rtol=1e-6)
    np.testing.assert_allclose(unseen, [0, 1 / 2])
    # q = (1, 1, 1, 4, 3, 1) / 11; transitions 3>4 twice, 4>3 once.
    steps = np.log([(2 + 3 / 11) / 3, (1 + 4 / 11) / 2, (0 + 4 / 11) / 3])
    np.testing.assert_allclose(chain_mean, [steps.mean(), np.log(4 / 11)], rtol=1e-6)
    np.testing.assert_allclose(chain_least, [steps.min(), np.log(4 / 11)], rtol=1e-6)
    # Backwards, 5<3 was never seen: (0 + 1 / 11) / (one transition into 3, plus one).
    assert features[1, 13] == pytest.approx(np.log(1 / 22), rel=1e-6)


def test_cohorts_of_one_source_look_alike():
    rng = np.random.default_rng(0)
    found = auc_interval(walks(rng, 800), walks(rng, 800, first=800), walks(rng, 2000))
    assert found.ci_low < 0.5 < found.ci_high


def test_cross_fitting_has_no_bias_under_the_null():
    rng = np.random.default_rng(1)
    reference = walks(rng, 500)
    sessions = walks(rng, 300)
    aucs = []
    for trial in range(12):
        scores, membership = blind_scores(
            sessions[:150], sessions[150:], reference, np.arange(300),
            n_items=V, folds=3, seed=trial,
        )  # fmt: skip
        sessions = sessions[rng.permutation(300)]
        aucs.append(roc_auc(scores, membership))
    assert abs(np.mean(aucs) - 0.5) < 3 * 0.033 / 12**0.5  # 0.033: one AUC's standard error


def test_a_replaced_click_is_betrayed_by_its_transitions():
    rng = np.random.default_rng(2)
    members, reference = walks(rng, 600), walks(rng, 3000)
    clicks = members.clicks.copy()
    rows = np.arange(600)
    place = rng.integers(0, members.lengths)
    clicks[rows, place] = (clicks[rows, place] + 97 - FIRST_ITEM) % 200 + FIRST_ITEM
    near_misses = Sessions(clicks, members.lengths, members.row_ids)
    assert auc_interval(members, near_misses, reference).value > 0.95


def test_other_items_and_other_lengths_are_found():
    rng = np.random.default_rng(3)
    reference = walks(rng, 2000)
    members = walks(rng, 600)
    region = walks(rng, 600, items=60, first=600)  # the same steps, on part of the ring
    assert auc_interval(members, region, reference).value > 0.7
    long = members[members.lengths > 4]
    assert auc_interval(long, walks(rng, 400, first=600), reference).value > 0.7


def test_scores_do_not_depend_on_the_run():
    rng = np.random.default_rng(4)
    parts = walks(rng, 100), walks(rng, 100), walks(rng, 300)
    first, second = (
        blind_scores(*parts, np.arange(200), n_items=V, folds=2, seed=7)[0] for _ in range(2)
    )
    assert (first == second).all()


def test_ten_thousand_sessions_take_seconds():
    rng = np.random.default_rng(5)
    parts = walks(rng, 5000), walks(rng, 5000), walks(rng, 5000)
    start = time.process_time()
    blind_scores(*parts, np.arange(10_000), n_items=V, folds=2, seed=1)
    assert time.process_time() - start < 10


def test_items_outside_the_vocabulary_are_refused():
    rng = np.random.default_rng(6)
    with pytest.raises(DataError):
        blind_features(walks(rng, 10), walks(rng, 10), 50, seed=1)


def test_permuted_labels_keep_groups_and_number():
    membership = np.arange(400) < 150
    alone = permuted_membership(membership, np.arange(400), seed=1)
    assert alone.sum() == 150
    assert abs(alone[:150].mean() - 150 / 400) < 0.12  # independent of the true labels
    pairs = permuted_membership(membership, np.arange(400) // 2, seed=1)
    assert (pairs[::2] == pairs[1::2]).all() and pairs.sum() == 150
    assert (alone != permuted_membership(membership, np.arange(400), seed=2)).any()
