"""What a bootstrap interval over a few seeds holds."""

from __future__ import annotations

import math

from scipy import stats


def least_coverage(n_seeds: int, level: float) -> float:
    """Share of intervals that hold the truth where the seeds' models differ, not their sessions.

    A percentile bootstrap resamples the k seeds that there are. Its spread is that of their mean
    with k in place of k - 1 below the squares, and it takes a normal quantile in place of Student's
    (Hesterberg 2015, "What Teachers Should Know about the Bootstrap", section 4.3). For normal
    seeds it holds the truth as often as Student's t of k - 1 degrees of freedom stays below
    z √((k - 1) / k). Where seeds differ by their sessions only, sessions are resampled as well, and
    the interval holds about as often as it says.

    Args:
        n_seeds: k; with one there is nothing to resample, and the answer is 0.
        level: coverage aimed at, such as 0.95.
    """
    if n_seeds < 2:
        return 0.0
    reach = stats.norm.ppf((1 + level) / 2) * math.sqrt((n_seeds - 1) / n_seeds)
    return float(2 * stats.t.cdf(reach, n_seeds - 1) - 1)
