"""Means over repeats and their intervals, worked out by hand; where items lie on the plane."""

import math

import numpy as np
import pytest

from recmia.inversion.factorisation import Model
from recmia.papers.model_inversion.maps import coordinates
from recmia.papers.model_inversion.measuring import (
    FALSE_POSITIVES,
    PRECISION,
    RATED_PRECISION,
    RECALL,
    measure,
)
from recmia.papers.model_inversion.playing import Trial
from recmia.papers.model_inversion.trials import HELD, POISONING, groups_of, trials_of
from recmia.run.settings import load_settings


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


def test_the_profile_has_the_paper_s_grid():
    settings = load_settings("model-inversion").model_inversion
    trials = trials_of(settings, "foursquare-zeros", POISONING)
    shares = {t.alpha for t in trials if t.choice == HELD}
    assert shares == {0.0, 0.01, 0.02, 0.03, 0.04, 0.05}
    assert groups_of(settings, "foursquare-zeros")[POISONING] == 20
    assert Trial(HELD, 0.05) in trials_of(settings, "movielens-rated", POISONING)
