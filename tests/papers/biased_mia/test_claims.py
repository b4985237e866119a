"""What is run covers the paper's tables and figures, and what is compared is among what is run."""

from __future__ import annotations

import pytest
from recmia.papers.biased_mia.contrasts import all_contrasts

from recmia.lists.views import ONE_MODEL, PUBLISHED
from recmia.papers.biased_mia.claims import AS_PUBLISHED, CONTROL, CORRECTED, all_claims
from recmia.papers.biased_mia.paper import PAPER
from recmia.run.registry import report_of
from recmia.run.settings import load_settings

PAPERS_OWN = load_settings("biased-mia").biased_mia


def test_the_whole_grid_under_each_reading() -> None:
    grid = [c for c in all_claims(PAPERS_OWN) if c.artefact == "Figure 6"]
    settings = {c.attempt.setting for c in grid}
    assert len(settings) == 81
    for reading, schedule, weights, serving in (
        (AS_PUBLISHED, "released code", "linear", PUBLISHED),
        (CORRECTED, "text", "mean", PUBLISHED),
        (CONTROL, "text", "mean", ONE_MODEL),
    ):
        own = [c for c in grid if c.reading == reading]
        assert {c.attempt.setting for c in own} == settings and len(own) == 81
        for claim in own:
            attempt = claim.attempt
            assert attempt.schedule == schedule
            for view in (attempt.shadow, attempt.target):
                assert (view.weights, view.serving, view.k, view.l) == (weights, serving, 100, 100)


@pytest.mark.parametrize("profile", ["biased-mia", "quick", "tiny"])
def test_no_two_claims_share_a_row_and_every_contrast_is_run(profile: str) -> None:
    settings = load_settings(profile).biased_mia
    claims = all_claims(settings)
    keys = [(c.artefact, c.attempt.setting, c.attack, c.reading, c.condition) for c in claims]
    assert len(set(keys)) == len(keys)
    attempts = {c.attempt for c in claims}
    for contrast in all_contrasts(settings):
        assert contrast.first in attempts, contrast
        assert contrast.second in attempts, contrast
        # Paired: the same users are scored on both sides.
        first, second = contrast.first.target, contrast.second.target
        assert (first.letter, first.serving, first.share) == (
            second.letter,
            second.serving,
            second.share,
        )


def test_every_number_of_the_paper_finds_its_row() -> None:
    claims = all_claims(PAPERS_OWN)
    rows = {(c.artefact, c.attempt.setting, c.attack, c.reading, c.condition) for c in claims}
    theirs = PAPER.values
    assert len(theirs) > 100
    for value in theirs:
        if value["artefact"] != "Table 2":
            key = tuple(value[n] for n in ("artefact", "setting", "attack", "reading", "condition"))
            assert key in rows, key


def test_every_artefact_is_described() -> None:
    described = set(report_of(PAPER)["artefacts"])
    assert {c.artefact for c in all_claims(PAPERS_OWN)} <= described
    # Every table and figure of the paper's experiments has its place.
    assert {f"Table {n}" for n in range(2, 8)} <= described
    assert {f"Figure {n}" for n in range(3, 15)} <= described
