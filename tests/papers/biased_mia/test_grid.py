"""What is run covers the paper's tables and figures, and what is compared is among what is run."""

from __future__ import annotations

from collections import defaultdict

import pytest

from recmia.experiments.lines import Line, pairs
from recmia.experiments.results import join_paper_values, typed
from recmia.experiments.rows import AS_PUBLISHED, CONTROL, CORRECTED, Row
from recmia.lists.views import ONE_MODEL, PUBLISHED
from recmia.papers.biased_mia.claims import claims
from recmia.papers.biased_mia.grid import K_MEANS, Shown, everything
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
    for reading, schedule, weights, serving in (
        (AS_PUBLISHED, "released code", "linear", PUBLISHED),
        (CORRECTED, "text", "mean", PUBLISHED),
        (CONTROL, "text", "mean", ONE_MODEL),
    ):
        own = [line.attempt for line in grid if line.reading == reading]
        assert {(a.shadow.name, a.target.name) for a in own} == settings and len(own) == 81
        for attempt in own:
            assert attempt.schedule == schedule
            for view in (attempt.shadow, attempt.target):
                assert (view.weights, view.serving, view.k, view.l) == (weights, serving, 100, 100)


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
    cells, readings = 9, 2
    counts = {key: len(held) // readings for key, held in found.items()}
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
        "origin-beats-features": 5 * cells,
        "origin-beats-features-content-based": 5,
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


def test_every_number_of_the_paper_finds_its_row() -> None:
    rows = join_paper_values([row_of(line) for line in everything(PAPERS_OWN)], [PAPER])
    found = [row.paper_value for row in rows if row.paper_value is not None]
    theirs = [typed(entry) for entry in PAPER.values]
    expected = [entry["paper_value"] for entry in theirs if entry["artefact"] != "Table 2"]
    assert len(expected) > 90 and sorted(found) == sorted(expected)


def test_the_paper_has_one_number_with_the_defence_and_one_without() -> None:
    rows = [row_of(line) for line in everything(PAPERS_OWN) if line.artefact == "Figure 12"]
    rows = join_paper_values(rows, [PAPER])
    own = [row for row in rows if (row.target_data, row.target) == ("A", "lfm")]
    known = {(row.ratio, row.defence_known): row.paper_value for row in own if row.paper_value}
    assert known == {(None, None): 0.775, (0.1, True): 0.513}


def test_every_artefact_is_described() -> None:
    described = set(read(PAPER.folder / "report.yaml")["artefacts"])
    assert {line.artefact for line in everything(PAPERS_OWN)} <= described
    # Every table and figure of the paper's experiments has its place.
    assert {f"Table {n}" for n in range(2, 8)} <= described
    assert {f"Figure {n}" for n in range(3, 15)} <= described
