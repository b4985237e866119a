"""The (n, p) table against exact arithmetic."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction
from math import log

import numpy as np
import pytest

from recmia.errors import DataError
from recmia.evaluation.extraction import extraction_table, log_samples_needed


def test_by_hand() -> None:
    # A session of probability 1/2: once is enough for 0.5, twice for 0.75; 1/4 needs 3 for 0.5.
    members = np.log([0.5, 0.25, 1.0])
    held_out = np.log([0.01])
    found = extraction_table(
        members, held_out, samples=[1, 2, 3, 100], probabilities=[0.5, 0.75, 0.999]
    )
    assert found.members.tolist() == [[2, 1, 1], [2, 2, 1], [3, 2, 1], [3, 3, 3]]
    assert found.held_out.tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert (found.n_members, found.n_held_out) == (3, 1)


def test_agrees_with_fractions() -> None:
    rng = np.random.default_rng(0)
    p_z = [Fraction(int(a), 4096) for a in rng.integers(1, 4096, 60)]
    low = np.array([log(x) for x in p_z])
    samples, probabilities = [1, 2, 5, 30, 400], [0.1, 0.5, 0.9]
    found = extraction_table(low, low[:9], samples=samples, probabilities=probabilities)
    expected = [
        [sum(1 - (1 - x) ** n >= Fraction(p) for x in p_z) for p in probabilities] for n in samples
    ]
    assert found.members.tolist() == expected


@pytest.mark.parametrize("low", [-1e-12, -0.5, -5.0, -36.0, -45.0, -700.0, -900.0, -5000.0])
@pytest.mark.parametrize("p", [1e-9, 0.5, 0.999])
def test_least_n_in_many_digits(low, p) -> None:
    with localcontext() as context:
        context.prec = 60
        # Far below rounding -log(1 - e^l) is e^l up to half of its square.
        log_rate = (-(1 - Decimal(low).exp()).ln()).ln() if low > -50 else Decimal(low)
        expected = float((-(1 - Decimal(p)).ln()).ln() - log_rate)
    assert log_samples_needed(np.array([low]), p) == pytest.approx([expected], rel=1e-9)


def test_certain_and_impossible_sessions() -> None:
    assert log_samples_needed(np.array([0.0, -np.inf]), 0.5).tolist() == [-np.inf, np.inf]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"members": [0.1]}, "1 of 1 log-probabilities"),
        ({"members": [np.nan]}, "above 0 or NaN"),
        ({"held_out": []}, "both members and held-out"),
        ({"samples": [0.5]}, "once or more often"),
        ({"probabilities": [1.0]}, "below 1"),
    ],
)
def test_what_cannot_be_is_refused(change, message) -> None:
    given = {"members": [-1.0], "held_out": [-1.0], "samples": [1], "probabilities": [0.5]}
    given |= change
    with pytest.raises(DataError, match=message):
        extraction_table(np.array(given.pop("members")), np.array(given.pop("held_out")), **given)
