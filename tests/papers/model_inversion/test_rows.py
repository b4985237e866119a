"""Kept results and rows of a small run: what makes them again, and what each row must say."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.experiments.kept import Kept
from recmia.experiments.results import join_paper_values, read_results, write_results
from recmia.experiments.rows import AS_PUBLISHED, CONFIRMED, CONTROL, OPEN, REFUTED, Row
from recmia.experiments.verdicts import verdict
from recmia.papers.model_inversion import attacking, claims, reporting
from recmia.papers.model_inversion.detecting import HONEST
from recmia.papers.model_inversion.measuring import proportion
from recmia.papers.model_inversion.paper import PAPER
from recmia.papers.model_inversion.playing import HIGHEST_ONLY, HIGHEST_SHUFFLED
from recmia.papers.model_inversion.stating import DETECTORS, FLAGGED, LIKENESS, STATED
from recmia.papers.model_inversion.trials import (
    ALGORITHM,
    CAMOUFLAGE,
    DEFENCE,
    DESCENT_PATH,
    ITEMS,
    KNOWLEDGE,
    NOT_FIRST,
    POISONING,
    REASONS,
    SEARCH,
    along,
    others,
    way_of,
)
from recmia.papers.model_inversion.ways import LINKS_HELD, SETTLED
from recmia.run.workspace import open_study

GROUPS = (POISONING, CAMOUFLAGE, KNOWLEDGE, ITEMS, DEFENCE, REASONS, DESCENT_PATH, *NOT_FIRST)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Folders for everything that this module writes."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RECMIA_ARTIFACTS", "RECMIA_REPORTS"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        yield


@pytest.fixture(scope="module")
def study(home):
    study = open_study("tiny")
    attacking.make_worlds(study)
    attacking.choose_all(study)
    attacking.attack_all(study)
    return study


@pytest.fixture(scope="module")
def rows(study):
    return [*reporting.all_rows(study), *claims.claim_rows(study)]


def identities(overrides):
    study = open_study("tiny", overrides)
    return {group: attacking.batch(study, "visits-zeros", group, 0).identity for group in GROUPS}


@pytest.mark.parametrize(
    ("overrides", "changed"),
    [
        ({"model_inversion.other_items": 3}, {ITEMS}),
        ({"model_inversion.epsilons": [10]}, {DEFENCE}),
        ({"model_inversion.path": [0, 2]}, {DESCENT_PATH}),
        ({"model_inversion.known_shares": [0.0, 0.5]}, {KNOWLEDGE}),
        ({"model_inversion.repeats": 3}, set()),
        ({"model_inversion.systems.visits-zeros.title": "another name"}, set()),
        ({"model_inversion.datasets.visits.title": "another name"}, set()),
        ({"model_inversion.datasets.visits.users": 151}, set(GROUPS)),
        ({"model_inversion.systems.visits-zeros.regularisation": 0.02}, set(GROUPS)),
        ({"root_seed": 1}, set(GROUPS)),
    ],
)
def test_a_batch_rests_on_its_own_settings_and_on_no_other_group_s(home, overrides, changed):
    before, after = identities({}), identities(overrides)
    assert {group for group in GROUPS if before[group] != after[group]} == changed


def test_a_recommender_that_the_rule_chooses_is_part_of_a_batch(study):
    kept = attacking.batch(study, "stars-rule", POISONING, 0)
    chosen = attacking.recommender_of(study, "stars-rule")
    told = kept.parts["told"]["scene"]["recommender"]["<Recommender>"]
    assert (told["factors"], told["length"]) == (chosen.factors, chosen.length)
    assert isinstance(kept, Kept) and kept.is_current()


def test_rows_come_back_from_the_file(rows, tmp_path):
    written = write_results(rows, tmp_path)
    assert len(written) == len(rows)
    assert read_results(tmp_path) == written


def test_counts_at_every_threshold_are_those_of_the_attack(study, rows):
    """Leakage of one trial, from what its repeats found."""
    first = attacking.first_way(study, "visits-zeros")
    records = attacking.collect(study, "visits-zeros", POISONING)[along(first, 0.05)]
    for least in (1, 2, 3):
        found = only(
            rows,
            artefact=POISONING,
            system="visits-zeros",
            attack=ALGORITHM,
            variant=first.name,
            alpha=0.05,
            threshold=least,
            metric="MIRec",
        )
        expected = np.mean([r["found"][least - 1] / r["sensitive"] for r in records])
        assert found.value == pytest.approx(expected, abs=1e-6)
        assert found.n_seeds == len(records) == 2
    for record in records:  # whoever is on a stricter list is on the other too
        for listed in (record["listed"], record["found"], record["found_raters"]):
            assert listed == sorted(listed, reverse=True)
        assert record["found"] <= record["found_raters"] <= record["listed"]


def test_the_sensitive_item_s_raters_are_as_many_when_shuffled(study):
    found = attacking.collect(study, "visits-zeros", REASONS)
    plain, only_highest, moved = (
        found[along(LINKS_HELD, 0.05, case=case)][0]
        for case in (None, HIGHEST_ONLY, HIGHEST_SHUFFLED)
    )
    for record in (only_highest, moved):
        assert plain["sensitive"] == record["sensitive"] == record["raters"]


def test_held_links_stay_and_a_descent_without_steps_is_the_same_attack(study):
    found = attacking.collect(study, "visits-zeros", POISONING)
    assert LINKS_HELD in others(attacking.first_way(study, "visits-zeros"))
    held = found[along(LINKS_HELD, 0.05)][0]
    paths = attacking.collect(study, "visits-zeros", DESCENT_PATH)
    start = next(records[0] for trial, records in paths.items() if trial.steps == 0)
    assert start["listed"] == held["listed"] and start["found"] == held["found"]
    assert held["rated"] == 4 and held["utility"][0] == held["utility"][-1]


def test_the_first_reading_is_chosen_on_repeats_that_nothing_is_reported_of(study, rows):
    for data in study.settings.model_inversion.datasets:
        system, first = attacking.first_of(study, data)
        searched = attacking.search(study, system, 0).parts["told"]["scene"]["seed"]
        reported = attacking.batch(study, system, POISONING, 0).parts["told"]["scene"]["seed"]
        assert searched != reported
        found = [row for row in rows if row.artefact == SEARCH and row.target_data == data]
        best = max(row.value for row in found if row.metric == LIKENESS)
        chosen = only(found, metric=LIKENESS, reading=AS_PUBLISHED)
        assert (chosen.system, chosen.variant) == (system, first.name)
        assert chosen.value == best


def test_what_is_varied_is_a_column_and_nothing_else_is(rows):
    for artefact, varied in reporting.VARIED.items():
        of = [row for row in rows if row.artefact == artefact and row.attack]
        assert of
        more = {"case"} if artefact == CAMOUFLAGE else set()  # how the detector learns
        for row in of:
            allowed = {"target_data", "system", "threshold", "variant", *varied, *more}
            assert set(row.factor_values) <= allowed, row
            assert (row.variant is not None) == (row.attack == ALGORITHM)
    assert {row.reading for row in rows if row.artefact == REASONS} == {CONTROL}
    assert any(row.artefact == KNOWLEDGE and row.beta is None for row in rows)  # V known


def test_the_detector_is_tried_on_honest_users_and_on_bots(rows):
    found = [row for row in rows if row.artefact == DETECTORS]
    assert {row.metric for row in found} == {FLAGGED}
    tried = {row.attack for row in found}
    assert HONEST in tried and len([who for who in tried if who.startswith("bots")]) == 4
    assert len(found) == len(tried) * len({row.variant for row in found}) * 2


def test_malicious_users_who_are_alike_count_as_one(study, rows):
    """Two attacks decide little, however many malicious users each has."""
    about = {"artefact": CAMOUFLAGE, "system": "visits-zeros", "metric": "detection rate", "mu": 0}
    found = only(rows, **about, variant="links held", case=None)
    repeats = study.settings.model_inversion.control_repeats
    expected = proportion("detection rate", [found.value], repeats, 0.95)
    assert (found.ci_low, found.ci_high) == pytest.approx(
        (expected.ci_low, expected.ci_high), abs=1e-5
    )


def test_numbers_of_the_text_stand_beside_ours(study, rows):
    found = [row for row in rows if row.artefact == STATED and row.target_data == "visits"]
    users = {row.alpha: row.value for row in found if row.metric == "malicious users m'"}
    assert users == {0.02: 3, 0.05: 8}  # of 150, to the nearest whole number
    assert only(found, metric="ν of the detector").value == 0.003


def test_every_claim_is_made_and_judged_by_its_interval(rows):
    made = [row for row in rows if row.artefact == "Claims"]
    # What section 4.2 states is of the paper's own data.
    assert {row.claim for row in made} == PAPER.claims.keys() - {"stated-value"}
    for row in made:
        low, high = row.ci_low, row.ci_high
        if low is None:  # too few pairs of repeats
            assert row.verdict == OPEN and high is None
            continue
        if PAPER.claims[row.claim]["says"] == "less":
            low, high = -high, -low
        assert row.verdict == (CONFIRMED if low > 0 else REFUTED if high < 0 else OPEN)
        assert row.metric.startswith("difference of ") or row.claim == "all-detected"


def test_a_wide_interval_decides_nothing():
    """Held against 0.746, an interval that goes from nothing to nearly everything says nothing."""
    low, high = 0.003 - 0.746, 0.909 - 0.746
    assert verdict(low, high, PAPER.claims["stated-value"]["says"]) == OPEN
    # All of one's own above what is stated confirms it, all below refutes it.
    assert verdict(0.8 - 0.746, 0.9 - 0.746, "more") == CONFIRMED
    assert verdict(0.2 - 0.746, 0.7 - 0.746, "more") == REFUTED


def test_all_detected_is_open_where_one_more_could_be_missed():
    measured = proportion("detection rate", [1.0], 20, 0.95)
    gap = claims._less(measured, 1, "1")
    assert verdict(gap.ci_low, gap.ci_high, PAPER.claims["all-detected"]["says"]) == OPEN


def test_a_stated_number_within_the_interval_leaves_the_claim_open():
    """Eight of 16 reach 0.5 only if the interval does not hold it; see `verdict`."""
    measured = proportion("MIRec", [0.5], 16, 0.95)
    gap = claims._less(measured, 0.5, "the paper's")
    assert gap.value == 0 and gap.ci_low < 0 < gap.ci_high
    assert claims.verdict(gap.ci_low, gap.ci_high, "more") == OPEN


def test_the_paper_s_numbers_stand_beside_its_own_data_only():
    about = {"study": PAPER.name, "artefact": "Headline", "metric": "MIPre", "value": 0.9}
    about |= {"attack": ALGORITHM, "alpha": 0.05, "threshold": 3}
    places = [
        ("foursquare", "as published"),
        ("foursquare", "corrected"),
        ("visits", "as published"),
    ]
    ours = [
        Row(**about, target_data=data, reading=reading, variant="links held", system="any")
        for data, reading in places
    ]
    joined = join_paper_values(ours, [PAPER])
    assert [row.paper_value for row in joined] == [1, None, None]


def only(rows, **columns):
    """The row with these columns."""
    found = [row for row in rows if all(getattr(row, n) == v for n, v in columns.items())]
    assert len(found) == 1, (columns, found)
    return found[0]


def test_as_published_is_the_first_reading(study, rows):
    firsts = {attacking.first_of(study, data) for data in study.settings.model_inversion.datasets}
    named = {(system, way.name) for system, way in firsts}
    for row in rows:
        if row.artefact in (POISONING, CAMOUFLAGE, KNOWLEDGE) and row.attack == ALGORITHM:
            first = (row.system, row.variant) in named
            assert (row.reading == AS_PUBLISHED) == first, row


def test_every_trial_of_algorithm_2_names_its_way(study):
    trials = attacking.collect(study, "visits-zeros", POISONING)
    ways = {
        way_of(trial) for trial in trials if trial.alpha and trial.choice in ("held", "descent")
    }
    assert {LINKS_HELD, SETTLED} <= ways
