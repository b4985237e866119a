"""Servings and labels, on made-up data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recmia.lists.cohorts import SIDES, Side
from recmia.lists.serving import Model
from recmia.lists.views import MEMBERS_ONLY, NOBODY, ONE_MODEL, View
from recmia.lists.world import ListWorld
from recmia.run.workspace import open_study
from recmia.storage import read_arrays

DATA = {"source": "synthetic", "title": "d", "users": 400, "items": 120, "mean_length": 40}
SMALL = {
    "n_seeds": 1,
    "biased_mia.datasets": {"D": DATA},
    "biased_mia.min_users": 100,
}
MODEL = Model("D", "item-neighbours", "target", 0)
VIEW = View("D", "item-neighbours", k=20, l=8)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> ListWorld:
    folder = tmp_path_factory.mktemp("lists")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECMIA_ARTIFACTS", str(folder))
        study = open_study("tiny", SMALL)
    made = ListWorld(study, study.settings.biased_mia, folder)
    made.make_lists([replace(MODEL, side=side) for side in SIDES])
    return made


@pytest.fixture
def users(world) -> Side:
    return world.side(MODEL)


@pytest.fixture
def saved(world) -> dict[str, np.ndarray]:
    return read_arrays(world.lists(MODEL).path)


def seen(world: ListWorld, **fields):
    return world.scene(replace(VIEW, **fields), "target", 0).observe()


def test_published_serving(world, users, saved) -> None:
    found = seen(world)
    m, lists = users.n_members, found.observations.lists
    assert np.array_equal(lists[:m], saved["served"]) and found.membership[:m].all()
    # Everybody else gets the same list: what most members have.
    others = lists[m:]
    assert (others == others[0]).all() and not found.membership[m:].any()
    counts = np.bincount(users.members.clicks.ravel(), minlength=200)
    assert counts[others[0, 0]] == counts[3:].max()


def test_the_defence_draws_from_more_candidates(world, users) -> None:
    plain = seen(world).observations.lists[-1]
    lists = seen(world, defence=0.5).observations.lists
    drawn = np.unique(lists[users.n_members :])
    assert len(drawn) == 40 and set(plain) <= set(drawn)
    assert not (lists[users.n_members :] == lists[users.n_members]).all()


def test_controls_take_away_one_difference_each(world, users, saved) -> None:
    folded = seen(world, serving=ONE_MODEL)
    assert np.array_equal(folded.observations.lists, saved["folded"])
    nobody = seen(world, serving=NOBODY).observations
    assert set(nobody.row_ids) == set(users.seen.row_ids[users.n_members :])
    half = len(nobody) // 2
    assert np.array_equal(nobody.lists[:half], saved["folded"][users.n_members :][:half])
    halves = seen(world, serving=MEMBERS_ONLY).observations
    assert set(halves.row_ids) == set(users.members.row_ids)
    labels = seen(world, random_labels=True).membership
    assert labels.sum() == users.n_members and not np.array_equal(labels, users.membership)


def test_shorter_lists_are_beginnings(world) -> None:
    whole, short = (seen(world, k=k).observations.lists for k in (20, 5))
    assert np.array_equal(whole[:, :5], short)
