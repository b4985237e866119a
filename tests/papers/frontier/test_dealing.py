"""The game's coins: fair, complementary in pairs, one a group; who attacks whom."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.papers.frontier.dealing import deal, keep_pool, load_pool, shadows_of
from tests.papers.made_up import write_sessions

ASKED = {"pool": 120, "validation": 30, "population": 60, "models": 6, "names": (1, "x")}


@pytest.fixture
def log(tmp_path):
    """260 sessions of two to five clicks of nine items, many of them identical."""
    rng = np.random.default_rng(2)
    lengths = rng.integers(2, 4, 260)
    clicks = rng.integers(3, 12, (260, 5))
    return write_sessions(tmp_path / "sessions.parquet", clicks, lengths)


def test_coins_are_complementary_fair_and_one_a_group(log, tmp_path):
    keep_pool(tmp_path / "pool.npz", log, **ASKED)
    drawn = load_pool(tmp_path / "pool.npz")
    assert drawn.coins.shape == (120, 6)
    assert (drawn.coins[:, ::2] ^ drawn.coins[:, 1::2]).all()
    _, alike = np.unique(drawn.pool.hashes(), return_inverse=True)
    assert len(np.unique(alike)) < 120, "the case has no identical sessions"
    for group in np.unique(alike):
        assert len(np.unique(drawn.coins[alike == group], axis=0)) == 1
        assert len(set(drawn.groups[alike == group])) == 1
    many = deal(np.arange(20_000), 4, np.random.default_rng(0))
    assert abs(many.mean(axis=0) - 0.5).max() < 0.015
    assert abs(np.corrcoef(many[:, 0], many[:, 2])[0, 1]) < 0.03


def test_nobody_outside_the_pool_is_in_it(log, tmp_path):
    keep_pool(tmp_path / "pool.npz", log, **ASKED)
    drawn = load_pool(tmp_path / "pool.npz")
    for outside in (drawn.population, drawn.validation):
        assert not np.isin(outside.hashes(), drawn.pool.hashes()).any()
    with pytest.raises(DataError, match="The cohorts need"):
        keep_pool(tmp_path / "pool.npz", log, **ASKED | {"pool": 240})


def test_a_target_is_attacked_by_all_but_itself_and_its_complement():
    for target in range(18):
        assert sorted([*shadows_of(target, 18), target, target ^ 1]) == list(range(18))
    assert shadows_of(3, 6) == [4, 5, 0, 1]
    assert shadows_of(0, 18, 4) == [2, 3, 4, 5] and shadows_of(0, 18, 1) == [2]
