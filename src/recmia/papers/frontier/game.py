"""Notebook 21: the membership game, its models, and what every interface shows of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.ranges import ranged
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.papers.frontier.dealing import Pool, keep_pool, load_pool
from recmia.papers.frontier.keeping import keep_signals
from recmia.papers.frontier.models import keep_model
from recmia.papers.frontier.names import BEST, LAST, STUDY
from recmia.recommenders.epochs import load_record
from recmia.recommenders.settings import Target
from recmia.seeds import child_seed
from recmia.sessions import FIRST_ITEM

STEP = "21_shadows"
NDCG = "NDCG@20"


@dataclass(frozen=True)
class Game:
    """Who is trained on what: one pool, M coins a session, one way to train.

    Every game of a study has the same pool, the same coins and the same seeds, so that games
    with other ``target`` settings (a defence) differ by these alone. One with fewer models has the
    first ones of the others.

    Attributes:
        study: the run.
        folder: where models and signals lie; of its own for each target.
        target: how each model is trained.
        count: models, an even number up to those that coins were dealt for; all where left out.
    """

    study: Study
    folder: Path
    target: Target
    count: int | None = None

    @property
    def models(self) -> range:
        """Numbers of the models, 0 to M - 1; 2i and 2i + 1 are a pair."""
        return range(self.count or self.study.settings.frontier.shadows + 2)

    @property
    def targets(self) -> list[int]:
        """Models that take the target's place: the first of each pair, then the others."""
        models = self.models
        return [*models[::2], *models[1::2]][: self.study.settings.frontier.targets]


def plain_game(study: Study) -> Game:
    """The game without a defence: notebook 21's."""
    target = study.settings.frontier.target or study.settings.target
    return Game(study, study.folder(STEP), target)


def vocabulary_size(study: Study) -> int:
    """V: items of the cleaned log and the three special ids."""
    return pq.read_metadata(study.need("01_preprocess/items.parquet")).num_rows + FIRST_ITEM


@cache  # a result's identity is remembered with it
def pool(study: Study) -> Kept:
    """Sessions, groups and coins, the same for every game of a study."""
    settings = study.settings
    return Kept(
        study.folder(STEP) / "pool.npz",
        keep_pool,
        study.need("01_preprocess/sessions.parquet"),
        pool=settings.frontier.pool,
        validation=settings.cohorts.validation,
        population=settings.cohorts.reference,
        models=settings.frontier.shadows + 2,
        names=(settings.root_seed, STEP),
        unit=settings.frontier.unit,
    )


def dealt(study: Study) -> Pool:
    """The game's sessions and coins, drawn if need be."""
    return load_pool(pool(study).ensure())


@cache
def model(game: Game, number: int) -> Kept:
    """One model's folder (`recmia.recommenders.training`)."""
    return Kept(
        game.folder / "models" / f"{number:02d}",
        keep_model,
        pool(game.study),
        number=number,
        target=game.target,
        vocabulary_size=vocabulary_size(game.study),
        seed=child_seed(game.study.settings.root_seed, STEP, "model", number),
        device=game.study.device,
    )


@cache
def signals(game: Game, number: int, epochs: tuple[int, ...]) -> Kept:
    """What every interface shows of the pool under one model, at the epochs that are attacked."""
    return Kept(
        game.folder / "signals" / f"{number:02d}.npz",
        keep_signals,
        pool(game.study),
        model(game, number),
        epochs=epochs,
        recorded=game.target.recorded_epochs,
        top_k=game.study.settings.frontier.top_k,
        device=game.study.device,
    )


def train_all(game: Game) -> pd.DataFrame:
    """Train every model; finished ones are kept, an interrupted one goes on after its last epoch.

    Returns:
        A row a model and epoch: model, epoch, train_loss, validation_ndcg_20, validation_hr_20.
    """
    kept = [model(game, number) for number in game.models]
    costs = game.target.epochs * dealt(game.study).coins.sum(axis=0).astype(float)
    make_all(game.study, kept, label="training", costs=costs)
    return curves(game)


def curves(game: Game) -> pd.DataFrame:
    """As of `train_all`, of trainings that are finished.

    Raises:
        ArtifactError: one is not.
    """
    records = [load_record(model(game, number).path) for number in game.models]
    return pd.concat(
        [pd.DataFrame(record.curve).assign(model=n) for n, record in enumerate(records)],
        ignore_index=True,
    )


def best_epoch(game: Game, curve: pd.DataFrame) -> int:
    """The recorded epoch at which the models rank unseen sessions best, averaged over models."""
    recorded = curve[curve.epoch.isin(game.target.recorded_epochs) & (curve.epoch > 0)]
    return int(recorded.groupby("epoch").validation_ndcg_20.mean().idxmax())


def checkpoints(game: Game, curve: pd.DataFrame) -> dict[str, int]:
    """Name of each checkpoint that is attacked to its epoch; the two may be one."""
    return {BEST: best_epoch(game, curve), LAST: game.target.epochs}


def look(game: Game, attacked: dict[str, int]) -> list[Path]:
    """Write what every interface shows of the pool under every model; what is current is kept.

    Returns:
        A file a model, for `recmia.papers.frontier.keeping.load_seen`.
    """
    epochs = tuple(sorted(set(attacked.values())))
    kept = [signals(game, number, epochs) for number in game.models]
    stale = [one for one in kept if not one.is_current()]  # notebook 22 need not start processes
    costs = [float(len(game.target.recorded_epochs))] * len(stale)
    make_all(game.study, stale, label="signals", costs=costs)
    return [one.path for one in kept]


def game_rows(game: Game, curve: pd.DataFrame, attacked: dict[str, int]) -> list[Row]:
    """How large the game is, and how well its models rank: mean and range over models."""
    drawn, about = dealt(game.study), {"study": STUDY, "dataset": game.study.settings.dataset}
    counts = {
        "sessions in the pool": len(drawn.pool),
        "units that have a coin": int(drawn.groups.max()) + 1,
        "sessions of the population": len(drawn.population),
        "models": len(game.models),
    }
    rows = [Row(**about, artefact="Game", metric=name, value=n) for name, n in counts.items()]
    for checkpoint, epoch in attacked.items():
        found = curve[curve.epoch == epoch].validation_ndcg_20
        columns = {"artefact": "Game", "metric": NDCG, "checkpoint": checkpoint, "epoch": epoch}
        rows.append(ranged(found.tolist(), **about, **columns))
    return rows
