"""Blocks of draws as they are kept: what is where, what is not drawn, what is the same again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recmia.data.interactions import save_interactions
from recmia.data.synthetic_interactions import synthetic_interactions
from recmia.evaluation.metrics import hard_label_auc
from recmia.released import neural_cf, splits
from recmia.released.draws import Draw
from recmia.released.k_means import clusters
from recmia.released.keeping import HARD, ROC, SAME, keep_crossed, keep_draws, measured, open_world
from recmia.released.perceptron import Training, train
from recmia.released.recipe import Planned, Recipe
from recmia.released.world import FACTORS, ITEM, NCF, SHADOW, TARGET
from recmia.seeds import child_seed
from recmia.storage import read_arrays
from tests.released.made_up import TOP_K

BASE = Recipe(k=TOP_K, training=Training(epochs=2))
PLANS = [
    Planned(BASE, 3, ranked=True),
    Planned(replace(BASE, weights="rank"), 1, (FACTORS,)),
    Planned(replace(BASE, vectors="noise x 0.1"), 3, (ITEM, FACTORS)),
    Planned(replace(BASE, ratio=0.5), 2, ranked=True),
]
DRAWS, SEED = [4, 1, 7], 11
NUMBERS = {"draws": DRAWS, "seed": SEED, "top_k": TOP_K, "candidates": 40}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("world")
    made = synthetic_interactions(users=90, items=90, mean_length=30, seed=2)
    saved = save_interactions(made, folder / "data.npz")
    splits.keep_split(folder / "split.npz", saved, least=12, seed=0)
    neural_cf.keep_lists(folder / "ncf.npz", folder / "split.npz", seed=0, epochs=1, top_k=TOP_K)
    return {"split": folder / "split.npz", "ncf": folder / "ncf.npz"}


@pytest.fixture(scope="module")
def kept(place, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("kept") / "draws.npz"
    done = []
    keep_draws(path, place, PLANS, **NUMBERS, progress=done.append)
    assert sum(done) == pytest.approx(1)
    return path


def test_what_is_drawn_and_what_is_not(kept: Path) -> None:
    found = read_arrays(kept)
    assert found["kinds"].tolist() == [ITEM, FACTORS, NCF]
    for name in (HARD, ROC, SAME):
        assert found[name].shape == (4, 3, 3, 3)
    assert found["hits"].shape == (4, 3, 3, 2) and found["clusters"].shape == (4, 3, 3)
    assert found["parameters"].shape == (3, 3, 101 * 32 + 33 * 8 + 9 * 2)
    assert found["parameters"].dtype == np.float32 and found[SAME].dtype == bool
    wanted = np.zeros((4, 3, 3, 3), dtype=bool)
    wanted[0] = True
    wanted[1, :1, 1, 1] = True
    wanted[2, :, :2, :2] = True
    wanted[3, :2] = True
    for name in (HARD, ROC):
        assert np.array_equal(~np.isnan(found[name]), wanted)
        assert ((found[name] >= 0) & (found[name] <= 1))[wanted].all()
    assert not found[SAME][~wanted].any()
    ranked = np.zeros((4, 3), dtype=bool)
    ranked[0] = ranked[3, :2] = True
    assert np.array_equal(~np.isnan(found["clusters"]).any(axis=2), ranked)
    assert np.array_equal(~np.isnan(found["hits"]).any(axis=(2, 3)), ranked)


def test_the_same_again_and_no_draw_knows_of_another(kept: Path, place, tmp_path: Path) -> None:
    found = read_arrays(kept)
    keep_draws(tmp_path / "again.npz", place, PLANS, **NUMBERS)
    for name, array in read_arrays(tmp_path / "again.npz").items():
        assert np.array_equal(array, found[name], equal_nan=array.dtype.kind == "f"), name
    # The draws are told apart by number alone, not by their place or by what else is planned.
    keep_draws(tmp_path / "one.npz", place, PLANS[:1], **NUMBERS | {"draws": [7]})
    alone = read_arrays(tmp_path / "one.npz")
    for name in (HARD, ROC, SAME, "hits", "clusters"):
        assert np.array_equal(alone[name][:, 0], found[name][:1, 2])
    assert np.array_equal(alone["parameters"][0], found["parameters"][2])
    assert not np.array_equal(found["parameters"][0], found["parameters"][1])


def test_each_number_is_of_the_shadow_and_target_that_it_says(kept: Path, place) -> None:
    found, world = read_arrays(kept), open_world(place, 40)
    draw = Draw(world, SEED, DRAWS[1], TOP_K)
    seed = child_seed(draw.seed, "attack", FACTORS)
    model = train(*draw.features(FACTORS, SHADOW, BASE), BASE.training, seed=seed)
    assert np.array_equal(model, found["parameters"][1, 1])
    features, membership = draw.features(NCF, TARGET, BASE)
    scored = measured(model[None], features, membership)
    for name in (HARD, ROC, SAME):
        assert scored[name][0] == found[name][0, 1, 1, 2]
    assert draw.hits(NCF, TARGET, BASE) == found["hits"][0, 1, 2, 1]
    guessed = clusters(features, child_seed(draw.seed, "k-means", NCF))
    assert hard_label_auc(guessed, membership) == found["clusters"][0, 1, 2]


def test_everybody_is_called_the_same_where_vectors_are_short(kept: Path) -> None:
    found = read_arrays(kept)
    short = found[HARD][2, :, :2, :2]
    assert found[SAME][2, :, :2, :2].all() and (short == 0.5).all()
    # The ranking tells them apart all the same: it is the threshold that does not.
    assert found[ROC][2, :, :2, :2].std() > 0
    assert (found[HARD][found[SAME]] == 0.5).all()


def test_measured_by_hand() -> None:
    """Perceptrons that pass a number on, or say always the same."""
    membership, features = np.array([True, True, False, False]), np.float32([[2], [3], [1], [3]])
    size = 2 * 32 + 33 * 8 + 9 * 2
    passes = np.zeros((3, size), dtype=np.float32)
    # One path through the layers; the last bias holds -2.5 against the member's output.
    passes[0, 0] = passes[0, 2 * 32] = passes[0, 2 * 32 + 33 * 8 + 1] = 1
    passes[0, -1] = -2.5
    passes[1, -1], passes[2, -2] = 1, 1
    found = measured(passes, features, membership)
    # Two of four, 3 and 3, are called members: one of them is. Pairs: 2 > 1, 3 > 1, one equal.
    assert found[HARD].tolist() == [0.5, 0.5, 0.5]
    assert found[ROC].tolist() == [2.5 / 4, 0.5, 0.5]
    assert found[SAME].tolist() == [False, True, True]


def test_crossed_onto_itself_is_what_was_drawn(kept: Path, place, tmp_path: Path) -> None:
    keep_crossed(tmp_path / "x.npz", place, {"A": kept, "B": kept}, BASE, **NUMBERS)
    crossed, found = read_arrays(tmp_path / "x.npz"), read_arrays(kept)
    assert crossed.keys() == {f"{data}|{name}" for data in "AB" for name in (HARD, ROC, SAME)}
    for data in "AB":
        for name in (HARD, ROC, SAME):
            assert np.array_equal(crossed[f"{data}|{name}"], found[name][0])


def test_vectors_of_another_data_set_carry_nothing_over(kept: Path, place, tmp_path: Path) -> None:
    other = NUMBERS | {"seed": SEED + 1}  # as of another data set: other vectors
    keep_crossed(tmp_path / "x.npz", place, {"A": kept}, BASE, **other)
    crossed, found = read_arrays(tmp_path / "x.npz"), read_arrays(kept)
    assert crossed["A|hard"].shape == (3, 3, 3)
    assert not np.array_equal(crossed["A|roc"], found[ROC][0])
