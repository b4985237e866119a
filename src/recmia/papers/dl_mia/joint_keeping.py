"""What one draw of the released recipe gives DL-MIA: the joint stage of every setting, kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recmia.papers.dl_mia.joint import FIRST, first_stage, joint_stage
from recmia.released.draws import Draw
from recmia.released.keeping import HARD, ROC, SAME, measured, open_world
from recmia.released.recipe import Recipe
from recmia.released.splits import SHADOW, TARGET
from recmia.seeds import child_seed, generator
from recmia.storage import write_arrays

LEAK, GUESSED = "label leak", "guessed labels"
KINDS = (LEAK, GUESSED)
Cell = tuple[str, str]  # a data set and a recommender
Shown = tuple[np.ndarray, np.ndarray]  # features float32 [n, l] and membership bool [n]


@dataclass(frozen=True)
class Case:
    """One setting as released.

    Attributes:
        shadow: what labels are known of.
        target: what is scored.
        recipe: what is drawn and served.
        held_out: half of the target's users take part; the others are scored.
        random_labels: there is nothing to find, for who is called a member is drawn.
    """

    shadow: Cell
    target: Cell
    recipe: Recipe
    held_out: bool = False
    random_labels: bool = False


def keep_joint(
    path: Path,
    places: Mapping[str, Mapping[str, Any]],
    cases: Sequence[Case],
    *,
    kinds: Sequence[str],
    number: int,
    seeds: Mapping[str, int],
    top_k: int,
    candidates: int,
    most: int,
    epochs: int,
    turns: Sequence[int],
    progress: Callable[[float], None] = lambda done: None,
) -> None:
    """Train and score every case of one draw, with the slip and without.

    Args:
        path: of the result: "hard", "roc" float64 and "same" bool [cases, kinds, C] after each
            turn.
        places: data set to what `recmia.released.keeping.open_world` opens.
        cases: what is trained.
        kinds: of `KINDS`, with the slip and without.
        number: of the draw.
        seeds: of the data sets.
        top_k: items on a list.
        candidates: popular items that are kept.
        most: users of a side in the joint stage; the first one has all of the shadow's.
        epochs: of the first stage.
        turns: epochs of each turn of the joint stage.
        progress: called with the part that is done.
    """
    draws = {
        data: Draw(open_world(place, candidates), seeds[data], number, top_k)
        for data, place in places.items()
    }
    seen, started = _Seen(draws), {}
    shape = (len(cases), len(kinds), len(turns))
    found = {HARD: np.empty(shape), ROC: np.empty(shape), SAME: np.empty(shape, dtype=bool)}
    for c, case in enumerate(cases):
        learned, scored = (seen.of(case, side) for side in (SHADOW, TARGET))
        seed = draws[case.shadow[0]].seed
        known = (case.shadow, case.recipe, case.random_labels)
        if known not in started:
            start = child_seed(seed, "dl-mia", "joint", case.shadow[1])
            training = replace(FIRST, epochs=epochs)
            started[known] = first_stage(*learned, seed=start, training=training)
        words = (*case.shadow, *case.target)
        few = thinned(*learned, most, seed=child_seed(seed, "dl-mia", "users", SHADOW))
        there = draws[case.target[0]].seed
        scored = thinned(*scored, most, seed=child_seed(there, "dl-mia", "users", TARGET))
        present = scored
        if case.held_out:
            order = generator(there, "dl-mia", "held out").permutation(len(scored[1]))
            halves = np.split(order, [len(order) // 2])
            present, scored = (tuple(part[rows] for part in scored) for rows in halves)
        for k, kind in enumerate(kinds):
            models = joint_stage(
                started[known],
                *few,
                present[0],
                present[1] if kind == LEAK else None,
                turns=turns,
                seed=child_seed(seed, "dl-mia", "joint", *words),
            )
            for name, values in measured(models, *scored).items():
                found[name][c, k] = values
        progress(1 / len(cases))
    write_arrays(path, **found)


def keep_drawn_features(
    path: Path,
    place: Mapping[str, Any],
    recipe: Recipe,
    kind: str,
    side: str,
    *,
    number: int,
    seed: int,
    top_k: int,
    candidates: int,
    most: int,
) -> None:
    """Write "features", "membership" and "row_ids" of one draw for `scoring.keep_scores`.

    The users are those of `keep_joint`, and so are its arguments.
    """
    draw = Draw(open_world(place, candidates), seed, number, top_k)
    made = draw.features(kind, side, recipe)
    made = thinned(*made, most, seed=child_seed(draw.seed, "dl-mia", "users", side))
    write_arrays(path, features=made[0], membership=made[1], row_ids=np.arange(len(made[1])))


def thinned(features: np.ndarray, membership: np.ndarray, most: int, *, seed: int) -> Shown:
    """At most so many users, as many members as others, in their order."""
    if len(features) <= most:
        return features, membership
    draw = np.random.default_rng(seed)
    parts = [draw.permutation(np.flatnonzero(membership == said)) for said in (True, False)]
    rows = np.sort(np.concatenate([part[: most // 2] for part in parts]))
    return features[rows], membership[rows]


class _Seen:
    """What the attack sees of a draw; each made once."""

    def __init__(self, draws: Mapping[str, Draw]) -> None:
        self._draws, self._made = draws, {}

    def of(self, case: Case, side: str) -> Shown:
        data, kind = case.shadow if side == SHADOW else case.target
        draw, place = self._draws[data], (data, kind, side, case.recipe)
        if place not in self._made:
            self._made[place] = draw.features(kind, side, case.recipe)
        features, membership = self._made[place]
        if case.random_labels:
            drawn = generator(draw.seed, "dl-mia", "random labels", kind, side)
            membership = drawn.permutation(membership)
        return features, membership
