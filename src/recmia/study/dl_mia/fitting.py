"""Trains every fit of notebook 12, many of equal shape side by side, and keeps their scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from recmia.attacks import (
    bessel,
    difference_vectors,
    disentanglement,
    gaussian_autoencoders,
    label_leak,
    stacked,
    stacked_dl_mia,
    stacked_layers,
    user_features,
    von_mises_fisher,
)
from recmia.attacks.label_leak import THRESHOLD, LeakyDLMIA, SelfTrainedDLMIA
from recmia.attacks.stacked import train_stacked
from recmia.attacks.stacked_dl_mia import Schedule, StackedDLMIA
from recmia.evaluation.intervals import ScoredUnits
from recmia.parallel import run_jobs
from recmia.seeds import child_seed, generator
from recmia.storage import content_hash, read_arrays, source_hash, write_arrays
from recmia.study.biased_mia import views
from recmia.study.biased_mia.serving import Model, lists_identity, side_of, vectors_identity
from recmia.study.biased_mia.views import Seen, View
from recmia.study.dl_mia.fits import (
    BIASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    PRETRAINED,
    SELF_TRAINED,
    Fit,
    Scored,
)
from recmia.study.dl_mia.halves import STEP, half_of
from recmia.study.dl_mia.texts import text_vectors_of, texts_identity
from recmia.study.stamped import stamped
from recmia.study.workspace import Study

# Models that are trained together: enough to fill the vector units, few enough to leave work for
# both processes and features in memory.
MOST_MODELS, MOST_NUMBERS = 27, 40_000_000
DECISIVE = (
    bessel, difference_vectors, disentanglement, gaussian_autoencoders, label_leak, stacked,
    stacked_dl_mia, stacked_layers, user_features, views, von_mises_fisher,
)  # fmt: skip


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
    stamped(path, identity, lambda: write_arrays(path, **_scores(study, stack)))
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
    return source_hash(*DECISIVE)


def features(
    study: Study, half: str, view: View, side: str, seed: int, texts: bool = False
) -> tuple[np.ndarray, Seen]:
    """Difference vectors float32 [n, l] of the users that a view shows, and the users.

    At most ``most_users`` of them, as many members as others: the same ones under every view of a
    side, for they are drawn by place and a view shows the users of its data set in one order.
    """
    lists = half_of(study, half)
    if texts:
        seen = views.observe(lists, view, side, seed)
        vectors = text_vectors_of(lists, view.letter, view.l)
        made = difference_vectors.difference_vectors(seen.histories.clicks, seen.lists, vectors)
    else:
        made, seen = views.features(lists, view, side, seed)
    most = getattr(study.settings.dl_mia, half).most_users
    if len(made) <= most:
        return made, seen
    draw = generator(study.settings.root_seed, "dl-mia", "users", half, view.letter, side, seed)
    members = side_of(lists, Model(view.letter, view.algorithm, side, seed)).n_members
    rows = [draw.permutation(members), members + draw.permutation(len(made) - members)]
    rows = np.sort(np.concatenate([part[: most // 2] for part in rows]))
    return made[rows], Seen(seen.histories[rows], seen.lists[rows], seen.membership[rows])


def _scores(study: Study, stack: Stack) -> dict[str, np.ndarray]:
    """Scores and thresholds of every attack, with labels and ids, a row a member of the stack."""
    fits = [fit for fit, _ in stack.members]
    kind = fits[0]
    seeds = [_model_seed(study, stack.half, fit, seed) for fit, seed in stack.members]
    shadows, targets = [], []
    for fit, seed in stack.members:
        for into, view, side in ((shadows, fit.shadow, "shadow"), (targets, fit.target, "target")):
            into.append(features(study, stack.half, view, side, seed, fit.texts))
    shadow, known = np.stack([x for x, _ in shadows]), np.stack([s.membership for _, s in shadows])
    target, truth = np.stack([x for x, _ in targets]), np.stack([s.membership for _, s in targets])
    ids = np.stack([seen.histories.row_ids for _, seen in targets])
    present = scored = target
    present_truth = truth
    if kind.held_out:
        rows = np.stack(
            [_halves(study, stack.half, f, s, target.shape[1]) for f, s in stack.members]
        )
        cut = rows.shape[1] // 2
        here, there = rows[:, :cut], rows[:, cut:]
        present, scored = (np.take_along_axis(target, r[:, :, None], 1) for r in (here, there))
        present_truth = np.take_along_axis(truth, here, 1)
        truth, ids = (np.take_along_axis(x, there, 1) for x in (truth, ids))
    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    if kind.encoder == "disentangled" and not kind.held_out:
        found[BIASED] = _biased(study, stack.half, shadow, known, scored, seeds)
    first = StackedDLMIA(
        seeds=seeds,
        schedule=schedule_of(study, kind.encoder),
        device=study.device,
    ).pretrain(shadow, known, present)
    found[PRETRAINED] = first.score(scored), first.thresholds
    after = first.alternate()
    found[DL_MIA] = after.score(scored), after.thresholds
    half = np.full(len(seeds), THRESHOLD)
    if kind.leak and kind.encoder == "disentangled" and not kind.held_out:
        found[SELF_TRAINED] = SelfTrainedDLMIA.after(first).score(scored), half
    if kind.leak:
        leaky = LeakyDLMIA.after(first, present_truth)
        found[LEAKY] = leaky.score(scored), half
        found[LEAKY_BEST] = leaky.score_best(scored), half
    arrays = {"membership": truth, "row_ids": ids}
    for attack, (scores, thresholds) in found.items():
        arrays |= {f"{attack}|scores": scores, f"{attack}|thresholds": thresholds}
    return arrays


def schedule_of(study: Study, encoder: str = "disentangled") -> Schedule:
    """How DL-MIA is trained in this study."""
    settings = study.settings.dl_mia
    return Schedule(
        encoder=encoder,
        pretrain_epochs=settings.pretrain_epochs,
        alternating_epochs=settings.alternating_epochs,
        turn_epochs=settings.turn_epochs,
        steps=settings.steps,
    )


def _biased(study, half, shadow, known, scored, seeds) -> tuple[np.ndarray, np.ndarray]:
    """Biased-MIA as its text trains it."""
    trained = train_stacked(
        torch.from_numpy(shadow),
        torch.from_numpy(known),
        epochs=getattr(study.settings.dl_mia, half).attack_epochs,
        seeds=seeds,
    )
    scores = trained.probabilities(torch.from_numpy(scored))[..., 1].double().numpy()
    return scores, np.full(len(scores), 0.5)


def _halves(study: Study, half: str, fit: Fit, seed: int, n: int) -> np.ndarray:
    """Order of a target's users whose first half takes part; the same for every shadow."""
    names = ("dl-mia", "held out", half, fit.target.name, seed)
    return generator(study.settings.root_seed, *names).permutation(n)


def _model_seed(study: Study, half: str, fit: Fit, seed: int) -> int:
    # Encoder and leak are left out: what is compared with each other starts from the same values.
    views_ = [str(value) for view in (fit.shadow, fit.target) for value in vars(view).values()]
    return child_seed(study.settings.root_seed, "dl-mia", half, *views_, str(fit.texts), seed)


def read_scores(
    study: Study, half: str, scored: Scored, where: dict[tuple[str, Fit, int], Place]
) -> list[ScoredUnits]:
    """Saved scores of an attack, one for each seed."""
    runs = []
    for seed in study.seeds():
        place = where[half, scored.fit, seed]
        saved = read_arrays(place.path)
        runs.append(
            ScoredUnits(
                saved[f"{scored.attack}|scores"][place.row],
                saved["membership"][place.row],
                saved["row_ids"][place.row],
                float(saved[f"{scored.attack}|thresholds"][place.row]),
            )
        )
    return runs
