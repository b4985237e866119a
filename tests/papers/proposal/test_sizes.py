"""Notebook 07: cohorts of a size, who is attacked, and what its rows are about."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recmia.cohorts import assert_disjoint, load_cohorts
from recmia.errors import DataError
from recmia.papers.proposal.names import HELDOUT, LAST_STEP, MLP, REAL_SESSIONS, REPLACED
from recmia.papers.proposal.scoring import cases, comparisons
from recmia.papers.proposal.sizes.keeping import _some, keep_cohorts
from recmia.sessions import END, START, load_sessions

ASKED = {"members": 60, "heldout": 40, "validation": 20, "reference": 30, "names": (1, "x", 60, 0)}


@pytest.fixture
def log(tmp_path):
    """260 sessions of two to five clicks, some of them identical."""
    rng = np.random.default_rng(2)
    lengths = rng.integers(2, 6, 260)
    tokens = np.zeros((260, 7), dtype=np.int64)
    tokens[:, 0] = START
    clicks = rng.integers(3, 30, (260, 5))
    tokens[:, 1:6] = np.where(np.arange(5) < lengths[:, None], clicks, 0)
    tokens[np.arange(260), lengths + 1] = END
    table = {"row_id": np.arange(260), "length": lengths, "item_id": list(tokens)}
    pq.write_table(pa.table(table), tmp_path / "sessions.parquet")
    return tmp_path / "sessions.parquet"


def test_cohorts_of_a_size_are_real_sessions_and_disjoint(log, tmp_path):
    keep_cohorts(tmp_path / "c.npz", log, **ASKED)
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
    with pytest.raises(DataError, match="The cohorts need"):
        keep_cohorts(tmp_path / "c.npz", log, **ASKED | {"members": 100})


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
