"""The trend against planted powers, and what is said where nothing is determined."""

import numpy as np
import pytest
from scipy import stats

from recmia.errors import DataError
from recmia.papers.proposal.sizes.trend import extrapolated

SIZES = np.repeat([2_500, 5_000, 10_000, 20_000, 40_000], 3)


def areas(apart: np.ndarray) -> np.ndarray:
    return stats.norm.cdf(apart / np.sqrt(2))


def test_a_power_is_found_exactly():
    halves = extrapolated(SIZES, areas(2.0 * (SIZES / 2_500) ** np.log10(0.5)), 2_500_000, 0.95)
    assert halves.factor == pytest.approx(0.5, abs=1e-6)
    assert halves.value == pytest.approx(areas(np.array(2.0 / 8)), abs=1e-6)
    assert halves.high - halves.low < 1e-5


def test_no_trend_stays_where_it_is():
    level = extrapolated(SIZES, np.full(len(SIZES), 0.7), 6e6, 0.95)
    assert level.factor == pytest.approx(1) and level.value == pytest.approx(0.7)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng, held, factors = np.random.default_rng(0), [], []
    for _ in range(200):
        noisy = 1.5 * (SIZES / 2_500) ** np.log10(0.7) + rng.normal(0, 0.06, len(SIZES))
        found = extrapolated(SIZES, areas(noisy), 6_000_000, 0.95)
        truth = areas(np.array(1.5 * 2_400 ** np.log10(0.7)))
        held.append(found.low <= truth <= found.high)
        factors.append(found.factor_low <= 0.7 <= found.factor_high)
    assert 0.9 <= np.mean(held) <= 0.99 and 0.9 <= np.mean(factors) <= 0.99


def test_nothing_to_find_is_wide_and_never_below_one_half():
    rng = np.random.default_rng(1)
    found = extrapolated(SIZES, rng.normal(0.5, 0.01, len(SIZES)), 6e6, 0.95)
    assert found.low >= 0.5 and found.factor_low < 1 < found.factor_high


def test_perfect_separation_is_no_error():
    found = extrapolated(SIZES, np.ones(len(SIZES)), 6e6, 0.95)
    assert found.value > 0.99


@pytest.mark.parametrize("sizes", [[100, 200], [100, 100, 100]])
def test_too_little_is_refused(sizes):
    with pytest.raises(DataError, match="three targets, of two sizes"):
        extrapolated(np.array(sizes), np.full(len(sizes), 0.6), 1e6, 0.95)
