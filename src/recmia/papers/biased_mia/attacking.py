"""Attack models of all shadows and seeds, trained side by side; scores of every attempt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch

from recmia import networks
from recmia.attacks import (
    difference_vectors,
    k_means,
    popular_share,
    stacked,
    user_features,
)
from recmia.attacks.k_means import k_means_scores
from recmia.attacks.popular_share import PopularShare
from recmia.attacks.stacked import StackedPerceptrons, train_stacked
from recmia.experiments.stamped import stamped
from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.lists import views
from recmia.lists.serving import (
    STEP,
    Model,
    lists_identity,
    vectors_identity,
)
from recmia.lists.views import View, features, unpersonalised
from recmia.papers.biased_mia.claims import BIASED, K_MEANS, POPULAR_SHARE, RELEASED, TEXT, Attempt
from recmia.seeds import child_seed, generator
from recmia.storage import content_hash, read_arrays, source_hash, write_arrays

SCHEDULES = {
    RELEASED: {"momentum": 0.9, "shuffle": False, "softmax_twice": True},
    TEXT: {"momentum": 0.7, "shuffle": True, "softmax_twice": False},
}
# Models that are trained together: many enough to fill the vector units, few enough to leave work
# for both processes and features in memory.
MOST_MODELS, MOST_NUMBERS = 45, 100_000_000
DECISIVE = (difference_vectors, k_means, networks, popular_share, stacked, user_features, views)


@dataclass(frozen=True, order=True)
class AttackModel:
    """One perceptron: what it learns from, how, and the seed."""

    shadow: View
    schedule: str
    seed: int


@dataclass(frozen=True)
class Stack:
    """Perceptrons of one shape that are trained in one pass."""

    name: str
    models: tuple[AttackModel, ...]


def stacks(study: Study, attempts: list[Attempt]) -> list[Stack]:
    """Group the attack models that the attempts need by shape and schedule, the widest first."""
    needed = {
        AttackModel(attempt.shadow, attempt.schedule, seed)
        for attempt in attempts
        if attempt.attack == BIASED
        for seed in study.seeds()
    }
    groups: dict[tuple, list[AttackModel]] = defaultdict(list)
    for model in sorted(needed):
        groups[_shape(study, model)].append(model)
    made = []
    for (schedule, letter, n, width), members in groups.items():
        size = max(1, min(MOST_MODELS, MOST_NUMBERS // (n * width)))
        for start in range(0, len(members), size):
            name = f"{letter}-{schedule.split()[0]}-{n}x{width}-{start // size}"
            made.append(
                (n * width * len(members[start : start + size]), name, start, members, size)
            )
    made.sort(key=lambda entry: -entry[0])
    return [
        Stack(name, tuple(members[start : start + size])) for _, name, start, members, size in made
    ]


def _shape(study: Study, model: AttackModel) -> tuple[str, str, int, int]:
    """Schedule, data set, users and width; a longer LFM is a group of its own."""
    view = model.shadow
    side = views.side_of(
        study, Model(view.letter, view.algorithm, "shadow", model.seed, view.share)
    )
    users = side.n_members if view.serving == views.MEMBERS_ONLY else len(side.seen)
    return model.schedule, view.letter + view.algorithm[1:], users, _width(view)


def _width(view: View) -> int:
    concatenated = user_features.CONCATENATED.get(view.generator)
    if concatenated is not None:
        first, recommended = concatenated
        return (first + min(recommended or view.k, view.k)) * view.l
    return view.k if view.generator == "Similarity" else view.l


def train(study: Study, attempts: list[Attempt]) -> dict[AttackModel, tuple[Path, int]]:
    """Train every attack model; finished stacks are kept.

    Returns:
        Attack model to its stack's file and its row there.
    """
    planned = stacks(study, attempts)
    jobs = [(study, stack) for stack in planned]
    total = sum(len(stack.models) for stack in planned)
    run_jobs(_train, jobs, workers=study.workers, total=total, label="attack models")
    return {
        model: (_stack_path(study, stack), row)
        for stack in planned
        for row, model in enumerate(stack.models)
    }


def _stack_path(study: Study, stack: Stack) -> Path:
    return study.folder(STEP) / "attacks" / f"{stack.name}.npz"


def _train(job: tuple[Study, Stack], progress: Callable[[float], None]) -> None:
    study, stack = job
    path = _stack_path(study, stack)
    identity = content_hash(
        [view_identity(study, m.shadow, "shadow", m.seed) for m in stack.models],
        [m.schedule for m in stack.models],
        study.settings.biased_mia.attack_epochs,
    )

    def make() -> None:
        made = [features(study, m.shadow, "shadow", m.seed) for m in stack.models]
        trained = train_stacked(
            torch.from_numpy(np.stack([x for x, _ in made])),
            torch.from_numpy(np.stack([seen.membership for _, seen in made])),
            epochs=study.settings.biased_mia.attack_epochs,
            seeds=[_model_seed(study, model) for model in stack.models],
            **SCHEDULES[stack.models[0].schedule],
        )
        write_arrays(path, parameters=trained.parameters.numpy(), sizes=np.array(trained.sizes))

    stamped(path, identity, make)
    progress(len(stack.models))


def _model_seed(study: Study, model: AttackModel) -> int:
    # A start of its own for each: one in some 250 leaves every unit of the second layer silent for
    # small inputs, and that must not be the same one for a whole seed.
    return child_seed(
        study.settings.root_seed,
        "biased-mia",
        "attack",
        *(str(value) for value in vars(model.shadow).values()),
        model.schedule,
        model.seed,
    )


def view_identity(study: Study, view: View, side: str, seed: int) -> str:
    """What the features of a view depend on."""
    model = Model(view.letter, view.algorithm, side, seed, view.share)
    return content_hash(
        lists_identity(study, model),
        vectors_identity(study, view.letter, seed, view.l),
        vars(view),
        _source(),
    )


@cache
def _source() -> str:
    return source_hash(*DECISIVE)


def score(
    study: Study,
    attempt: Attempt,
    seed: int,
    trained: dict[AttackModel, tuple[Path, int]],
    target: tuple[np.ndarray, views.Seen],
) -> tuple[np.ndarray, float]:
    """Scores float64 [n] of a target's users, and the threshold fixed on the shadow side.

    Args:
        study: the run.
        attempt: the attack.
        seed: repetition.
        trained: where the attack models are, from `train`.
        target: features of the target's users, and the users.
    """
    made, seen = target
    if attempt.attack == BIASED:
        path, row = trained[AttackModel(attempt.shadow, attempt.schedule, seed)]
        saved = read_arrays(path)
        stack = StackedPerceptrons(
            torch.from_numpy(saved["parameters"][row : row + 1]), tuple(saved["sizes"].tolist())
        )
        x = torch.from_numpy(made).unsqueeze(0)
        return stack.probabilities(x)[0, :, 1].double().numpy(), 0.5
    root = child_seed(study.settings.root_seed, "biased-mia", attempt.attack, seed)
    if attempt.attack == K_MEANS:
        return k_means_scores(made, root), k_means.THRESHOLD
    if attempt.attack == POPULAR_SHARE:
        shadow = views.observe(study, attempt.shadow, "shadow", seed)
        lists = unpersonalised(study, attempt.target, "target", seed, seen.histories[:1])
        rule = PopularShare(lists[0])
        known = unpersonalised(study, attempt.shadow, "shadow", seed, shadow.histories[:1])
        threshold = PopularShare(known[0]).fit(shadow, shadow.membership).threshold
        return rule.score(seen), threshold
    return generator(root, "guess").random(len(made)), 0.5
