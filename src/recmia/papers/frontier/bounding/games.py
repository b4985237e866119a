"""The games with canaries, their models, and what these say of the canaries, kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.study import Study
from recmia.papers.frontier import game as first_game
from recmia.papers.frontier.bounding import keeping
from recmia.papers.frontier.bounding.canaries import (
    MADE_UP,
    REAL,
    Planted,
    keep_canaries,
    load_canaries,
)
from recmia.papers.frontier.game import Game, plain_game, vocabulary_size
from recmia.papers.frontier.models import keep_model
from recmia.recommenders.epochs import load_record
from recmia.recommenders.settings import Target
from recmia.seeds import child_seed
from recmia.storage import read_arrays

STEP = "23_bounds"


@dataclass(frozen=True)
class CanaryGame:
    """Who is trained on what, where canaries are planted.

    Attributes:
        study: the run.
        name: "one run": few models, each with many canaries; "many runs": many, with few.
        sessions: real ones, that every model learns from.
        canaries: of each kind.
        kinds: of canaries.
        models: how many.
        paired: models 2i and 2i + 1 have complementary coins; else all coins are independent.
        target: how each model is trained: as in the game of notebook 21.
    """

    study: Study
    name: str
    sessions: int
    canaries: int
    kinds: tuple[str, ...]
    models: int
    paired: bool
    target: Target

    @property
    def folder(self) -> Path:
        """Where models and scores lie."""
        return self.study.folder(STEP) / self.name.replace(" ", "_")

    def seed(self, *words: str | int) -> int:
        """Of the random choices so named."""
        return child_seed(self.study.settings.root_seed, STEP, self.name, *words)

    def checkpoints(self, curve: pd.DataFrame) -> dict[str, int]:
        """Name of each checkpoint to its epoch, as `recmia.papers.frontier.game.checkpoints`."""
        return first_game.checkpoints(Game(self.study, self.folder, self.target), curve)


def one_run(study: Study) -> CanaryGame:
    """Few models with many canaries, each of which proves something by itself."""
    chosen, target = study.settings.bounds, plain_game(study).target
    sizes = {"sessions": chosen.sessions, "canaries": chosen.canaries, "models": chosen.models}
    return CanaryGame(study, "one run", kinds=MADE_UP, paired=True, target=target, **sizes)


def many_runs(study: Study) -> CanaryGame:
    """Many models with few canaries: outcomes of one canary are independent."""
    chosen, target, kinds = study.settings.bounds, plain_game(study).target, (*MADE_UP, REAL)
    sizes = {"sessions": chosen.trained_on, "canaries": chosen.choices}
    sizes |= {"models": chosen.trainings}
    return CanaryGame(study, "many runs", kinds=kinds, paired=False, target=target, **sizes)


@cache  # a result's identity is remembered with it
def canaries(game: CanaryGame) -> Kept:
    """Sessions, canaries and coins."""
    return Kept(
        game.folder / "canaries.npz",
        keep_canaries,
        first_game.pool(game.study),
        sessions=game.sessions,
        canaries=game.canaries,
        kinds=game.kinds,
        models=game.models,
        paired=game.paired,
        rare_share=game.study.settings.bounds.rare_share,
        vocabulary_size=vocabulary_size(game.study),
        names=(game.seed(), "canaries"),
    )


def planted(game: CanaryGame) -> Planted:
    """The game's canaries, made if need be."""
    return load_canaries(canaries(game).ensure())


@cache
def model(game: CanaryGame, number: int) -> Kept:
    """One model's folder (`recmia.recommenders.training`)."""
    return Kept(game.folder / "models" / f"{number:02d}", keep_model, canaries(game),
                **_training(game, number))  # fmt: skip


@cache
def trial(game: CanaryGame, number: int) -> Kept:
    """What one model says of the canaries at every recorded epoch; the model itself is not kept."""
    return Kept(game.folder / "trials" / f"{number:03d}.npz", keeping.keep_trial, canaries(game),
                **_training(game, number))  # fmt: skip


def _training(game: CanaryGame, number: int) -> dict:
    return {
        "number": number,
        "target": game.target,
        "vocabulary_size": vocabulary_size(game.study),
        "seed": game.seed("model", number),
        "device": game.study.device,
    }


@cache
def scores(game: CanaryGame, number: int, epochs: tuple[int, ...]) -> Kept:
    """What one model says of the canaries at some epochs."""
    return Kept(
        game.folder / "scores" / f"{number:02d}.npz",
        keeping.keep_canary_scores,
        canaries(game),
        model(game, number),
        epochs=epochs,
        device=game.study.device,
    )


@cache
def strange_canaries(game: CanaryGame, played: Game, epochs: tuple[int, ...]) -> Kept:
    """The canaries under the first model of notebook 21's game, which has seen none of them."""
    return Kept(
        game.folder / "scores" / "unseen.npz",
        keeping.keep_canary_scores,
        canaries(game),
        first_game.model(played, 0),
        epochs=epochs,
        device=game.study.device,
    )


@cache
def strange_pool(game: CanaryGame, epochs: tuple[int, ...]) -> Kept:
    """Notebook 21's pool under the first model with canaries, which has seen none of it."""
    return Kept(
        game.folder / "scores" / "pool.npz",
        keeping.keep_pool_scores,
        first_game.pool(game.study),
        model(game, 0),
        epochs=epochs,
        device=game.study.device,
    )


def train_all(one: CanaryGame, many: CanaryGame) -> None:
    """Train every model of both games; finished ones are kept."""
    canaries(one).ensure(), canaries(many).ensure()
    for game, make in ((one, model), (many, trial)):
        kept = [make(game, number) for number in range(game.models)]
        costs = [float(game.target.epochs * planted(game).trained)] * len(kept)
        make_all(game.study, kept, label=f"trainings, {game.name}", costs=costs)


def curves(one: CanaryGame, many: CanaryGame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row a model and epoch: epoch, validation_ndcg_20; of many runs those that choose alone."""
    records = [load_record(model(one, number).path) for number in range(one.models)]
    first = pd.concat([pd.DataFrame(record.curve) for record in records], ignore_index=True)
    choosing = range(many.study.settings.bounds.fixed)
    read = [read_arrays(trial(many, n).path, ["recorded", "validation"]) for n in choosing]
    second = [
        pd.DataFrame({"epoch": own["recorded"], "validation_ndcg_20": own["validation"]})
        for own in read
    ]
    return first, pd.concat(second, ignore_index=True)
