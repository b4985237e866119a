"""How notebook 05's lists are attacked, from plain arguments (`recmia.experiments.kept`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recmia.attacks.base import Attack, Observations
from recmia.cohorts import load_cohorts
from recmia.evaluation.folds import link_groups
from recmia.evaluation.measurement import ScoredUnits
from recmia.experiments.scores import arrays_of
from recmia.papers.proposal.names import PUBLISHED_READING
from recmia.papers.proposal.served import Serving, observe
from recmia.papers.proposal.subsets import subsets_of
from recmia.registry import accepted
from recmia.sessions import Sessions
from recmia.storage import read_arrays, write_arrays


def keep_attack(
    path: Path,
    cohorts: Path,
    lists: Path,
    *,
    name: str,
    attack: type[Attack],
    options: dict[str, Any],
    serving: Serving,
    vocabulary_size: int,
) -> None:
    """Scores of one attack on one serving (`recmia.experiments.measuring.Place`).

    Args:
        path: of the result.
        cohorts: of the seed.
        lists: of the seed.
        name: of the attack, in the result.
        attack: called with the options, and ``item_vectors`` where it asks for them.
        options: of the attack.
        serving: who gets which lists.
        vocabulary_size: V.
    """
    shadow, known = observe(cohorts, lists, serving, "shadow")
    target, membership = observe(cohorts, lists, serving, "target")
    vectors = read_arrays(lists, ["item_vectors"])
    fitted = attack(**options, **accepted(attack, **vectors)).fit(shadow, known, target)
    units = ScoredUnits(fitted.score(target), membership, groups_of(target), fitted.threshold)
    drawn, both = load_cohorts(cohorts), _sessions(target)
    subsets = subsets_of(
        both[membership],
        both[~membership],
        drawn.trained_on("target", PUBLISHED_READING),
        serving.nonmembers,
        vocabulary_size,
    )
    write_arrays(path, **arrays_of(name, units), **subsets)


def groups_of(observed: Observations) -> np.ndarray:
    """int64 [n]: identical sessions, and a near-miss with its original, are one group."""
    return link_groups(_sessions(observed).hashes(), observed.row_ids)


def _sessions(observed: Observations) -> Sessions:
    return Sessions(observed.histories, observed.lengths, observed.row_ids)
