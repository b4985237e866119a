"""What trains the fits of notebook 12: difference vectors in, scores of every attack out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from recmia.attacks.label_leak import THRESHOLD, LeakyDLMIA, SelfTrainedDLMIA
from recmia.attacks.stacked import train_stacked
from recmia.attacks.stacked_dl_mia import Schedule, StackedDLMIA
from recmia.lists.views import Scene, Seen
from recmia.papers.dl_mia.fits import (
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    PRETRAINED,
    SELF_TRAINED,
)
from recmia.seeds import generator
from recmia.storage import read_arrays, write_arrays

if TYPE_CHECKING:
    from recmia.papers.dl_mia.settings import DLMIAStudy

RELEASED_EPOCHS = 15  # of Biased-MIA in the released code of the sequential half
Scores = dict[str, tuple[np.ndarray, np.ndarray]]


def schedule_of(settings: DLMIAStudy, encoder: str = "disentangled") -> Schedule:
    """How DL-MIA is trained in this study."""
    return Schedule(
        encoder=encoder,
        pretrain_epochs=settings.pretrain_epochs,
        alternating_epochs=settings.alternating_epochs,
        turn_epochs=settings.turn_epochs,
        steps=settings.steps,
    )


def keep_features(path: Path, scene: dict[str, Any], *, most: int, seed: int) -> None:
    """Write "features", "membership" and "row_ids" of the users that are `attacked`."""
    made, seen = attacked(scene, most=most, seed=seed)
    ids = seen.observations.row_ids
    write_arrays(path, features=made, membership=seen.membership, row_ids=ids)


def attacked(scene: dict[str, Any], *, most: int, seed: int) -> tuple[np.ndarray, Seen]:
    """Difference vectors float32 [n, l] of the users that a view shows, and the users.

    At most ``most`` of them, as many members as others: the same ones under every view of a side,
    for they are drawn by place and a view shows the users of its data set in one order.

    Args:
        scene: arguments of `recmia.lists.views.Scene`.
        most: users at most.
        seed: of their draw.
    """
    shown = Scene(**scene)
    made, seen = shown.features()
    if len(made) <= most:
        return made, seen
    draw, members = np.random.default_rng(seed), shown.users.n_members
    rows = [draw.permutation(members), members + draw.permutation(len(made) - members)]
    rows = np.sort(np.concatenate([part[: most // 2] for part in rows]))
    return made[rows], Seen(seen.observations[rows], seen.membership[rows])


def keep_scores(
    path: Path,
    shadows: Sequence[Path],
    targets: Sequence[Path],
    *,
    seeds: Sequence[int],
    held_out: Sequence[int] | None,
    leak: bool,
    biased_epochs: int,
    schedule: Schedule,
    device: str,
) -> None:
    """Train fits of one shape and kind side by side, and write their scores by every attack.

    Args:
        path: of the result: for each attack "<attack>|scores" float64 [M, n] and
            "<attack>|threshold" float64 [M], with "membership" bool [M, n] and "row_ids" int64
            [M, n]: a row a fit, a column a scored user.
        shadows: kept features of each fit's shadow (`keep_features`).
        targets: of its target.
        seeds: of each fit.
        held_out: where only half of a target's users takes part and the others are scored: seeds
            of the order that is cut in halves.
        leak: also run the released code's second stage, see `recmia.papers.dl_mia.fits.Fit`.
        biased_epochs: of Biased-MIA as its text trains it.
        schedule: of DL-MIA.
        device: torch device.
    """
    shadow, known, _ = _stacked(shadows)
    present, truth, ids = _stacked(targets)
    scored, told = present, truth
    if held_out is not None:
        n = truth.shape[1]
        rows = np.stack([np.random.default_rng(seed).permutation(n) for seed in held_out])
        here, there = np.split(rows, [n // 2], axis=1)
        present, scored = (np.take_along_axis(present, r[:, :, None], 1) for r in (here, there))
        told, truth = (np.take_along_axis(truth, r, 1) for r in (here, there))
        ids = np.take_along_axis(ids, there, 1)
    found: Scores = {}
    if schedule.encoder == "disentangled" and held_out is None:
        text = {"epochs": biased_epochs}
        code = {"epochs": RELEASED_EPOCHS, "shuffle": False, "softmax_twice": True}
        found[BIASED] = _biased(shadow, known, scored, seeds, device, text)
        # Its examples are shuffled once, before the first epoch.
        order = [generator(s, "biased-mia", "order").permutation(known.shape[1]) for s in seeds]
        again = np.take_along_axis(shadow, np.stack(order)[:, :, None], 1)
        labels = np.take_along_axis(known, np.stack(order), 1)
        found[BIASED_RELEASED] = _biased(again, labels, scored, seeds, device, code)
    first = StackedDLMIA(seeds=seeds, schedule=schedule, device=device)
    first.pretrain(shadow, known, present)
    found[PRETRAINED] = first.score(scored), first.thresholds
    after = first.alternate()
    found[DL_MIA] = after.score(scored), after.thresholds
    cut = np.full(len(seeds), THRESHOLD)
    if leak and schedule.encoder == "disentangled":
        found[SELF_TRAINED] = SelfTrainedDLMIA.after(first).score(scored), cut
    if leak:
        leaky = LeakyDLMIA.after(first, told)
        found[LEAKY] = leaky.score(scored), cut
        found[LEAKY_BEST] = leaky.score_best(scored), cut
    arrays = {"membership": truth, "row_ids": ids}
    for attack, (scores, thresholds) in found.items():
        arrays |= {f"{attack}|scores": scores, f"{attack}|threshold": thresholds}
    write_arrays(path, **arrays)


def _stacked(paths: Sequence[Path]) -> tuple[np.ndarray, ...]:
    saved = [read_arrays(path) for path in paths]
    return tuple(
        np.stack([s[name] for s in saved]) for name in ("features", "membership", "row_ids")
    )


def _biased(
    shadow: np.ndarray,
    known: np.ndarray,
    scored: np.ndarray,
    seeds: Sequence[int],
    device: str,
    choices: dict[str, Any],
) -> tuple[np.ndarray, np.ndarray]:
    """Biased-MIA's scores and thresholds."""
    features, labels = torch.from_numpy(shadow), torch.from_numpy(known)
    trained = train_stacked(features, labels, **choices, seeds=seeds, device=device)
    scores = trained.probabilities(torch.from_numpy(scored).to(device))[..., 1]
    return scores.double().cpu().numpy(), np.full(len(scored), THRESHOLD)
