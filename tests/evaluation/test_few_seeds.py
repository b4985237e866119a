"""The coverage that the page warns of is that of the study's own intervals."""

from __future__ import annotations

import numpy as np
import pytest

from recmia.evaluation.few_seeds import least_coverage
from recmia.evaluation.intervals import evaluate_mean


@pytest.mark.parametrize("n_seeds", [3, 5, 10])
def test_intervals_hold_the_truth_as_often_as_said(n_seeds):
    """Seeds with a mean of their own and no spread within: simulated, the truth being 0."""
    rng, held, times = np.random.default_rng(n_seeds), 0, 600
    for time in range(times):
        runs = [(np.full(2, rng.normal()), np.arange(2)) for _ in range(n_seeds)]
        found = evaluate_mean("value", runs, repeats=400, level=0.95, seed=time)
        held += found.ci_low <= 0 <= found.ci_high
    assert held / times == pytest.approx(least_coverage(n_seeds, 0.95), abs=0.045)


def test_more_seeds_hold_more_and_one_holds_nothing():
    shares = [least_coverage(k, 0.95) for k in (1, 2, 3, 5, 10, 1000)]
    assert shares[0] == 0 and shares == sorted(shares)
    assert shares[-1] == pytest.approx(0.95, abs=1e-3)
