"""How notebook 05's lists are attacked, from plain arguments (`recmia.experiments.kept`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recmia.attacks.base import Attack, Observations
from recmia.attacks.difference_vectors import difference_vectors
from recmia.attacks.stacked_dl_mia import Schedule, StackedDLMIA
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


def keep_dl_mia(
    path: Path,
    cohorts: Sequence[Path],
    lists: Sequence[Path],
    *,
    name: str,
    servings: Sequence[Serving],
    epochs: int,
    alternating_epochs: int,
    seeds: Sequence[int],
    device: str,
) -> None:
    """Scores of DL-MIA on several servings with equally many sessions, trained side by side.

    Each is what `recmia.attacks.dl_mia.DLMIA` gives, up to rounding.

    Args:
        path: an ``.npz`` of a `recmia.experiments.measuring.Place` with a row a serving.
        cohorts: of each serving.
        lists: of each serving.
        name: of the attack.
        servings: who gets which lists.
        epochs: of the joint stage.
        alternating_epochs: of the alternating stage, both kinds together.
        seeds: of each serving's starting values, order and latent draws.
        device: torch device.
    """
    sides: dict[str, list] = {"shadow": [], "target": []}
    labels: dict[str, list] = {"shadow": [], "target": []}
    groups = []
    for place, file, serving in zip(cohorts, lists, servings, strict=True):
        vectors = read_arrays(file, ["item_vectors"])["item_vectors"]
        for side in sides:
            seen, membership = observe(place, file, serving, side)
            sides[side].append(difference_vectors(seen.histories, seen.lists, vectors))
            labels[side].append(membership)
        groups.append(groups_of(seen))
    schedule = Schedule(pretrain_epochs=epochs, alternating_epochs=alternating_epochs)
    stack = StackedDLMIA(seeds=list(seeds), schedule=schedule, device=device)
    shadow, target = (np.stack(part) for part in sides.values())
    trained = stack.pretrain(shadow, np.stack(labels["shadow"]), target).alternate()
    write_arrays(
        path,
        **{
            f"{name}|scores": trained.score(target),
            f"{name}|threshold": trained.thresholds,
            "membership": np.stack(labels["target"]),
            "row_ids": np.stack(groups),
        },
    )
