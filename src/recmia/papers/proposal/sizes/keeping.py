"""How notebook 07 draws cohorts of a size and attacks a target, from plain arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recmia.attacks.base import Attack
from recmia.cohorts import SIDES, CohortSet, assert_disjoint, draw_rows, load_cohorts, save_cohorts
from recmia.papers.proposal.names import REAL_SESSIONS
from recmia.papers.proposal.scoring import World
from recmia.seeds import generator
from recmia.sessions import Sessions, load_sessions


def keep_cohorts(
    path: Path,
    sessions: Path,
    *,
    members: int,
    heldout: int,
    validation: int,
    reference: int,
    names: Sequence[str | int],
) -> None:
    """Write disjoint cohorts of real sessions, see `real_cohorts` (`recmia.cohorts.save_cohorts`).

    Args:
        path: of the result.
        sessions: of notebook 01.
        members: sessions that each model is trained on.
        heldout: sessions of each side that neither model sees.
        validation: unseen sessions that judge ranking quality.
        reference: population that the adversary knows.
        names: what the random choice is made from, the root seed first.

    Raises:
        DataError: the cohorts do not fit into the data.
    """
    sizes = {"members": members, "heldout": heldout}
    sizes |= {"validation": validation, "reference": reference}
    save_cohorts(real_cohorts(load_sessions(sessions), **sizes, rng=generator(*names)), path)


def real_cohorts(
    log: Sessions,
    *,
    members: int,
    heldout: int,
    validation: int,
    reference: int,
    rng: np.random.Generator,
) -> CohortSet:
    """Draw disjoint cohorts of real sessions, no near-misses; sizes as of `keep_cohorts`.

    Raises:
        DataError: the cohorts do not fit into the log.
    """
    sizes = {f"{side}_members": members for side in SIDES}
    sizes |= {f"{side}_heldout": heldout for side in SIDES}
    sizes |= {"validation": validation, "reference": reference}
    drawn = {name: log[rows] for name, rows in draw_rows(log.hashes(), sizes, rng).items()}
    nobody = {side: log[:0] for side in SIDES}
    cohorts = CohortSet(
        members={side: drawn[f"{side}_members"] for side in SIDES},
        heldout={side: drawn[f"{side}_heldout"] for side in SIDES},
        near_misses=nobody,
        heldout_near_misses=nobody,
        reference=drawn["reference"],
        validation=drawn["validation"],
        audit={},
    )
    assert_disjoint(cohorts)
    return cohorts


def keep_scores(
    path: Path,
    cohorts: Path,
    target: Path,
    shadow: Path,
    *,
    attacked: int,
    epochs: Sequence[int],
    mlp: dict[str, Any],
    others: dict[str, type[Attack]],
    folds: int,
    vocabulary_size: int,
    names: Sequence[str | int],
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Attack a target at some epochs, then the controls (`recmia.papers.proposal.scoring`).

    Args:
        path: of the result.
        cohorts: of the size and seed.
        target: folder of the model under attack.
        shadow: folder of the adversary's own.
        attacked: members of each side that take part, drawn where there are more.
        epochs: of the models, rising; controls at the last.
        mlp: settings of the MLP.
        others: attacks on scores that learn from the shadow as well, by their names in results.
        folds: of cross-fitting.
        vocabulary_size: V.
        names: what seeds are made from, the root seed first.
        device: torch device.
        progress: called with 1 after each epoch.
    """
    drawn = load_cohorts(cohorts)
    named = drawn.named()
    for side in SIDES:
        rng = generator(*names, "attacked", side)
        named[f"{side}_members"] = _some(drawn.members[side], attacked, rng)
    world = World(
        named,
        drawn.members["target"],
        {"target": target, "shadow": shadow},
        reading=REAL_SESSIONS,
        mlp=mlp,
        others=others,
        folds=folds,
        vocabulary_size=vocabulary_size,
        names=names,
        device=device,
    )
    world.keep_all(path, epochs, progress)


def _some(sessions: Sessions, most: int, rng: np.random.Generator) -> Sessions:
    if len(sessions) <= most:
        return sessions
    return sessions[np.sort(rng.choice(len(sessions), most, replace=False))]
