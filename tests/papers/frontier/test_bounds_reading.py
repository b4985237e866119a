"""What the rows of notebook 23 are said to mean, and when nothing is."""

from __future__ import annotations

import pytest

from recmia.experiments.rows import CONTROL, CORRECTED, RANGE, Row
from recmia.papers.frontier import names
from recmia.papers.frontier.bounding.canaries import MADE_UP, REAL
from recmia.papers.frontier.bounding.proving import EPSILON, FROM_MANY, ONE_RUN
from recmia.papers.frontier.bounding.reading import HALF, sentences
from recmia.papers.frontier.bounding.rows import BOUNDS, EXTRACTION, MEMBERS, NEXT_ITEMS, OTHERS

ABOUT = {"study": "frontier", "metric": EPSILON, "artefact": BOUNDS}


def ranged(low: float, high: float, **columns) -> Row:
    value = (low + high) / 2
    return Row(**{**ABOUT, **columns}, value=value, ci_low=low, ci_high=high, interval=RANGE)


def rows(own=(1.0, 2.0), control=(0.0, 0.05), others=(0.0, 0.1), unseen=(0.0, 0.0)) -> list[Row]:
    """Both checkpoints alike."""
    found = []
    for checkpoint in (names.BEST, names.LAST):
        at = {"checkpoint": checkpoint}
        for kind in (*MADE_UP, REAL):
            bound = {"attack": names.MAIN, "variant": ONE_RUN, "subset": kind} | at
            found.append(ranged(1.0, 2.0, reading=CORRECTED, **bound))
            found.append(ranged(*unseen, reading=CONTROL, **bound))
            for method in FROM_MANY:
                many = bound | {"variant": method, "attack": names.LOSS}
                found.append(Row(**ABOUT, **many, reading=CORRECTED, value=1.5, n_seeds=80))
        for reading, limits in ((CORRECTED, own), (CONTROL, control)):
            shown = {"attack": "x", "subset": NEXT_ITEMS, "variant": ONE_RUN, "reading": reading}
            found.append(ranged(*limits, **shown, **at))
        for users, limits in ((MEMBERS, (0.2, 0.4)), (OTHERS, others)):
            about = {"artefact": EXTRACTION, "metric": HALF, "subset": REAL, "users": users}
            found += [ranged(*limits, **about, k=10, **at), ranged(0, 0, **about, k=1, **at)]
    return found


def said(about: str, **limits) -> str:
    (sentence, _) = [one for one in sentences(rows(**limits)) if about in one]
    return sentence


def test_what_one_training_proves_and_what_many_do():
    assert "random items 1.500" in said("what one training proves")
    assert "random items 1.500" in said("one pair of rates, 80 trainings")


@pytest.mark.parametrize(
    ("own", "control", "words"),
    [
        ((1.0, 2.0), (0.0, 0.05), "passes its control."),
        ((0.0, 2.0), (0.0, 0.05), "not every model proves something"),
        ((0.3, 0.5), (0.2, 0.4), "the bound is open"),
        ((1.0, 2.0), (0.2, 0.4), "no bound on ε follows"),
    ],
)
def test_next_items_prove_something_where_their_control_is_quiet(own, control, words):
    assert words in said("next items", own=own, control=control)


def test_extraction_counts_where_the_ranges_are_apart():
    assert "more than" in said("extraction of real sessions")
    assert "not told apart" in said("extraction of real sessions", others=(0.1, 0.3))


def test_controls_that_are_not_quiet_are_counted():
    quiet, loud = sentences(rows())[-1], sentences(rows(unseen=(0.2, 0.6)))[-1]
    assert "8 bounds" in quiet and "are all at most 0.1" in quiet
    assert "but for 8 at most 0.1" in loud and "0.600" in loud
