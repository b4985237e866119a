"""Notebook 04: which attacks there are, how each is read, and what is said beside its number."""

from __future__ import annotations

import pytest

from recmia.experiments.rows import Row
from recmia.papers.proposal import attacking
from recmia.papers.proposal.names import (
    BLIND,
    COVERAGE,
    HELDOUT,
    LOSS,
    MLP,
    NEAR_MISS,
    NONE,
    OTHER_MODEL,
    RANDOM,
    REPLACED,
    SHADOW,
    TARGET,
    UNIQUE,
)
from recmia.papers.proposal.scoring import Case, cases, comparisons


def test_near_misses_are_nonmembers_in_one_reading_only():
    as_nonmembers = {c.nonmembers for c in comparisons("augmented_as_nonmembers")}
    trained = {c.nonmembers for c in comparisons("augmented_trained")}
    assert NEAR_MISS in as_nonmembers and NEAR_MISS not in trained
    assert HELDOUT in as_nonmembers & trained


def test_every_case_has_a_name_of_its_own():
    found = cases("augmented_as_nonmembers", (0, 2, 4))
    assert len({case.name for case in found}) == len(found)
    assert {case.units for case in found if case.labels == RANDOM}.isdisjoint(
        case.units for case in found if case.labels != RANDOM
    )


def test_replaced_members_and_controls_wait_for_the_last_epoch():
    found = cases("augmented_as_nonmembers", (0, 2, 4))
    assert {case.epoch for case in found if case.nonmembers == REPLACED} == {4, None}
    controls = [c for c in found if c.variant == OTHER_MODEL or c.labels == RANDOM]
    assert {case.epoch for case in controls} == {4} and len(controls) == 6
    curve = {case.epoch for case in found if (case.attack, case.nonmembers) == (LOSS, HELDOUT)}
    assert curve == {0, 2, 4}


@pytest.mark.parametrize(
    ("reading", "changes", "subset", "read"),
    [
        ("augmented_as_nonmembers", {}, None, "as published"),
        ("augmented_as_nonmembers", {"labels": SHADOW}, None, "corrected"),
        ("augmented_as_nonmembers", {"nonmembers": HELDOUT}, None, "corrected"),
        ("augmented_as_nonmembers", {}, UNIQUE, "corrected"),
        ("augmented_trained", {}, None, "corrected"),
        ("augmented_as_nonmembers", {"nonmembers": REPLACED}, None, "control"),
    ],
)
def test_only_the_proposals_own_experiment_is_as_published(reading, changes, subset, read):
    about = {"attack": MLP, "nonmembers": NEAR_MISS, "labels": TARGET, "epoch": 4}
    assert attacking._reading(reading, Case(**about | changes), subset) == read


def row(**changes) -> Row:
    about = {"study": "proposal", "artefact": "Table 2", "attack": MLP, "metric": "ROC AUC"}
    about |= {"augmented": "non-members", "nonmembers": NEAR_MISS, "labels": TARGET, "epoch": 4}
    return Row(**about | {"value": 0.75, "ci_low": 0.7, "ci_high": 0.8} | changes)


def notes(*rows: Row) -> list[str]:
    return [row.note for row in attacking._with_notes(list(rows))]


def test_an_upper_bound_is_called_one():
    assert notes(row())[0].startswith("upper bound")
    assert notes(row(labels=SHADOW)) == [""]
    assert notes(row(labels=None, variant=OTHER_MODEL))[0].startswith("a model trained on neither")


def test_cohorts_that_differ_by_themselves_are_marked():
    blind = {"attack": BLIND, "labels": NONE, "epoch": None, "artefact": "Controls"}
    sees = row(**blind, value=0.62, ci_low=0.6, ci_high=0.64)
    said = notes(row(labels=SHADOW), sees, row(labels=RANDOM), row(subset=UNIQUE, labels=SHADOW))
    assert said[0] == "the cohorts differ by themselves: without any model, 0.620 [0.600, 0.640]"
    assert "differ" not in said[1]  # the baseline itself
    assert said[2:] == ["", ""]  # random labels; another subset has no such baseline
    fair = row(**blind, value=0.51, ci_low=0.49, ci_high=0.53)
    assert notes(row(labels=SHADOW), fair)[0] == ""


def test_the_coverage_baseline_says_what_it_knows():
    cover = row(attack=COVERAGE, labels=NONE, epoch=None, artefact="Controls")
    assert notes(cover) == [attacking.COVERAGE_NOTE]
