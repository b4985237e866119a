"""What a block of draws gives, kept: every recipe, every shadow against every target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recmia.evaluation.metrics import hard_label_auc, roc_auc
from recmia.released.authors import load_authors
from recmia.released.draws import Draw, everything
from recmia.released.k_means import clusters
from recmia.released.perceptron import probabilities, train
from recmia.released.recipe import Planned, Recipe
from recmia.released.splits import SHADOW, TARGET
from recmia.released.world import SIDES, World, load_world
from recmia.seeds import child_seed
from recmia.storage import read_arrays, write_arrays

HARD, ROC, SAME = "hard", "roc", "same"


def open_world(place: Mapping[str, Any], candidates: int) -> World:
    """The world that is kept, or that the authors released.

    Args:
        place: "split" and what else `load_world` takes, or "authors", "files" and "drawn".
        candidates: popular items that are kept.
    """
    if name := place.get("authors"):
        return load_authors(name, place["files"], candidates, drawn=place["drawn"])
    return load_world(candidates, **place)


def keep_draws(
    path: Path,
    place: dict[str, Any],
    plans: Sequence[Planned],
    *,
    draws: Sequence[int],
    seed: int,
    top_k: int,
    candidates: int,
    progress: Callable[[float], None] = lambda done: None,
) -> None:
    """Draw, train and score.

    The first plan is drawn for every number and every recommender.

    Args:
        path: of the result. Of R plans, D draws and K recommenders: "hard", "roc" float64 and
            "same" bool [R, D, K shadows, K targets]: hard-label AUC, ROC AUC, and whether all
            users are called the same, NaN where nothing was drawn; "hits" float64 [R, D, K, 2],
            HR@k as released of shadow and target; "clusters" float64 [R, D, K], hard-label AUC of
            K-Means as released on the target; "parameters" float32 [D, K, P], the perceptrons of
            the first plan; "kinds" text [K].
        place: see `open_world`.
        plans: what is drawn.
        draws: numbers of the draws.
        seed: of the data set.
        top_k: items on a list.
        candidates: popular items that are kept.
        progress: called with the part that is done.
    """
    world = open_world(place, candidates)
    kinds, shape = world.kinds, (len(plans), len(draws), len(world.kinds))
    found = {name: np.full((*shape, len(kinds)), np.nan) for name in (HARD, ROC)}
    found[SAME] = np.zeros((*shape, len(kinds)), dtype=bool)
    found |= {"hits": np.full((*shape, 2), np.nan), "clusters": np.full(shape, np.nan)}
    parameters, total = [], sum(min(plan.draws, len(draws)) for plan in plans)
    for d, number in enumerate(draws):
        draw = Draw(world, seed, number, top_k)
        for r, plan in enumerate(plans):
            if d >= plan.draws:
                continue
            rows = [k for k, kind in enumerate(kinds) if plan.kinds is None or kind in plan.kinds]
            seen = everything(draw, plan.recipe, [kinds[k] for k in rows])
            models = _models(draw, plan.recipe, seen)
            if r == 0:
                parameters.append(models)
            for t in rows:
                features, membership = seen[kinds[t], TARGET]
                scored = measured(models, features, membership)
                for name in (HARD, ROC, SAME):
                    found[name][r, d, rows, t] = scored[name]
                if plan.ranked:
                    hits = [draw.hits(kinds[t], side, plan.recipe) for side in SIDES]
                    found["hits"][r, d, t] = hits
                    guessed = clusters(features, child_seed(draw.seed, "k-means", kinds[t]))
                    found["clusters"][r, d, t] = hard_label_auc(guessed, membership)
            progress(1 / total)
    write_arrays(path, parameters=np.array(parameters), kinds=np.array(kinds), **found)


def keep_crossed(
    path: Path,
    place: dict[str, Any],
    shadows: dict[str, Path],
    recipe: Recipe,
    *,
    draws: Sequence[int],
    seed: int,
    top_k: int,
    candidates: int,
) -> None:
    """Score the users of one data set by perceptrons that learned from other ones (figure 6).

    Args:
        path: of the result: "<data>|hard", "|roc" and "|same" [D, shadows, targets].
        place: of the target.
        shadows: data set to what `keep_draws` wrote for the same numbers.
        recipe: of the target, the first of theirs.
        draws: their numbers.
        seed: of the target's data set.
        top_k: items on a list.
        candidates: popular items that are kept.
    """
    world = open_world(place, candidates)
    models = {name: read_arrays(p, ["parameters"])["parameters"] for name, p in shadows.items()}
    found: dict[str, list] = {}
    for d, number in enumerate(draws):
        seen = everything(Draw(world, seed, number, top_k), recipe, world.kinds)
        for name, of_draw in models.items():
            scored = [measured(of_draw[d], *seen[kind, TARGET]) for kind in world.kinds]
            for metric in (HARD, ROC, SAME):
                columns = np.stack([one[metric] for one in scored], axis=1)
                found.setdefault(f"{name}|{metric}", []).append(columns)
    write_arrays(path, **{name: np.stack(of_draw) for name, of_draw in found.items()})


def _models(draw: Draw, recipe: Recipe, seen: Mapping) -> np.ndarray:
    """float32 [K, P]: a perceptron from each shadow; starts are the same under every recipe."""
    return np.stack(
        [
            train(*shown, recipe.training, seed=child_seed(draw.seed, "attack", kind))
            for (kind, side), shown in seen.items()
            if side == SHADOW
        ]
    )


def measured(
    models: np.ndarray, features: np.ndarray, membership: np.ndarray
) -> dict[str, np.ndarray]:
    """Of perceptrons [K, P]: hard-label AUC (above one half is a member), ROC AUC, and whether
    everybody is called the same."""
    scores = probabilities(models, features)
    guessed = scores > 0.5
    return {
        HARD: np.array([hard_label_auc(one, membership) for one in guessed]),
        ROC: np.array([roc_auc(one, membership) for one in scores]),
        SAME: guessed.all(axis=1) | ~guessed.any(axis=1),
    }
