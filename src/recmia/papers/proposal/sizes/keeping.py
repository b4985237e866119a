"""How notebook 07 attacks a target, from plain arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recmia.attacks.base import Attack
from recmia.cohorts import SIDES, load_cohorts
from recmia.papers.proposal.names import REAL_SESSIONS
from recmia.papers.proposal.scoring import World
from recmia.seeds import generator
from recmia.sessions import Sessions


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
