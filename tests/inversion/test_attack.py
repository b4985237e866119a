"""The whole attack on planted truths: where it must succeed, and where it cannot."""

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.inversion.attack import (
    HELD,
    LINKED_RANDOM,
    RANDOM,
    Attacker,
    Recommender,
    craft,
    draw_decoys,
    invert,
    poisoned_lists,
)
from recmia.inversion.exposure import decoys_recommended, measure_exposure
from recmia.inversion.ratings import VISITS
from tests.inversion.made_up import from_dense, tastes

ITEM = np.array([0])
RECOMMENDER = Recommender(factors=8, regularisation=0.01, length=5)


@pytest.fixture(scope="module")
def world():
    """400 users with tastes that have nothing to do with item 0, which 20 of them visited."""
    dense = tastes(users=400, items=600, groups=4, rated=10, seed=2)
    dense[:, 0] = 0
    visitors = np.random.default_rng(3).choice(400, 20, replace=False)
    dense[visitors, 0] = 1
    decoys = draw_decoys(600, ITEM, 3, seed=5)
    return dense, dense[:, 0] > 0, decoys


def test_planted_visits_are_found(world):
    dense, truth, decoys = world
    ratings = from_dense(dense, VISITS, zeros_observed=True)
    attacker = Attacker(share=0.05, most_rated=10, choice=HELD)
    exposure = measure_exposure(
        invert(ratings, ITEM, decoys, RECOMMENDER, attacker, seed=1), truth, 3
    )
    assert exposure.precision >= 0.9
    assert exposure.recall >= 0.5


def test_without_malicious_users_nobody_is_found(world):
    dense, truth, decoys = world
    ratings = from_dense(dense, VISITS, zeros_observed=True)
    counts = invert(ratings, ITEM, decoys, RECOMMENDER, Attacker(0.0, 10, choice=HELD), seed=1)
    assert measure_exposure(counts, truth, 2).found == 0


def test_a_visit_that_is_not_in_the_ratings_cannot_be_found(world):
    dense, truth, decoys = world
    half = truth & (np.cumsum(truth) % 2 == 0)  # ten of the visits are kept out of the matrix
    hidden = dense.copy()
    hidden[half, 0] = 0
    ratings = from_dense(hidden, VISITS, zeros_observed=True)
    attacker = Attacker(share=0.05, most_rated=10, choice=HELD)
    counts = invert(ratings, ITEM, decoys, RECOMMENDER, attacker, seed=1)
    assert measure_exposure(counts, truth & ~half, 3).recall >= 0.5
    outsiders = ~(truth & ~half)
    unseen = measure_exposure(counts[outsiders], half[outsiders], 3)
    assert unseen.found <= 1


def test_poison_can_be_given_by_hand(world):
    dense, truth, decoys = world
    ratings = from_dense(dense, VISITS, zeros_observed=True)
    items = RECOMMENDER.train(ratings, 1).items
    attacker = Attacker(share=0.05, most_rated=10, choice=HELD)
    poison = craft(ratings, items, ITEM, decoys, RECOMMENDER, attacker, seed=1)
    assert poison.ratings.shape == (20, 600)
    by_hand = np.zeros((20, 600))
    by_hand[:, np.concatenate([ITEM, decoys])] = 1
    np.testing.assert_array_equal(poison.ratings, by_hand)
    model, lists = poisoned_lists(ratings, by_hand, RECOMMENDER, seed=1)
    assert lists.shape == (400, 5) and len(model.users) == 400
    found = decoys_recommended(lists, decoys)
    np.testing.assert_array_equal(
        found, invert(ratings, ITEM, decoys, RECOMMENDER, attacker, seed=1)
    )


def test_descending_on_the_links_as_well_gives_them_up(world):
    """Why links are held: Algorithm 2 finds a better utility where no decoy is recommended."""
    dense, truth, decoys = world
    ratings = from_dense(dense, VISITS, zeros_observed=True)
    items = RECOMMENDER.train(ratings, 1).items
    poison = craft(ratings, items, ITEM, decoys, RECOMMENDER, Attacker(0.05, 10), seed=1)
    assert poison.utility[-1] < 0.5 * poison.utility[0]
    lists = poisoned_lists(ratings, poison.ratings, RECOMMENDER, seed=1)[1]
    assert measure_exposure(decoys_recommended(lists, decoys), truth, 3).recall <= 0.1


def test_decoys_are_never_of_the_sensitive_kind():
    barred = np.arange(0, 40, 2)
    drawn = [draw_decoys(50, barred, 5, seed) for seed in range(30)]
    assert not np.isin(np.concatenate(drawn), barred).any()
    assert all(len(np.unique(decoys)) == 5 for decoys in drawn)
    with pytest.raises(DataError, match="2 items are left for 3 decoys"):
        draw_decoys(4, np.array([0, 1]), 3, seed=0)


def test_too_many_links_for_a_malicious_user(world):
    dense, _, decoys = world
    ratings = from_dense(dense, VISITS)
    with pytest.raises(DataError, match="rates at most 3"):
        craft(ratings, np.ones((600, 2)), ITEM, decoys, RECOMMENDER, Attacker(0.1, 3), seed=0)


def test_the_number_of_malicious_users_is_the_paper_s():
    shares = (0.01, 0.02, 0.03, 0.04, 0.05)
    assert [Attacker(share, 1).users(1722) for share in shares] == [17, 34, 52, 69, 86]
    assert [Attacker(share, 1).users(814) for share in shares] == [8, 16, 24, 33, 41]


def test_which_items_malicious_users_rate(world):
    dense, _, decoys = world
    ratings = from_dense(dense, VISITS, zeros_observed=True)
    items = RECOMMENDER.train(ratings, 1).items

    def rated(choice):
        attacker = Attacker(share=0.05, most_rated=10, choice=choice)
        return craft(
            ratings, items, ITEM, decoys, RECOMMENDER, attacker, 1, optimised=False
        ).ratings

    links = np.concatenate([ITEM, decoys])
    anything, linked = rated(RANDOM) > 0, rated(LINKED_RANDOM) > 0
    assert np.all(anything.sum(axis=1) == 10) and anything[:, links].mean() < 0.2
    assert linked[:, links].all() and linked.sum(axis=1).max() <= 10
    assert len(np.unique(linked, axis=0)) == 20
