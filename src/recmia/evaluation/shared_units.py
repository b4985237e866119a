"""Means over targets that are about the same sessions, with intervals that know it.

`recmia.evaluation.intervals.evaluate` draws each target's sessions apart from the next one's, which
is right where every target has cohorts of its own. In a membership game all targets have one pool:
what is easy to tell of one target is so of the others, and drawing apart would take T targets for T
pools, with intervals that are up to √T times too short.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recmia.evaluation.measurement import Measurement, ScoredUnits, with_degenerate
from recmia.evaluation.resampling import Groups, not_empty, pigeonhole
from recmia.evaluation.weighted_metrics import Asked, WeightedMetrics


def evaluate_shared(
    runs: Sequence[ScoredUnits],
    *,
    repeats: int,
    level: float,
    seed: int,
    fprs: Sequence[float] = (0.01, 0.001),
) -> list[Measurement]:
    """Every metric of an attack: mean over targets and percentile bootstrap interval.

    Each repeat draws as many targets as there are, with replacement, and, apart from these, as many
    groups of units as there are, with replacement, the same for every target (the pigeonhole
    bootstrap, Owen 2007, "The pigeonhole bootstrap": its intervals are rather too long than too
    short). How many members a target has differs from repeat to repeat, as its coins make it.

    Args:
        runs: one per target; equal ``groups`` are the same units under every target.
        repeats: bootstrap repeats.
        level: coverage aimed at.
        seed: root of the resampling; equal inputs give equal intervals.
        fprs: as of `recmia.evaluation.intervals.evaluate`.

    Returns:
        As of `recmia.evaluation.intervals.evaluate`.

    Raises:
        DataError: no run, NaN scores, or a run without members or without non-members.
    """
    not_empty(runs)
    asked = Asked.of(runs, fprs)
    code = np.unique(np.concatenate([run.groups for run in runs]), return_inverse=True)[1]
    units = np.split(code, np.cumsum([len(run.groups) for run in runs])[:-1])
    n_groups = int(code.max()) + 1
    statistics = [
        Groups(of_unit, (n_groups,)).over(WeightedMetrics.of(run, asked).at)
        for run, of_unit in zip(runs, units, strict=True)
    ]
    every = Groups(np.arange(n_groups), (n_groups,))
    found = pigeonhole(asked.names, statistics, every, repeats=repeats, level=level, seed=seed)
    return with_degenerate(found, asked.alike(runs))
