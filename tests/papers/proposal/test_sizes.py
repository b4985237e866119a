"""Notebook 07: cohorts of a size, who is attacked, and what its rows are about."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from recmia.cohorts import assert_disjoint, load_cohorts
from recmia.errors import DataError
from recmia.experiments.study import Study
from recmia.papers.proposal.drawing import alike_on_both_sides, keep_real
from recmia.papers.proposal.names import HELDOUT, LAST_STEP, MLP, REAL_SESSIONS, REPLACED
from recmia.papers.proposal.scoring import cases, comparisons
from recmia.papers.proposal.settings import Sizes
from recmia.papers.proposal.sizes import sizes
from recmia.papers.proposal.sizes.keeping import _some
from recmia.run.settings import load_settings
from recmia.sessions import load_sessions
from tests.papers.made_up import write_sessions

ASKED = {"members": 60, "heldout": 40, "validation": 20, "reference": 30}
ABOUT = (1, "x", 60, 0)


@pytest.fixture
def log(tmp_path):
    """260 sessions of two to five clicks, some of them identical."""
    rng = np.random.default_rng(2)
    lengths = rng.integers(2, 6, 260)
    clicks = rng.integers(3, 30, (260, 5))
    return write_sessions(tmp_path / "sessions.parquet", clicks, lengths)


def test_cohorts_of_a_size_are_real_sessions_and_disjoint(log, tmp_path):
    keep_real(tmp_path / "c.npz", log, sizes=alike_on_both_sides(**ASKED), names=ABOUT)
    drawn = load_cohorts(tmp_path / "c.npz")
    assert_disjoint(drawn)
    sizes = {name: len(sessions) for name, sessions in drawn.named().items()}
    assert sizes["target_members"] == sizes["shadow_members"] == 60
    assert sizes["target_heldout"] == sizes["shadow_heldout"] == 40
    assert sizes["target_near_misses"] == sizes["shadow_heldout_near_misses"] == 0
    whole = load_sessions(log)
    for sessions in drawn.named().values():
        assert (sessions.clicks == whole.clicks[sessions.row_ids]).all()


def test_cohorts_that_do_not_fit_are_refused(log, tmp_path):
    sizes = alike_on_both_sides(**ASKED | {"members": 100})
    with pytest.raises(DataError, match="The cohorts need"):
        keep_real(tmp_path / "c.npz", log, sizes=sizes, names=ABOUT)


def test_fewer_are_attacked_than_trained_on(log):
    whole, rng = load_sessions(log), np.random.default_rng(0)
    few = _some(whole, 50, rng)
    assert len(set(few.row_ids)) == 50 and (np.diff(few.row_ids) > 0).all()
    assert _some(whole, 260, rng) is whole


def test_only_real_sessions_are_compared():
    assert [c.nonmembers for c in comparisons(REAL_SESSIONS)] == [HELDOUT]
    found = cases(REAL_SESSIONS, [5, 50])
    assert {case.nonmembers for case in found} == {HELDOUT} and REPLACED not in str(found)
    assert {case.epoch for case in found if case.attack == MLP and case.labels == "shadow"} == {
        5,
        50,
    }
    assert {case.epoch for case in found if case.attack == LAST_STEP} == {50}


def test_sizes_may_be_trained_for_fewer_epochs():
    asked = {"members": [60, 120], "epochs": {120: 2}}
    target = {"epochs": 4, "recorded_epochs": [1, 2, 3]}
    study = Study(load_settings("tiny", {"sizes": asked, "target": target}), None, "cpu", 1)
    assert sizes.target_of(study, 60).recorded_epochs == (1, 2, 3, 4)
    assert sizes.target_of(study, 120).recorded_epochs == (1, 2)
    trained = [(60, epoch) for epoch in range(1, 5)] + [(120, 1), (120, 2)]
    curve = pd.DataFrame(trained, columns=["members", "epoch"])
    curve["validation_ndcg_20"] = [0.1, 0.2, 0.4, 0.3, 0.2, 0.1]
    assert sizes.best_epochs(study, curve) == {60: 3, 120: 1}
    few = curve[curve.epoch != 3].assign(validation_ndcg_20=curve.epoch / 10)
    assert len(sizes.recorded(study, few)) == 5


@pytest.mark.parametrize("wrong", [{"seeds": {61: 2}}, {"epochs": {61: 2}}, {"epochs": {60: 0}}])
def test_what_is_said_of_single_sizes_is_checked(wrong):
    with pytest.raises(ValidationError, match="none of members|at least one"):
        Sizes(members=[60, 120], **wrong)
