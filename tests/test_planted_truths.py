"""The whole measuring chain on cases whose answer is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from recmia.attacks.base import Observations
from recmia.attacks.loss_threshold import LossThreshold
from recmia.evaluation.intervals import evaluate
from recmia.evaluation.measurement import ScoredUnits
from recmia.recommenders.scoring import position_scores, score_features
from recmia.recommenders.settings import Target
from recmia.recommenders.training import train
from recmia.sessions import Sessions, concatenate

ITEMS = 120


def random_sessions(n: int, seed: int) -> Sessions:
    """Sessions without any structure: the only way to predict one is to have seen it."""
    rng = np.random.default_rng(seed)
    clicks = np.stack([rng.permutation(ITEMS)[:6] + 3 for _ in range(n)])
    return Sessions(clicks, np.full(n, 6), np.arange(n) + 1000 * seed)


def roc_auc(scores: np.ndarray, membership: np.ndarray, threshold: float = 0.0):
    # At 99.9% a true 0.5 lies outside once in a thousand runs, whatever the seeds are.
    units = ScoredUnits(scores, membership, np.arange(len(scores)), threshold)
    return evaluate([units], repeats=2000, level=0.999, seed=1)[0]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model that has learned 150 random sessions by heart."""
    target = Target(
        d_model=64, layers=1, heads=2, batch_size=32, learning_rate=5e-3,
        epochs=60, recorded_epochs=(0, 60),
    )  # fmt: skip
    members = random_sessions(150, seed=1)
    record = train(target, ITEMS + 3, members, tmp_path_factory.mktemp("memoriser"), seed=3)
    return members, record


def observe(model, members: Sessions, others: Sessions) -> tuple[Observations, np.ndarray]:
    both = concatenate(members, others)
    features, _ = score_features(position_scores(model, both), both.lengths)
    seen = Observations(both.row_ids, both.clicks, both.lengths, None, features)
    return seen, np.arange(len(both)) < len(members)


@pytest.mark.slow
def test_a_memoriser_is_found_out(trained):
    members, record = trained
    seen, membership = observe(record.load(60), members, random_sessions(150, seed=2))
    attack = LossThreshold().fit(seen, membership)
    assert roc_auc(attack.score(seen), membership).value > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("epoch", [0, 60])
def test_a_model_that_never_saw_the_sessions_says_nothing(trained, epoch):
    _, record = trained
    seen, membership = observe(
        record.load(epoch), random_sessions(400, seed=4), random_sessions(400, seed=5)
    )
    measured = roc_auc(LossThreshold().score(seen), membership)
    assert measured.ci_low <= 0.5 <= measured.ci_high


@pytest.mark.slow
def test_an_untrained_model_says_nothing_of_its_members(trained):
    members, record = trained
    seen, membership = observe(record.load(0), members, random_sessions(150, seed=2))
    measured = roc_auc(LossThreshold().score(seen), membership)
    assert measured.ci_low <= 0.5 <= measured.ci_high


@pytest.mark.parametrize("distance", [0.0, 0.5, 1.0, 2.0])
def test_two_gaussians_match_the_closed_form(distance):
    rng = np.random.default_rng(7)
    membership = np.arange(6000) < 3000
    scores = rng.normal(size=6000) + distance * membership
    measured = roc_auc(scores, membership, threshold=distance / 2)
    assert measured.ci_low <= norm.cdf(distance / np.sqrt(2)) <= measured.ci_high
    assert measured.ci_high - measured.ci_low < 0.06
