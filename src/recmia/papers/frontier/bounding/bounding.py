"""Notebook 23: the games that are bounded, and what their models say, kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.rows import CORRECTED
from recmia.papers.frontier import game as first_game
from recmia.papers.frontier import names
from recmia.papers.frontier.bounding import games
from recmia.papers.frontier.bounding.games import CanaryGame
from recmia.papers.frontier.bounding.next_items import keep_shown, references_of
from recmia.papers.frontier.game import Game
from recmia.seeds import child_seed

FIRST = "notebook 21"


@dataclass(frozen=True)
class Bounded:
    """What is bounded: notebook 21's game and the two with canaries, each at both checkpoints.

    Attributes:
        played: notebook 21's game.
        one: few models with many canaries.
        many: many models with few.
        epochs: of each of them, by name (`FIRST`, `CanaryGame.name`), checkpoint to epoch.
    """

    played: Game
    one: CanaryGame
    many: CanaryGame
    epochs: Mapping[str, Mapping[str, int]]

    def kept(self, name: str) -> tuple[int, ...]:
        """The epochs of a game, rising."""
        return tuple(sorted({*self.epochs[name].values()}))

    def about(self, artefact: str, checkpoint: str, **columns: Any) -> dict[str, Any]:
        """Columns that all rows have."""
        found = {"study": names.STUDY, "artefact": artefact, "checkpoint": checkpoint}
        found |= {"dataset": self.played.study.settings.dataset, "reading": CORRECTED}
        return found | columns

    def signals(self) -> list[Kept]:
        """What every interface shows of notebook 21's pool, of each model."""
        epochs = self.kept(FIRST)
        return [first_game.signals(self.played, number, epochs) for number in self.played.models]

    @property
    def error(self) -> float:
        """Probability that one bound is too high."""
        return 1 - self.played.study.settings.intervals.level


def bounded(
    played: Game, one: CanaryGame, many: CanaryGame, attacked: Mapping[str, int]
) -> Bounded:
    """Of games whose models are trained.

    Args:
        played: notebook 21's.
        one: few models with many canaries.
        many: many models with few.
        attacked: checkpoint to epoch of notebook 21's game.
    """
    curves = zip((one, many), games.curves(one, many), strict=True)
    epochs = {game.name: game.checkpoints(curve) for game, curve in curves}
    return Bounded(played, one, many, {FIRST: dict(attacked), **epochs})


@dataclass(frozen=True)
class Said:
    """What models say of canaries, and of sessions that they have not seen.

    Attributes:
        models: of the canaries, a file a model that was trained with them.
        unseen: of the canaries, the first model of notebook 21.
        pool: of notebook 21's pool, the first model that was trained with canaries.
    """

    models: tuple[Kept, ...]
    unseen: Kept
    pool: Kept


def of_canaries(of: Bounded) -> Said:
    """Of the game with many canaries."""
    first, own = of.kept(FIRST), of.kept(of.one.name)
    return Said(
        tuple(games.scores(of.one, number, own) for number in range(of.one.models)),
        games.strange_canaries(of.one, of.played, first),
        games.strange_pool(of.one, own),
    )


@cache
def shown(played: Game, epoch: int, best: int, target: int, members: bool) -> Kept:
    """Last clicks, or draws in their place, under one target of notebook 21 at one epoch."""
    study, numbers = played.study, references_of(target, len(played.models))
    side = "members" if members else "others"
    return Kept(
        study.folder(games.STEP) / "next_items" / f"epoch{epoch}_target{target:02d}_{side}.npz",
        keep_shown,
        first_game.pool(study),
        first_game.model(played, target),
        [first_game.model(played, number) for number in numbers],
        epoch=epoch,
        reference_epoch=best,
        target=target,
        numbers=numbers,
        members=members,
        steps=study.settings.bounds.steps,
        seed=child_seed(study.settings.root_seed, games.STEP, "next items", target, side),
        device=study.device,
    )


def of_next_items(of: Bounded, epoch: int, members: bool) -> list[Kept]:
    """A file a target that is audited."""
    observed = of.played.targets[: of.played.study.settings.bounds.observed]
    best = of.epochs[FIRST][names.BEST]
    return [shown(of.played, epoch, best, target, members) for target in observed]


def look(of: Bounded) -> None:
    """Write what the models say of canaries, of sessions that they lack, and of next items."""
    study, said = of.played.study, of_canaries(of)
    make_all(study, [*said.models, said.unseen, said.pool], label="canaries")
    wanted = [
        kept
        for epoch in of.kept(FIRST)
        for members in (True, False)
        for kept in of_next_items(of, epoch, members)
    ]
    make_all(study, wanted, label="next items")
