"""Means over repeats and their intervals, worked out by hand; where items lie on the plane."""

import math

import numpy as np
import pytest

from recmia.inversion.attack import DESCENT, HELD
from recmia.inversion.factorisation import Model
from recmia.papers.model_inversion.maps import coordinates
from recmia.papers.model_inversion.measuring import (
    FALSE_POSITIVES,
    PRECISION,
    RATED_PRECISION,
    RECALL,
    difference,
    measure,
)
from recmia.papers.model_inversion.trials import OTHERS, POISONING, groups_of, trials_of, way_of
from recmia.papers.model_inversion.ways import (
    LINKS_HELD,
    SETTLED,
    Way,
    best,
    likeness,
    ways_of,
)
from recmia.run.settings import load_settings
from recmia.run.workspace import open_study


def record(listed, found, found_raters):
    return {
        "users": 100,
        "sensitive": 18,
        "raters": 20,
        "listed": listed,
        "found": found,
        "found_raters": found_raters,
    }


def test_means_over_repeats_and_the_interval_of_one_attack():
    records = [record([10, 9], [9, 9], [10, 9]), record([10, 0], [9, 0], [10, 0])]
    of = measure(records, 1, 0.95)
    assert of[PRECISION].value == pytest.approx(0.9)
    assert of[RATED_PRECISION].value == 1.0
    assert of[FALSE_POSITIVES].value == 0.0
    # Nine of 18: Clopper and Pearson's limits, whatever the number of repeats.
    limits = (of[RECALL].value, of[RECALL].ci_low, of[RECALL].ci_high)
    assert limits == pytest.approx((0.5, 0.2602, 0.7398), abs=5e-5)


def test_precision_is_that_of_repeats_that_list_somebody():
    records = [record([10, 9], [9, 9], [10, 9]), record([10, 0], [9, 0], [10, 0])]
    of = measure(records, 2, 0.95)
    assert of[PRECISION].value == 1.0
    assert of[RECALL].value == pytest.approx(0.25)
    nobody = measure([record([0], [0], [0])], 1, 0.95)
    assert math.isnan(nobody[PRECISION].value)


def test_coordinates_do_not_depend_on_the_rotation_of_the_factors():
    rng = np.random.default_rng(0)
    users, items = rng.normal(size=(6, 3)), rng.normal(size=(5, 3))
    sensitive = np.array([1, 0, 0, 1, 0, 0], dtype=bool)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    straight = coordinates(Model(users, items), sensitive)
    np.testing.assert_allclose(coordinates(Model(users @ turn, items @ turn), sensitive), straight)
    predicted = users @ items.T
    np.testing.assert_allclose(straight[:, 0], predicted.mean(axis=0))
    np.testing.assert_allclose(
        straight[:, 1], predicted[sensitive].mean(axis=0) - predicted.mean(axis=0)
    )


@pytest.mark.parametrize("first", [LINKS_HELD, SETTLED, Way(DESCENT, 0.05, 10)])
def test_the_profile_has_the_paper_s_grid(first):
    settings = load_settings("model-inversion").model_inversion
    trials = trials_of(settings, "foursquare-zeros", POISONING, first)
    assert {t.alpha for t in trials} == {0.0, 0.01, 0.02, 0.03, 0.04, 0.05}
    assert groups_of(settings, first=True)[POISONING] == 20
    other = trials_of(settings, "foursquare-zeros", POISONING + OTHERS, first)
    read = {way_of(trial) for trial in (*trials[1:], *other)}
    assert {LINKS_HELD, SETTLED, first} <= read
    for group in groups_of(settings, first=True):
        made = trials_of(settings, "movielens-zeros", group, first)
        assert len(made) == len(set(made)), group


def test_the_search_crosses_what_is_observed_with_paper_and_rule():
    settings = load_settings("model-inversion").model_inversion
    for data in settings.datasets:
        found = {
            (system.zeros_observed, system.factors is None)
            for system in settings.systems.values()
            if system.data == data
        }
        assert found == {(zeros, rule) for zeros in (True, False) for rule in (True, False)}
    ways = ways_of(settings)
    assert len(ways) == len({way.name for way in ways})
    assert {way.choice for way in ways} == {HELD, DESCENT}


def test_the_best_reading_is_that_whose_lists_are_most_like_the_truth():
    short, long = Way(DESCENT, 0.05, 3), Way(DESCENT, 0.05, 30)
    assert likeness(9, 10, 18) == pytest.approx(9 / math.sqrt(180))
    assert likeness(0, 0, 18) == 0
    found = {("a", LINKS_HELD): [0.6, 0.2], ("a", SETTLED): [0.5, 0.1], ("b", short): [0.3, 0.3]}
    assert best(found) == ("a", LINKS_HELD)
    # Of equals, links that move and the longest way: what the algorithm says.
    equal = {("a", way): [0.4] for way in (LINKS_HELD, short, long)}
    assert best(equal) == ("a", long)


def test_too_few_pairs_decide_nothing():
    """One repeat in which both attacks list somebody is no interval."""
    study = open_study("tiny")
    nan = math.nan
    few = difference(study, "d", [0.1, nan, 0.2, nan, 0.1, 0.3], [0.5, 0.5, nan, nan, 0.5, 0.4])
    assert few.value == pytest.approx((-0.4 - 0.4 - 0.1) / 3)
    assert math.isnan(few.ci_low) and math.isnan(few.ci_high)
    enough = difference(study, "d", [0.1] * 6, [0.5] * 6)
    assert enough.ci_low == pytest.approx(-0.4)
    assert difference(study, "d", [nan], [0.5]) is None
