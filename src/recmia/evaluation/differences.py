"""What changed between two attacks: differences of their metrics with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recmia.evaluation.measurement import Measurement, ScoredUnits
from recmia.evaluation.resampling import Groups, intervals
from recmia.evaluation.weighted_metrics import RANKING, Asked, WeightedMetrics
from recmia.seeds import generator


def evaluate_difference(
    after: ScoredUnits,
    before: ScoredUnits,
    *,
    paired: bool,
    repeats: int,
    level: float,
    seed: int,
    fprs: Sequence[float] = (0.01,),
) -> list[Measurement]:
    """ROC AUC and TPR at low FPR of one attack minus those of another, over groups of units.

    Each repeat draws as many groups as there are, with replacement, members-only,
    non-members-only and mixed groups apart. Paired, both have the same draws, so that what they
    share does not widen the interval; else each has its own.

    Args:
        after: one attack; its threshold is not looked at.
        before: the other; where paired, on the same units in the same order.
        paired: whether the two are about the same units.
        repeats: bootstrap repeats.
        level: coverage aimed at.
        seed: root of the resampling.
        fprs: rates for TPR at FPR; one that either has too few non-members for is left out.

    Raises:
        DataError: paired and not about the same units; NaN scores; members or non-members are
            missing.
    """
    if paired:
        after.check_same_units(before)
    both = (after, before)
    asked, values, drawn = Asked.of(both, fprs, metric_names=RANKING), [], []
    for number, one in enumerate(both):
        metrics, groups = WeightedMetrics.of(one, asked), Groups.of(one.groups, one.membership)
        statistic = groups.over(metrics.at)
        rng = generator(seed, "bootstrap", "units", 0 if paired else number)
        values.append(statistic(np.ones((1, groups.total)))[0])
        drawn.append(np.concatenate([statistic(n) for n in groups.draws(rng, repeats)]))
    value, repeated = values[0] - values[1], drawn[0] - drawn[1]
    return intervals(asked.names, value, repeated, level=level, n_seeds=1)
