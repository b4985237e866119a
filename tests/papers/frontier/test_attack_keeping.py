"""What is kept of one attacked target, from made-up signals of six models."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.errors import ArtifactError
from recmia.evaluation.metrics import roc_auc
from recmia.likelihood_ratio.signals import log_sigmoid
from recmia.papers.frontier import names
from recmia.papers.frontier.attack_keeping import keep_attacks, keep_list_attacks, keep_looks
from recmia.papers.frontier.dealing import deal, load_pool, shadows_of
from recmia.papers.frontier.keeping import load_seen
from recmia.storage import read_arrays, write_arrays

N, P, MODELS, EPOCH, ITEMS = 400, 120, 6, 4, 30
ASKED = {"epoch": EPOCH, "target": 0, "turns": 2, "learned_from": 400, "seed": 5, "seeds": 3}
ASKED |= {"mlp": {"epochs": 3, "hidden": (8,)}, "vocabulary_size": ITEMS, "views": names.VIEWS}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Folder, pool and signals: four sessions a user, one coin each; models remember."""
    folder, draw = tmp_path_factory.mktemp("game"), np.random.default_rng(0)
    arrays = {}
    for name, n in (("pool", N), ("validation", 20), ("population", P)):
        lengths = draw.integers(2, 5, n)
        clicks = draw.integers(3, ITEMS, (n, 4))
        arrays[f"{name}.clicks"] = np.where(np.arange(4) < lengths[:, None], clicks, 0)
        arrays |= {f"{name}.lengths": lengths, f"{name}.row_ids": np.arange(n)}
    arrays["groups"] = np.arange(N) // 4
    arrays["coins"] = deal(arrays["groups"], MODELS, draw)
    write_arrays(folder / "pool.npz", **arrays)
    hard, files = draw.normal(-3, 1, N), []
    for number in range(MODELS):
        found = {"row_ids": np.arange(N), "trajectory_epochs": np.array([2, EPOCH])}
        signal = hard + draw.normal(0, 0.3, N) + 2 * arrays["coins"][:, number]
        found["trajectory"] = log_sigmoid(np.stack([hard, signal])).astype(np.float32)
        for view in names.VIEWS:
            found[f"{EPOCH}|{view}|signal"] = signal.astype(np.float32)
            found[f"{EPOCH}|{view}|log_likelihood"] = log_sigmoid(signal).astype(np.float32)
            found[f"{EPOCH}|{view}|population"] = draw.normal(-3, 1, P).astype(np.float32)
        found[f"{EPOCH}|lists"] = draw.integers(3, ITEMS, (N, 5)).astype(np.int32)
        found[f"{EPOCH}|features"] = np.stack([signal, hard], axis=1).astype(np.float32)
        files.append(write_arrays(folder / f"{number}.npz", **found))
    keep_looks(folder / "looks.npz", folder / "pool.npz", vocabulary_size=ITEMS, seed=1)
    return folder, files


@pytest.fixture(scope="module")
def kept(played):
    folder, files = played
    path = folder / "attacks.npz"
    keep_attacks(
        path, folder / "pool.npz", folder / "looks.npz", files, counts=(1, 2, 4), of_users=True,
        **ASKED,
    )  # fmt: skip
    return load_pool(folder / "pool.npz"), read_arrays(path)


def test_every_count_of_shadows_is_kept_and_what_needs_none_once(kept):
    pool, arrays = kept
    member = pool.coins[:, 0]
    for count in (2, 4):
        scores = arrays[f"scores|{count}|{names.MAIN}|scores"]
        assert scores.dtype == np.float32 and roc_auc(scores, member) > 0.8
        assert f"scores|{count}|{names.MLP}|scores" in arrays
    assert f"scores|0|{names.LOSS}|scores" in arrays
    assert not any(f"|4|{name}|" in key for key in arrays for name in names.NEED_NO_SHADOW)
    assert f"sum|2|{names.MAIN}|scores" not in arrays and f"sum|4|{names.MAIN}|scores" in arrays


