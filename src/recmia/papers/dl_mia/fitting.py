"""Plans the fits of notebook 12, many of equal shape side by side, and keeps their scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from recmia.evaluation.intervals import ScoredUnits
from recmia.experiments.stamped import stamped
from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.lists.serving import Model, lists_identity, side_of, vectors_identity
from recmia.papers.dl_mia import scoring
from recmia.papers.dl_mia.fits import Fit, Scored
from recmia.papers.dl_mia.halves import STEP, half_of
from recmia.papers.dl_mia.texts import texts_identity
from recmia.storage import content_hash, read_arrays, source_hash, write_arrays

# Models that are trained together: enough to fill the vector units, few enough to leave work for
# both processes and features in memory.
MOST_MODELS, MOST_NUMBERS = 27, 40_000_000


@dataclass(frozen=True)
class Stack:
    """Fits of one shape, with their seeds, that are trained in one pass."""

    half: str
    name: str
    members: tuple[tuple[Fit, int], ...]


@dataclass(frozen=True)
class Place:
    """Where the scores of a fit and seed are."""

    path: Path
    row: int


def fit_all(study: Study, fits: dict[str, list[Fit]]) -> None:
    """Train every fit of both halves; finished stacks are kept.

    Args:
        study: the run.
        fits: half to its fits.
    """
    planned = stacks(study, fits)
    jobs = [(study, stack) for stack in planned]
    total = sum(_cost(study, stack) for stack in planned)
    run_jobs(_train, jobs, workers=study.workers, total=total, label="DL-MIA")


def places(study: Study, fits: dict[str, list[Fit]]) -> dict[tuple[str, Fit, int], Place]:
    """Half, fit and seed to where their scores are."""
    return {
        (stack.half, fit, seed): Place(_path(study, stack), row)
        for stack in stacks(study, fits)
        for row, (fit, seed) in enumerate(stack.members)
    }


def stacks(study: Study, fits: dict[str, list[Fit]]) -> list[Stack]:
    """Group fits by shape and kind, the costliest first."""
    made = []
    for half, wanted in fits.items():
        groups: dict[tuple, list[tuple[Fit, int]]] = defaultdict(list)
        for fit in sorted(set(wanted)):
            for seed in study.seeds():
                groups[_shape(study, half, fit, seed)].append((fit, seed))
        for shape, members in groups.items():
            n, others, width = shape[:3]
            size = max(1, min(MOST_MODELS, MOST_NUMBERS // ((n + others) * width)))
            for start in range(0, len(members), size):
                chosen = tuple(members[start : start + size])
                name = content_hash([asdict(fit) | {"seed": seed} for fit, seed in chosen])[:16]
                made.append(Stack(half, name, chosen))
    return sorted(made, key=lambda stack: -_cost(study, stack))


def _shape(study: Study, half: str, fit: Fit, seed: int) -> tuple:
    """Units of shadow and target, width, and the kind of the fit."""
    lists = half_of(study, half)
    most = getattr(study.settings.dl_mia, half).most_users
    units = [
        min(most, len(side_of(lists, Model(view.letter, view.algorithm, side, seed)).seen))
        for view, side in ((fit.shadow, "shadow"), (fit.target, "target"))
    ]
    return *units, fit.shadow.l, fit.encoder, fit.leak, fit.held_out, fit.texts


def _cost(study: Study, stack: Stack) -> float:
    fit, seed = stack.members[0]
    n, others, width = _shape(study, stack.half, fit, seed)[:3]
    return len(stack.members) * (n + others) * width * (1 + 2 * fit.leak) / 1e6


def _path(study: Study, stack: Stack) -> Path:
    return study.folder(STEP) / stack.half / "fits" / f"{stack.name}.npz"


def _train(job: tuple[Study, Stack], progress: Callable[[float], None]) -> None:
    study, stack = job
    settings = study.settings.dl_mia
    half = getattr(settings, stack.half)
    epochs = (
        *(settings.pretrain_epochs, settings.alternating_epochs, settings.turn_epochs),
        settings.steps,
    )
    identity = content_hash(
        [fit_identity(study, stack.half, fit, seed) for fit, seed in stack.members],
        [epochs, half.attack_epochs, half.most_users, study.device],
    )
    path = _path(study, stack)
    stamped(
        path,
        identity,
        lambda: write_arrays(path, **scoring.scores_of(study, stack.half, stack.members)),
    )
    progress(_cost(study, stack))


def fit_identity(study: Study, half: str, fit: Fit, seed: int) -> str:
    lists = half_of(study, half)
    parts: list[object] = [asdict(fit), seed, study.settings.root_seed, _source()]
    for view, side in ((fit.shadow, "shadow"), (fit.target, "target")):
        parts.append(lists_identity(lists, Model(view.letter, view.algorithm, side, seed)))
        parts.append(
            texts_identity(lists, view.letter)
            if fit.texts
            else vectors_identity(lists, view.letter, seed, view.l)
        )
    return content_hash(*parts)


@cache
def _source() -> str:
    return source_hash(scoring, *scoring.DECISIVE)


def read_scores(
    study: Study, half: str, scored: Scored, where: dict[tuple[str, Fit, int], Place]
) -> list[ScoredUnits]:
    """Saved scores of an attack, one for each seed."""
    scores, thresholds = f"{scored.attack}|scores", f"{scored.attack}|thresholds"
    runs = []
    for seed in study.seeds():
        place = where[half, scored.fit, seed]
        saved = read_arrays(place.path, (scores, thresholds, "membership", "row_ids"))
        runs.append(
            ScoredUnits(
                saved[scores][place.row],
                saved["membership"][place.row],
                saved["row_ids"][place.row],
                float(saved[thresholds][place.row]),
            )
        )
    return runs
