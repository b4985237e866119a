"""How notebook 09 scores sessions and attacks a target, from plain arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recmia.attacks.base import Attack
from recmia.cohorts import load_cohorts
from recmia.papers.proposal.mismatch.transferring import Lesson, Transfers
from recmia.recommenders.epochs import load_record
from recmia.recommenders.scoring import score_features
from recmia.recommenders.session_transformer import SessionTransformer
from recmia.recommenders.settings import Target
from recmia.seeds import generator
from recmia.sessions import Sessions
from recmia.storage import write_arrays

# Scoring by XLNet beside GPT-2, measured on YooChoose: a pass for every position. To train it
# costs as much.
MASKED_SCORING = 2.5


def keep_observed(
    path: Path,
    cohorts: Path,
    model: Path,
    *,
    side: str,
    most: int,
    epochs: Sequence[int],
    names: Sequence[str | int],
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """What one model's scores say of its members and of held-out sessions, at some epochs.

    Writes float32 ``<cohort>|<epoch>`` [n, 48] and the features' ``names``.

    Args:
        path: of the result.
        cohorts: of the model.
        model: its folder.
        side: of the cohorts.
        most: members, and held-out sessions, that take part (:func:`taking_part`).
        epochs: of the model.
        names: what the random choice is made from, the root seed first.
        device: torch device.
        progress: called with the number of sessions that were scored.
    """
    sessions, record = taking_part(cohorts, side, most, names), load_record(model)
    arrays = {}
    for epoch in epochs:
        scorer = SessionTransformer.trained(record, epoch, device)
        for cohort, part in sessions.items():
            features, columns = score_features(scorer.score(part), part.lengths)
            arrays[f"{cohort}|{epoch}"] = features
            progress(len(part) * scoring_cost(record.target))
    write_arrays(path, names=np.array(columns, dtype=np.str_), **arrays)


def scoring_cost(target: Target) -> float:
    """What it costs to score a session, beside GPT-2."""
    return MASKED_SCORING if target.architecture == "xlnet" else 1.0


def taking_part(
    cohorts: Path, side: str, most: int, names: Sequence[str | int]
) -> dict[str, Sessions]:
    """Members and held-out sessions of a side that are scored, drawn where there are more."""
    drawn = load_cohorts(cohorts)
    found = {"members": drawn.members[side], "heldout": drawn.heldout[side]}
    for cohort, sessions in found.items():
        if len(sessions) > most:
            rng = generator(*names, "taking part", cohort)
            found[cohort] = sessions[np.sort(rng.choice(len(sessions), most, replace=False))]
    return found


def keep_scores(
    path: Path,
    target: tuple[Path, Path],
    shadows: Mapping[str, tuple[Path, Path]],
    *,
    most: Mapping[str, int],
    vocabularies: Mapping[str, int],
    lessons: Mapping[int, Sequence[Lesson]],
    mlp: dict[str, Any],
    others: dict[str, type[Attack]],
    folds: int,
    names: Sequence[str | int],
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Attack one target from all shadows (`recmia.papers.proposal.mismatch.transferring`).

    Args:
        path: an ``.npz`` for `recmia.experiments.measuring.Place`.
        target: cohorts and observed scores of the target.
        shadows: the same of each shadow, by name.
        most: see :func:`keep_observed`, of the target and of each shadow.
        vocabularies: V, likewise.
        lessons: epoch of the target to what its attacks learn from.
        mlp: settings of the MLP.
        others: attacks on scores that learn from the shadow as well, by their names in results.
        folds: of cross-fitting.
        names: what seeds are made from, the root seed first.
        device: torch device.
        progress: called with 1 after each epoch.
    """
    sides = {"target": target} | dict(shadows)
    cohorts = {"reference": load_cohorts(target[0]).reference}
    for side, (file, _) in sides.items():
        of = "target" if side == "target" else "shadow"
        part = taking_part(file, of, most[side], (*names, side))
        cohorts |= {f"{side}_{cohort}": sessions for cohort, sessions in part.items()}
    world = Transfers(
        cohorts,
        {side: observed for side, (_, observed) in sides.items()},
        dict(lessons),
        dict(vocabularies),
        mlp=mlp,
        others=others,
        folds=folds,
        names=names,
        device=device,
    )
    world.keep_all(path, sorted(lessons), progress)