def test_whom_an_attack_cannot_score_is_left_out_with_labels_of_its_own(kept):
    pool, arrays = kept
    name = f"scores|1|{names.ENGINE['lira_offline']}"
    lacking = ~pool.coins[:, shadows_of(0, MODELS)[0]]
    assert len(arrays[f"{name}|scores"]) == lacking.sum()
    assert (arrays[f"{name}|membership"] == pool.coins[lacking, 0]).all()
    assert (arrays[f"{name}|row_ids"] == pool.groups[lacking]).all()
    assert f"scores|4|{names.MAIN}|membership" not in arrays


def test_users_have_the_mean_and_the_largest_score_of_their_sessions(kept):
    pool, arrays = kept
    name = f"4|{names.MAIN}"
    sessions = arrays[f"scores|{name}|scores"].reshape(-1, 4)
    assert np.allclose(arrays[f"user-mean|{name}|scores"], sessions.mean(axis=1), rtol=1e-4)
    assert (arrays[f"user-largest|{name}|scores"] == sessions.max(axis=1)).all()
    assert (arrays[f"user-mean|{name}|membership"] == pool.coins[::4, 0]).all()


def test_guesses_are_kept_with_all_shadows_only(kept):
    _, arrays = kept
    called = arrays[f"scores|{names.MAIN}|balanced|guesses"]
    assert called.dtype == np.int8 and set(called) == {0, 1}
    assert set(arrays[f"scores|{names.MLP}|balanced|guesses"]) == {0, 1}
    # 800 non-members of two shadows: enough for 1%, not for 0.1%.
    assert f"scores|{names.MAIN}|0.01|guesses" in arrays
    assert f"scores|{names.MAIN}|0.001|guesses" not in arrays


def test_attacks_that_have_a_seed_are_held_against_themselves(kept):
    pool, arrays = kept
    member, apart = pool.coins[:, 0], []
    for attack in (names.MLP, names.QUANTILE):
        first = arrays[f"scores|{attack}|0.01|guesses"] == 1
        for again in (1, 2):
            other = arrays[f"scores|{attack}|0.01|guesses|{again}"] == 1
            assert first.sum() <= other.sum() < first.sum() + N / 20
            apart.append((first ^ other).sum())
        assert f"scores|{attack}|0.01|guesses|3" not in arrays
    assert max(apart) > 0
    # The MLP's threshold for 1% comes from the last pair of shadows.
    alarms = (arrays[f"scores|{names.MLP}|0.01|guesses"][~member] == 1).mean()
    assert alarms < 0.05
    assert 0 <= arrays["scores|a"] <= 1


def test_attacks_on_lists_have_thresholds_from_a_shadow_and_other_seeds(played):
    folder, files = played
    vectors = np.random.default_rng(2).normal(size=(ITEMS, 4)).astype(np.float32)
    write_arrays(folder / "vectors.npz", vectors=vectors)
    path = folder / "lists.npz"
    keep_list_attacks(
        path, folder / "pool.npz", folder / "vectors.npz", files, epoch=EPOCH, target=0,
        sessions=60, epochs=1, seeds=2, vocabulary_size=ITEMS, seed=5, device="cpu",
    )  # fmt: skip
    arrays = read_arrays(path)
    for attack, count in ((names.ME_MIA, 1), (names.SHADOW_FREE, 0)):
        scores = arrays[f"top-k|{count}|{attack}|scores"]
        called = arrays[f"top-k|{attack}|balanced|guesses"]
        assert scores[called == 1].min() > scores[called == 0].max()
    # 200 non-members of one shadow do not make a threshold for 1%, so nothing is held against it.
    assert not any("0.01" in key for key in arrays)


def test_signals_of_other_sessions_are_refused(played):
    folder, files = played
    pool = load_pool(folder / "pool.npz")
    moved = read_arrays(files[0]) | {"row_ids": np.arange(N)[::-1]}
    write_arrays(folder / "moved.npz", **moved)
    with pytest.raises(ArtifactError, match="about other sessions"):
        load_seen([folder / "moved.npz"], pool, EPOCH, names.SCORES)
