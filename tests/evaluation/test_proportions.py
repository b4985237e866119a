"""Exact limits against published values."""

import pytest

from recmia.evaluation.proportions import binomial_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Nine of nine, and a half of 18: replication facts and Clopper and Pearson's tables.
        (9, 9, 0.6637, 1.0),
        (9, 18, 0.2602, 0.7398),
        (0, 10, 0.0, 0.3085),
        (0, 0, 0.0, 1.0),
    ],
)
def test_exact_limits(successes, trials, low, high):
    assert binomial_interval(successes, trials, 0.95) == pytest.approx((low, high), abs=5e-5)
