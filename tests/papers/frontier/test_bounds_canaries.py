"""Who is planted among whom: fair coins, nobody twice, no original among the trained."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.papers.frontier.bounding.canaries import (
    MADE_UP,
    RANDOM,
    RARE,
    REAL,
    REORDERED,
    keep_canaries,
    load_canaries,
)
from recmia.papers.frontier.dealing import load_pool
from recmia.storage import write_arrays

SIZES = {"pool": 120, "validation": 40, "population": 150}
V = 60
ASKED = {"sessions": 80, "canaries": 10, "kinds": (*MADE_UP, REAL), "models": 6, "paired": True}
ASKED |= {"rare_share": 0.3, "vocabulary_size": V, "names": (1, "canaries")}


@pytest.fixture
def first(tmp_path):
    """A first game's pool of three to six clicks each; the first ten sessions of it are alike."""
    draw, start, arrays = np.random.default_rng(3), 0, {}
    for name, n in SIZES.items():
        lengths = draw.integers(3, 7, n)
        clicks = 3 + (draw.integers(0, V - 3, (n, 1)) + np.cumsum(
            draw.integers(1, V - 3, (n, 6)), axis=1)) % (V - 3)  # fmt: skip
        clicks = np.where(np.arange(6) < lengths[:, None], clicks, 0)
        if name == "pool":
            clicks[:10], lengths[:10] = clicks[0], lengths[0]
            arrays["groups"] = np.maximum(np.arange(n) - 9, 0)
        arrays |= {f"{name}.clicks": clicks, f"{name}.lengths": lengths}
        arrays[f"{name}.row_ids"] = np.arange(start, start + n)
        start += n
    arrays["coins"] = np.ones((SIZES["pool"], 2), dtype=bool)
    return write_arrays(tmp_path / "pool.npz", **arrays)


def test_all_models_learn_from_the_real_sessions_and_each_canary_has_a_coin(first, tmp_path):
    keep_canaries(tmp_path / "canaries.npz", first, **ASKED)
    whole, planted = load_pool(tmp_path / "canaries.npz"), load_canaries(tmp_path / "canaries.npz")
    assert whole.coins[:80].all() and len(whole.pool) == 120
    assert (planted.coins[:, ::2] ^ planted.coins[:, 1::2]).all()
    assert planted.trained == 100  # of a pair, one model is trained on each canary
    assert [(planted.kinds == kind).sum() for kind in ASKED["kinds"]] == [10] * 4
    own = load_pool(first)
    assert np.isin(whole.pool.hashes()[:80], own.population.hashes()).all()
    assert len(np.unique(planted.canaries.hashes())) == 40


def test_no_canary_and_no_original_is_trained_on_by_itself(first, tmp_path):
    keep_canaries(tmp_path / "canaries.npz", first, **ASKED)
    whole, planted = load_pool(tmp_path / "canaries.npz"), load_canaries(tmp_path / "canaries.npz")
    own, real = load_pool(first), whole.pool[:80]
    everybody = np.concatenate([getattr(own, name).hashes() for name in SIZES])
    made_up = planted.kinds != REAL
    assert not np.isin(planted.canaries.hashes()[made_up], everybody).any()
    assert not np.isin(planted.canaries.row_ids[planted.kinds == REORDERED], real.row_ids).any()
    # What is planted as it is comes from the first pool, and is alone of its kind there.
    planted_as_is = planted.canaries.row_ids[planted.kinds == REAL]
    assert (planted_as_is >= 10).all() and (planted_as_is < SIZES["pool"]).all()
    # The control: no session of the first pool is trained on, but for those that are planted.
    assert not np.isin(whole.population.hashes(), whole.pool.hashes()).any()
    assert len(whole.population) == SIZES["pool"] - 10


def test_coins_of_many_runs_are_independent(first, tmp_path):
    asked = ASKED | {"models": 400, "paired": False, "kinds": (RANDOM, RARE), "canaries": 5}
    keep_canaries(tmp_path / "canaries.npz", first, **asked)
    coins = load_canaries(tmp_path / "canaries.npz").coins
    assert coins.shape == (10, 400)
    assert np.abs(coins.mean(axis=1) - 0.5).max() < 4 * 0.5 / np.sqrt(400)
    alike = (coins[:, ::2] == coins[:, 1::2]).mean()
    assert abs(alike - 0.5) < 4 * 0.5 / np.sqrt(2000)


def test_more_than_there_is_is_refused(first, tmp_path):
    with pytest.raises(DataError, match="141 sessions .*bounds.sessions"):
        keep_canaries(tmp_path / "x.npz", first, **ASKED | {"sessions": 141, "kinds": (REORDERED,),
                                                            "canaries": 60})  # fmt: skip
    with pytest.raises(DataError, match="111 canaries"):
        keep_canaries(tmp_path / "x.npz", first, **ASKED | {"canaries": 111, "kinds": (REAL,)})
