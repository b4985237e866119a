"""What changed between two attacks: differences of their metrics with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recmia.errors import DataError
from recmia.evaluation import metrics
from recmia.evaluation.intervals import Measurement, ScoredUnits, _Groups, _Sides
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
    both = (after, before)
    if paired and not (
        np.array_equal(after.membership, before.membership)
        and np.array_equal(after.groups, before.groups)
    ):
        raise DataError("A paired difference needs two attacks on the same units.")
    fewest = min(int((~one.membership).sum()) for one in both)
    fprs = [fpr for fpr in fprs if metrics.fpr_is_measurable(fpr, fewest)]
    names = [metrics.ROC_AUC, *map(metrics.tpr_at_fpr_name, fprs)]
    columns = [
        0,
        *range(1 + len(metrics.THRESHOLD_METRICS), len(metrics.THRESHOLD_METRICS) + len(names)),
    ]
    values, drawn = [], []
    for number, one in enumerate(both):
        side, groups = _Sides.of(one), _Groups.of(one.groups, one.membership)
        rng = generator(seed, "bootstrap", "units", 0 if paired else number)
        values.append(side.metrics(np.ones((1, len(one.scores))), fprs)[0, columns])
        chunks = [side.metrics(n[:, groups.of_unit], fprs) for n in groups.draws(rng, repeats)]
        drawn.append(np.concatenate(chunks)[:, columns])
    tails = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(drawn[0] - drawn[1], tails, axis=0)
    found = zip(names, values[0] - values[1], low, high, strict=True)
    return [Measurement(name, float(v), float(lo), float(hi), 1) for name, v, lo, hi in found]
