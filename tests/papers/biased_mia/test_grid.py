"""What is run covers the paper's tables and figures, and what is compared is among what is run."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest

from recmia.experiments.lines import Line, pairs
from recmia.experiments.rows import CONTROL, CORRECTED, Row
from recmia.lists.views import ONE_MODEL, PUBLISHED, view_of
from recmia.papers.biased_mia.claims import claims
from recmia.papers.biased_mia.grid import K_MEANS, Shown, corrected, everything
from recmia.papers.biased_mia.paper import PAPER
from recmia.run.registry import read
from recmia.run.settings import load_settings

PAPERS_OWN = load_settings("biased-mia").biased_mia


def row_of(line: Shown, metric: str = "hard-label AUC") -> Row:
    return Row(study=PAPER.name, metric=metric, **line.columns)


def test_the_whole_grid_under_each_reading() -> None:
    grid = [line for line in everything(PAPERS_OWN) if line.artefact == "Figure 6"]
    settings = {(line.attempt.shadow.name, line.attempt.target.name) for line in grid}
    assert len(settings) == 81
    for reading, serving in ((CORRECTED, PUBLISHED), (CONTROL, ONE_MODEL)):
        own = [line.attempt for line in grid if line.reading == reading]
        assert {(a.shadow.name, a.target.name) for a in own} == settings and len(own) == 81
        for attempt in own:
            for view in (attempt.shadow, attempt.target):
                assert (view.weights, view.serving, view.k, view.l) == ("mean", serving, 100, 100)


def test_what_is_varied_is_one_line_and_the_released_code_is_read_elsewhere() -> None:
    lines = everything(PAPERS_OWN)
    assert {line.reading for line in lines} == {CORRECTED, CONTROL}
    for artefact, count in (
        *(("Figure 8", 9 * (10 + 10 + 2)), ("Figure 9", 60 - 9)),
        *(("Figure 10", 9 * 4), ("Figure 12", 9 * (1 + 2 * 4)), ("Data size", 3 * 4)),
    ):
        own = [line for line in lines if line.artefact == artefact]
        assert len(own) == count and {line.reading for line in own} == {CORRECTED}


def test_an_attempt_changes_both_views_alike() -> None:
    shadow, target = (view_of(PAPERS_OWN, "M", name) for name in ("lfm", "ncf"))
    made = corrected(shadow, target, k=20, weights="linear")
    for before, after in ((shadow, made.shadow), (target, made.target)):
        assert after == replace(before, k=20, weights="linear") != before
    assert corrected(shadow) == corrected(shadow, shadow)


def compared(profile: str) -> dict[str, list[tuple[Shown, Shown]]]:
    settings = load_settings(profile).biased_mia
    lines = {Line(line.columns, ()): line for line in everything(settings)}
    found = {}
    for key, claim in claims(settings).items():
        if "first" in claim:
            found[key] = [tuple(lines[side] for side in pair) for pair in pairs(claim, lines)]
    return found


@pytest.mark.parametrize("profile", ["biased-mia", "quick", "tiny"])
def test_no_two_lines_share_a_row_and_what_is_compared_is_paired(profile: str) -> None:
    keys = [row_of(line).key for line in everything(load_settings(profile).biased_mia)]
    assert len(set(keys)) == len(keys)
    for key, found in compared(profile).items():
        assert found or profile != "biased-mia", key
        for first, second in found:
            # The same users are scored on both sides, under the same reading.
            one, other = first.attempt.target, second.attempt.target
            assert first.reading == second.reading != CONTROL
            assert (one.data, one.serving, one.share) == (other.data, other.serving, other.share)


def test_each_claim_holds_the_right_attempts_against_each_other() -> None:
    found = compared("biased-mia")
    cells = 9
    counts = {key: len(held) for key, held in found.items()}
    assert counts == {
        "easier-than-lfm": 6,
        "knowing-the-algorithm": 2 * cells,
        "more-recommendations": cells,
        "recommendations-enough": cells,
        "more-dimensions": cells,
        "dimensions-enough": cells,
        "weights-by-rank": cells,
        "learned-beats-k-means": cells,
        "whole-shadow": 3,
        "origin-beats-features": 3 * cells,
        "origin-beats-features-content-based": 3,
        "defence-lowers": cells,
    }
    differing = defaultdict(set)
    for key, held in found.items():
        for first, second in held:
            one, other = first.attempt, second.attempt
            if one.attack != other.attack:
                differing[key].add((one.attack, other.attack))
                continue
            for side in ("shadow", "target"):
                a, b = vars(getattr(one, side)), vars(getattr(other, side))
                differing[key] |= {(side, name) for name in a if a[name] != b[name]}
    both = {(side, name) for side in ("shadow", "target") for name in ("recommender",)}
    assert differing["easier-than-lfm"] == both
    assert differing["knowing-the-algorithm"] == {("shadow", "recommender")}
    assert differing["more-dimensions"] == {("shadow", "l"), ("target", "l")}
    assert differing["weights-by-rank"] == {("shadow", "weights"), ("target", "weights")}
    assert differing["learned-beats-k-means"] == {("Biased-MIA", K_MEANS)}
    assert differing["whole-shadow"] == {("shadow", "share")}
    assert differing["origin-beats-features"] == {("shadow", "features"), ("target", "features")}
    assert differing["defence-lowers"] == {("shadow", "defence"), ("target", "defence")}
    for first, second in found["knowing-the-algorithm"]:
        assert first.attempt.shadow == first.attempt.target == second.attempt.target
    for first, second in found["more-recommendations"]:
        assert (first.attempt.target.k, second.attempt.target.k) == (50, 10)


def test_every_artefact_is_described() -> None:
    described = set(read(PAPER.folder / "report.yaml")["artefacts"])
    assert {line.artefact for line in everything(PAPERS_OWN)} <= described
    # Every table and figure of the paper's experiments has its place.
    assert {f"Table {n}" for n in range(2, 8)} <= described
    assert {f"Figure {n}" for n in range(3, 15)} <= described
