"""How notebook 05's lists are attacked, from plain arguments (`recmia.experiments.kept`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recmia.attacks.base import Attack, Observations
from recmia.evaluation.folds import link_groups
from recmia.evaluation.intervals import ScoredUnits
from recmia.experiments.scores import arrays_of
from recmia.papers.proposal.served import Serving, observe
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
    """
    shadow, known = observe(cohorts, lists, serving, "shadow")
    target, membership = observe(cohorts, lists, serving, "target")
    vectors = read_arrays(lists, ["item_vectors"])
    fitted = attack(**options, **accepted(attack, **vectors)).fit(shadow, known, target)
    units = ScoredUnits(fitted.score(target), membership, groups_of(target), fitted.threshold)
    write_arrays(path, **arrays_of(name, units))


def groups_of(observed: Observations) -> np.ndarray:
    """int64 [n]: identical sessions, and a near-miss with its original, are one group."""
    sessions = Sessions(observed.histories, observed.lengths, observed.row_ids)
    return link_groups(sessions.hashes(), observed.row_ids)
