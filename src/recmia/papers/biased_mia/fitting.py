"""What trains the perceptrons of Biased-MIA, many side by side, and what scores users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from recmia.attacks.base import Attack
from recmia.attacks.difference_vectors import VectorAttack
from recmia.attacks.stacked import StackedPerceptrons, train_stacked
from recmia.lists.views import Scene, Seen
from recmia.seeds import generator
from recmia.storage import read_arrays, write_arrays

Scores = tuple[np.ndarray, float]  # float64 [n], and the threshold fixed on the shadow side


def keep_stack(
    path: Path, shadows: Sequence[dict[str, Any]], *, seeds: Sequence[int], **schedule: Any
) -> None:
    """Train perceptrons of one shape and write their "parameters", a row each, and "sizes".

    Args:
        path: of the result.
        shadows: what each learns from, parts of a `Scene`.
        seeds: of each.
        schedule: see `train_stacked`.
    """
    made = [Scene(**parts).features() for parts in shadows]
    trained = train_stacked(
        torch.from_numpy(np.stack([x for x, _ in made])),
        torch.from_numpy(np.stack([seen.membership for _, seen in made])),
        seeds=seeds,
        **schedule,
    )
    write_arrays(path, parameters=trained.parameters.numpy(), sizes=np.array(trained.sizes))


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
