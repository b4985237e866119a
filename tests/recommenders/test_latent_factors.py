"""The latent factor model on planted tastes, and its examples and folded-in vectors by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recmia.errors import DataError
from recmia.factorisation import Epoch, descend, descend_users
from recmia.recommenders.histories import histories_of
from recmia.recommenders.latent_factors import LatentFactors
from recmia.row_draws import row_uniform
from recmia.sessions import Sessions

from .made_up_tastes import VOCABULARY, check_lists, overlap, own_taste, tasteful_users


def trained(**settings) -> LatentFactors:
    # Few users click little: larger steps take the place of more data.
    settings = {"dim": 16, "learning_rate": 0.05, "epochs": 60, "seed": 1} | settings
    return LatentFactors(vocabulary_size=VOCABULARY, **settings).fit(tasteful_users()[0])


@pytest.fixture(scope="module")
def model() -> LatentFactors:
    return trained()


def test_tastes_are_told_apart(model):
    check_lists(model)


def test_same_seed_same_lists(model):
    users, _ = tasteful_users()
    again, other = trained(), trained(seed=2)
    assert torch.equal(again.item_matrix, model.item_matrix)
    np.testing.assert_array_equal(again.recommend(users, 10), model.recommend(users, 10))
    assert (other.recommend(users, 10) != model.recommend(users, 10)).any()


def test_a_user_folded_in_resembles_the_same_user_trained(model):
    users, taste = tasteful_users()
    lists, folded = model.recommend(users, 10), model.recommend_folded_in(users, 10)
    neighbour = np.flatnonzero(taste == 0)  # another of the same taste, so a hard comparison
    same = overlap(folded, lists)[neighbour].mean()
    assert same > overlap(folded[neighbour], lists[np.roll(neighbour, 1)]).mean() + 0.1


def test_strangers_must_be_folded_in(model):
    stranger = Sessions(np.array([[3, 4]]), np.array([2]), np.array([5]))
    with pytest.raises(DataError, match="row 5.*recommend_folded_in"):
        model.recommend(stranger, 3)
    assert own_taste(model.recommend_folded_in(stranger, 3), np.array([0])) == 1


def test_users_must_be_distinct_and_ids_in_range():
    users, _ = tasteful_users()
    twice = Sessions(users.clicks[:2], users.lengths[:2], np.array([4, 4]))
    with pytest.raises(DataError, match="more than once"):
        LatentFactors(vocabulary_size=VOCABULARY, seed=0).fit(twice)
    with pytest.raises(DataError, match=r"3\.\.9"):
        LatentFactors(vocabulary_size=10, seed=0).fit(users)
    with pytest.raises(DataError, match="diverged"):
        trained(learning_rate=1e6, regularisation=1.0, epochs=5)


def test_what_is_lacked_is_drawn_uniformly():
    sessions = Sessions(np.array([[3, 6, 3, 9], [4, 5, 0, 0]]), np.array([4, 2]), np.array([8, 9]))
    histories = histories_of(sessions, 10)
    assert list(zip(histories.users, histories.items, strict=True)) == [
        (0, 3), (0, 6), (0, 9), (1, 4), (1, 5)
    ]  # fmt: skip
    np.testing.assert_array_equal(histories.places, [0, 1, 2, 0, 1])
    pick = histories.items_lacked()
    # User 0 lacks 4, 5, 7, 8 and user 1 lacks 3, 6, 7, 8, 9: quarters and fifths of [0, 1).
    quarters, fifths = (np.arange(4) + 0.5) / 4, (np.arange(5) + 0.5) / 5
    np.testing.assert_array_equal(pick(np.zeros(4, dtype=int), quarters), [4, 5, 7, 8])
    np.testing.assert_array_equal(pick(np.ones(5, dtype=int), fifths), [3, 6, 7, 8, 9])
    whole = Sessions(np.array([[3, 4]]), np.array([2]), np.array([0]))
    assert histories_of(whole, 5).items_lacked()(np.array([0]), np.array([0.9])) == [0]


def test_one_step_by_hand():
    # Errors 1 - 0.5 for (0, 3) and 0 - 1 for (0, 4); curvature is too small to shorten a step.
    users = torch.tensor([[0.5, 1.0]])
    items = torch.tensor([[0.0, 0.0]] * 3 + [[1.0, 0.0], [0.0, 1.0]])
    epoch = Epoch(0.1, np.array([0, 0]), np.array([3, 4]), np.array([1, 0], dtype=np.float32))
    alone = users.clone()
    descend_users(alone, items, [epoch], regularisation=0.01)
    step = [0.1 * (0.5 * 1 - 2 * 0.01 * 0.5), 0.1 * (-1.0 * 1 - 2 * 0.01 * 1.0)]
    np.testing.assert_allclose(alone, [[0.5 + step[0], 1.0 + step[1]]], rtol=1e-6)
    descend(users, items, [epoch], regularisation=0.01, batch_size=2)
    np.testing.assert_allclose(users, alone)
    moved = 0.1 * (0.5 * np.array([0.5, 1.0]) - 0.01 * np.array([1.0, 0.0]))
    np.testing.assert_allclose(items[3], [1 + moved[0], moved[1]], rtol=1e-6)


def test_row_draws_are_uniform_and_belong_to_the_row():
    rows, places = np.arange(500)[:, None], np.arange(40)
    draws = row_uniform(rows, places, 1, "name")
    assert draws.min() >= 0 and draws.max() < 1
    # 20,000 draws in 20 bins: chi-squared of 19 degrees of freedom, 99.99% below 52.
    counts = np.histogram(draws, 20, (0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 52
    # Correlations of 20,000 pairs have a standard deviation of .007.
    assert abs(np.corrcoef(draws[:, :-1].ravel(), draws[:, 1:].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(draws[:-1].ravel(), draws[1:].ravel())[0, 1]) < 0.03
    np.testing.assert_array_equal(row_uniform(rows[7:3:-1], places, 1, "name"), draws[7:3:-1])
    assert (row_uniform(rows, places, 1, "other") != draws).all()
