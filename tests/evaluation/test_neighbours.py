"""Neighbours between cohorts: by hand, and against comparison of every pair."""

import time

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.evaluation.neighbours import neighbour_kinds
from recmia.sessions import Sessions


def make(*rows, width=6):
    clicks = np.zeros((len(rows), width), dtype=np.int64)
    for clicks_row, row in zip(clicks, rows, strict=True):
        clicks_row[: len(row)] = row
    return Sessions(clicks, np.array([len(row) for row in rows]), np.arange(len(rows)))


def one_edit_apart(a, b):
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True)) == 1
    short, long = sorted((a, b), key=len)
    return len(long) == len(short) + 1 and any(
        long[:i] + long[i + 1 :] == short for i in range(len(long))
    )


@pytest.mark.parametrize(
    "ours, theirs, kinds",
    [
        ([3, 4, 5], [3, 4, 5], (True, False, False)),
        ([3, 4, 5], [3, 4, 5, 6, 7], (False, True, False)),
        ([3, 4, 5, 6, 7], [3, 4, 5], (False, True, False)),
        ([3, 4, 5], [3, 4, 5, 6], (False, True, True)),
        ([3, 4, 5], [3, 9, 5], (False, False, True)),
        ([3, 4, 5], [4, 5], (False, False, True)),
        ([3, 5], [3, 4, 5], (False, False, True)),
        ([3, 4], [4, 3], (False, False, False)),
        ([3, 4, 5], [5, 4, 3], (False, False, False)),
        ([3, 4, 5], [9, 4, 8], (False, False, False)),
        ([3, 4, 5], [4, 5, 3], (False, False, False)),
    ],
)
def test_kinds_by_hand(ours, theirs, kinds):
    found = neighbour_kinds(make(ours), make(theirs, width=9))
    assert (found.identical[0], found.prefix[0], found.one_edit[0]) == kinds
    assert found.any[0] == any(kinds)


def test_identical_copy_does_not_hide_or_fake_a_substitution():
    ours = make([3, 4, 5], [6, 7, 8])
    theirs = make([3, 4, 5], [3, 4, 5], [3, 4, 9], [6, 7, 8], [6, 7, 8])
    assert neighbour_kinds(ours, theirs).one_edit.tolist() == [True, False]


def test_agrees_with_comparing_every_pair():
    rng = np.random.default_rng(0)
    seen = np.zeros(3)
    for _ in range(12):
        ours, theirs = (
            [rng.integers(3, 8, rng.integers(1, 7)).tolist() for _ in range(n)] for n in (60, 40)
        )
        found = neighbour_kinds(make(*ours), make(*theirs))
        identical = [any(a == b for b in theirs) for a in ours]
        prefix = [
            any(len(a) != len(b) and (a == b[: len(a)] or b == a[: len(b)]) for b in theirs)
            for a in ours
        ]
        one_edit = [any(one_edit_apart(a, b) for b in theirs) for a in ours]
        assert found.identical.tolist() == identical
        assert found.prefix.tolist() == prefix
        assert found.one_edit.tolist() == one_edit
        seen += np.mean([identical, prefix, one_edit], axis=1) / 12
    assert (seen > 0.02).all() and (seen < 0.98).all()  # the comparison could have failed


def test_unrelated_sessions_have_no_neighbours_and_it_is_quick():
    rng = np.random.default_rng(1)
    cohorts = []
    for _ in range(2):
        lengths = rng.integers(8, 21, 10_000)
        clicks = rng.integers(3, 10**6, (10_000, 20)) * (np.arange(20) < lengths[:, None])
        cohorts.append(Sessions(clicks, lengths, np.arange(10_000)))
    start = time.process_time()
    found = neighbour_kinds(*cohorts)
    assert time.process_time() - start < 5
    assert not found.any.any()


def test_no_others_and_empty_sessions():
    assert not neighbour_kinds(make([3, 4]), make([3, 4])[:0]).any.any()
    with pytest.raises(DataError):
        neighbour_kinds(make([3, 4]), make([]))
