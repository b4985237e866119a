"""Attack models of all shadows and seeds, trained side by side; scores of every attempt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from recmia.attacks.registry import ATTACKS
from recmia.attacks.user_features import CONCATENATED
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place, Runs
from recmia.experiments.stacking import stacked
from recmia.lists.views import MEMBERS_ONLY, View
from recmia.lists.world import ListWorld
from recmia.papers.biased_mia import fitting
from recmia.papers.biased_mia.grid import BIASED, K_MEANS, POPULAR_SHARE, Attempt
from recmia.released.perceptron import TEXT
from recmia.storage import content_hash

# Models that are kept together: few enough to leave work for every process.
MOST_MODELS, MOST_NUMBERS = 45, 100_000_000


@dataclass(frozen=True, order=True)
class AttackModel:
    """One perceptron: what it learns from, and the seed."""

    shadow: View
    seed: int

    @property
    def seed_words(self) -> tuple[str | int, ...]:
        """What tells it from others.

        A start of its own for each: one in some 250 leaves every unit of the second layer silent
        for small inputs, and that must not be the same one for a whole seed.
        """
        return (*self.shadow.seed_words, self.seed)


@dataclass(frozen=True)
class Shape:
    """What perceptrons that are kept together have in common."""

    data: str
    epochs: int
    users: int
    width: int


def run(world: ListWorld, attempts: Iterable[Attempt]) -> dict[Attempt, Runs]:
    """Train every attack model and score every attempt; what is current is kept.

    Returns:
        Attempt to where its scores are, a place a seed.
    """
    attempts = list(dict.fromkeys(attempts))
    stacks = _stacks(world, attempts)
    costs = [len(models) * shape.users * shape.width for shape, models, _ in stacks]
    make_all(world.study, [kept for *_, kept in stacks], costs=costs, label="attack models")
    trained = {m: (kept, row) for _, models, kept in stacks for row, m in enumerate(models)}
    by_target: dict[View, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_target[attempt.target].append(attempt)
    scores = {
        (view, seed): _scores(world, view, own, seed, trained)
        for view, own in by_target.items()
        for seed in world.seeds
    }
    costs = [len(by_target[view]) for view, _ in scores]
    make_all(world.study, list(scores.values()), costs=costs, label="scores")
    return {
        attempt: tuple(Place(scores[attempt.target, s], _name(attempt)) for s in world.seeds)
        for attempt in attempts
    }


Trained = dict[AttackModel, tuple[Kept, int]]


def _stacks(
    world: ListWorld, attempts: Iterable[Attempt]
) -> list[tuple[Shape, tuple[AttackModel, ...], Kept]]:
    needed = {
        AttackModel(attempt.shadow, seed)
        for attempt in attempts
        if attempt.attack == BIASED
        for seed in world.seeds
    }

    @cache
    def users_of(data: str, seed: int, share: float) -> tuple[int, int]:
        side = world.side(
            View(data, world.settings.algorithms[0], share=share).model("shadow", seed)
        )
        return side.n_members, len(side.seen)

    def shape(model: AttackModel) -> Shape:
        view = model.shadow
        members, everybody = users_of(view.data, model.seed, view.share)
        users = members if view.serving == MEMBERS_ONLY else everybody
        return Shape(view.data, view.epochs, users, _width(view))

    def most(shape: Shape) -> int:
        return max(1, min(MOST_MODELS, MOST_NUMBERS // (shape.users * shape.width)))

    return [
        (shape, models, _stack(world, models))
        for shape, models in stacked(sorted(needed), shape, most)
    ]


def _width(view: View) -> int:
    if view.features in CONCATENATED:
        first, recommended = CONCATENATED[view.features]
        return (first + min(recommended or view.k, view.k)) * view.l
    return view.k if view.features == "Similarity" else view.l


def _stack(world: ListWorld, models: tuple[AttackModel, ...]) -> Kept:
    return Kept(
        world.folder / "attacks" / f"{_short([model.seed_words for model in models])}.npz",
        fitting.keep_stack,
        [world.scene_parts(model.shadow, "shadow", model.seed) for model in models],
        replace(TEXT, epochs=world.settings.attack_epochs),
        seeds=[world.seed("attack", *model.seed_words) for model in models],
    )


def _scores(
    world: ListWorld, target: View, attempts: list[Attempt], seed: int, trained: Trained
) -> Kept:
    return Kept(
        world.folder / "scores" / f"seed{seed}" / f"{target.name}-{_short(target.seed_words)}.npz",
        fitting.keep_scores,
        world.scene_parts(target, "target", seed),
        [(_name(attempt), *_scorer(world, attempt, seed, trained)) for attempt in attempts],
    )


def _scorer(world: ListWorld, attempt: Attempt, seed: int, trained: Trained) -> tuple[Any, dict]:
    if attempt.attack == BIASED:
        stack, row = trained[AttackModel(attempt.shadow, seed)]
        return fitting.by_perceptron, {"stack": stack, "row": row}
    root = {"seed": world.seed(attempt.attack, seed)}
    if attempt.attack == K_MEANS:
        return fitting.by_vectors, _registered("k-means", root)
    if attempt.attack == POPULAR_SHARE:
        shadow = world.scene_parts(attempt.shadow, "shadow", seed)
        return fitting.by_lists, _registered("popular-share", root) | {"shadow": shadow}
    return fitting.by_chance, root


def _registered(name: str, offered: dict[str, Any]) -> dict[str, Any]:
    return {"attack": ATTACKS[name], "options": ATTACKS.arguments(name, **offered)}


def _name(attempt: Attempt) -> str:
    """Of an attempt among those on its target."""
    return f"{attempt.attack} {_short(attempt.shadow.seed_words)}"


def _short(words: Any) -> str:
    return content_hash(words)[:16]
