"""Which defences there are: how models are trained, and what of them is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pandas as pd

from recmia.errors import SettingsError
from recmia.experiments.study import Study
from recmia.papers.frontier.dealing import USER, load_pool
from recmia.papers.frontier.defences.showing import Shown
from recmia.papers.frontier.game import Game, best_epoch, curves, plain_game, pool
from recmia.papers.frontier.names import BEST, LAST
from recmia.recommenders import privacy
from recmia.recommenders.privacy import Mechanism, noise_for, rate_and_steps

STEP = "24_defences"
NONE, EARLY = "none", "early stopping"
RANDOMISED = "popularity randomisation"
SETTINGS = {
    "dropout": "dropout {:g}",
    "weight_decay": "weight decay {:g}",
    "label_smoothing": "label smoothing {:g}",
}


@dataclass(frozen=True)
class Plan:
    """One way to train all models of a game.

    Attributes:
        title: of the defence; `NONE` without any.
        game: its models.
        epsilon: that DP-SGD is asked for; null for any other training.
    """

    title: str
    game: Game
    epsilon: float | None = None


@dataclass(frozen=True)
class Case:
    """One defence as it is attacked.

    Attributes:
        title: of the defence.
        plan: how the models are trained.
        checkpoint: `recmia.papers.frontier.names.BEST` or ``LAST``.
        epoch: at that checkpoint.
        shown: what of them is seen.
    """

    title: str
    plan: Plan
    checkpoint: str
    epoch: int
    shown: Shown


@cache
def plain(study: Study) -> Plan:
    """Without a defence: the first models of notebook 21.

    Raises:
        SettingsError: these were not recorded at the last epoch, or are too few.
    """
    chosen, game = study.settings.frontier, plain_game(study)
    if chosen.defences.epochs not in game.target.recorded_epochs:
        raise SettingsError(
            f"frontier.defences.epochs: {chosen.defences.epochs} is no recorded epoch of the "
            f"game's models. Remedy: one of {list(game.target.recorded_epochs)}."
        )
    return Plan(NONE, replace(game, count=chosen.defences.models))


@cache
def trained(study: Study) -> list[Plan]:
    """The plain plan, and one for each defence that changes the training's settings."""
    chosen, base = study.settings.frontier.defences, plain(study)
    found = [base]
    for name, title in SETTINGS.items():
        for value in getattr(chosen, name):
            changes = {name: value, "epochs": chosen.epochs}
            target = base.game.target.changed(**changes)
            game = replace(base.game, target=target, folder=_folder(study, title.format(value)))
            found.append(Plan(title.format(value), game))
    return found


@cache
def private(study: Study) -> list[Plan]:
    """DP-SGD at each ε; none where Opacus is not installed."""
    chosen, base = study.settings.frontier.defences, plain(study)
    if not privacy.is_available():
        return []
    found = []
    for epsilon in chosen.epsilons:
        last = {"epochs": chosen.private.epochs, "recorded_epochs": ()}
        target = base.game.target.changed(**last)
        title = f"DP-SGD, ε = {epsilon:g}"
        game = replace(base.game, target=target, folder=_folder(study, title))
        found.append(Plan(title, game, epsilon))
    return found


def left_out(study: Study) -> str:
    """What is said where DP-SGD is asked for and cannot be had; "" where it can."""
    if privacy.is_available() or not study.settings.frontier.defences.epsilons:
        return ""
    return f"DP-SGD is left out: Opacus is not installed. Remedy: {privacy.REMEDY}."


def unit_words(study: Study) -> str:
    """What DP-SGD protects as a whole."""
    return "user" if study.settings.frontier.unit == USER else "session"


@cache
def units(study: Study) -> int:
    """Units of the pool that have a coin each."""
    return int(load_pool(pool(study).ensure()).groups.max()) + 1


def population(study: Study) -> int:
    """Units that a model is trained on, on average: a public number."""
    return units(study) // 2


def delta(study: Study) -> float:
    """δ: one over the units of the pool."""
    return 1 / units(study)


@cache
def mechanism(study: Study, epsilon: float) -> Mechanism:
    """What DP-SGD at an ε asks of its accountant."""
    chosen = study.settings.frontier.defences.private
    noise = noise_for(epsilon, chosen, population(study), delta(study))
    rate, steps = rate_and_steps(chosen, population(study))
    return Mechanism(rate, steps * chosen.epochs, noise)


def cases(study: Study) -> list[Case]:
    """Every defence at every checkpoint; all models have to be trained.

    What is shown otherwise is shown of the models without a defence, at both checkpoints. DP-SGD
    is released at its last epoch.
    """
    return [
        *(case for plan in trained(study) for case in _both(plan, study)),
        *(
            replace(case, title=shown.title, shown=shown)
            for shown in outputs(study)
            for case in _both(plain(study), study)
            if case.checkpoint == LAST or not shown.randomised  # whose lists know no epoch
        ),
        *(
            Case(plan.title, plan, LAST, plan.game.target.epochs, Shown())
            for plan in private(study)
        ),
    ]


def outputs(study: Study) -> list[Shown]:
    """What is shown in place of scores; popularity randomisation is a control."""
    chosen = study.settings.frontier
    return [
        *(Shown(f"lists of {k}", top_k=k) for k in chosen.defences.list_lengths),
        *(
            Shown(f"{places} decimal{'s' * (places > 1)}", decimals=places)
            for places in chosen.defences.decimals
        ),
        Shown(RANDOMISED, top_k=chosen.top_k, randomised=True),
    ]


def _both(plan: Plan, study: Study) -> Iterator[Case]:
    last = study.settings.frontier.defences.epochs
    for checkpoint, epoch in ((BEST, best(plan, last)), (LAST, last)):
        early = plan.title == NONE and checkpoint == BEST
        yield Case(EARLY if early else plan.title, plan, checkpoint, epoch, Shown())


def best(plan: Plan, last: int) -> int:
    """The recorded epoch, up to the last, at which a game's models rank unseen sessions best."""
    curve: pd.DataFrame = curves(plan.game)
    return best_epoch(plan.game, curve[curve.epoch <= last])


def file_name(title: str) -> str:
    """A title as the name of a file or folder."""
    return re.sub(r"[^a-z0-9.]+", "-", title.lower())


def _folder(study: Study, title: str) -> Path:
    return study.folder(STEP) / file_name(title)
