"""What trains the perceptrons of Biased-MIA, and what scores users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recmia.attacks.base import Attack
from recmia.attacks.difference_vectors import VectorAttack
from recmia.attacks.stacked import StackedPerceptrons
from recmia.lists.views import Scene, Seen
from recmia.released.perceptron import HIDDEN, Training, train
from recmia.seeds import generator
from recmia.storage import read_arrays, write_arrays

Scores = tuple[np.ndarray, float]  # float64 [n], and the threshold fixed on the shadow side


def keep_stack(
    path: Path, shadows: Sequence[dict[str, Any]], training: Training, *, seeds: Sequence[int]
) -> None:
    """Train perceptrons of one shape and write their "parameters", a row each, and "sizes".

    Args:
        path: of the result.
        shadows: what each learns from, parts of a `Scene`.
        training: how.
        seeds: of each.
    """
    rows = []
    for parts, seed in zip(shadows, seeds, strict=True):
        features, seen = Scene(**parts).features()
        rows.append(train(features, seen.membership, training, seed=seed))
    sizes = np.array([features.shape[1], *HIDDEN, 2])
    write_arrays(path, parameters=np.stack(rows), sizes=sizes)


def keep_scores(
    path: Path,
    target: dict[str, Any],
    attacks: Sequence[tuple[str, Callable[..., Scores], dict[str, Any]]],
) -> None:
    """Score the users of a target by several attacks, for `recmia.experiments.measuring.Place`.

    Args:
        path: of the result.
        target: parts of a `Scene`.
        attacks: name, one of the functions below, and what else it takes.
    """
    scene = Scene(**target)
    made, seen = scene.features()
    arrays = {"membership": seen.membership, "row_ids": seen.observations.row_ids}
    for name, attack, options in attacks:
        scores, threshold = attack(scene, made, seen, **options)
        arrays |= {f"{name}|scores": scores, f"{name}|threshold": np.float64(threshold)}
    write_arrays(path, **arrays)


def by_perceptron(scene: Scene, made: np.ndarray, seen: Seen, *, stack: Path, row: int) -> Scores:
    """Probability of membership by one perceptron of a kept stack."""
    saved = read_arrays(stack)
    parameters = torch.from_numpy(saved["parameters"][row : row + 1])
    perceptron = StackedPerceptrons(parameters, tuple(saved["sizes"].tolist()))
    probabilities = perceptron.probabilities(torch.from_numpy(made).unsqueeze(0))
    return probabilities[0, :, 1].double().numpy(), 0.5


def by_vectors(
    scene: Scene, made: np.ndarray, seen: Seen, *, attack: type[VectorAttack], options: dict
) -> Scores:
    """A registered attack that needs no shadow, on the target's difference vectors alone."""
    chosen = attack(**options)
    return chosen.score_each(made).mean(axis=0), chosen.threshold


def by_lists(
    scene: Scene,
    made: np.ndarray,
    seen: Seen,
    *,
    attack: type[Attack],
    options: dict,
    shadow: dict[str, Any],
) -> Scores:
    """A registered attack that learns from the shadow's lists."""
    known = Scene(**shadow).observe()
    chosen = attack(**options).fit(known.observations, known.membership, seen.observations)
    return chosen.score(seen.observations), chosen.threshold


def by_chance(scene: Scene, made: np.ndarray, seen: Seen, *, seed: int) -> Scores:
    """A guess."""
    return generator(seed, "guess").random(len(made)), 0.5
