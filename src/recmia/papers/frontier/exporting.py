"""A finished game as files that `recmia audit scores` reads: one target and its shadows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from recmia.audit.example import check_empty
from recmia.audit.output import folder_aside
from recmia.audit.score_files import (
    LOG_PROBABILITY,
    MEMBERSHIP,
    RECORD,
    SHADOW,
    STEP,
    TARGET_COLUMN,
    USER,
)
from recmia.errors import ArtifactError
from recmia.experiments.study import Study
from recmia.papers.frontier import game
from recmia.papers.frontier.dealing import USER as BY_USER
from recmia.papers.frontier.dealing import Pool, load_pool, shadows_of
from recmia.papers.frontier.observing import click_scores
from recmia.progress import track
from recmia.recommenders.epochs import load_record
from recmia.sessions import PADDING


def export_scores(study: Study, out: str | Path) -> int:
    """Write the first target of notebook 21 and its shadows, at the epoch that validation chooses.

    Every session of the pool is a record, every click a step: ``target.parquet`` and a
    ``shadow-NN.parquet`` a shadow, by the models' numbers, and ``membership.csv``; with users
    where they have the coins.

    Args:
        study: a run whose notebook 21 is up to date.
        out: folder to be made; must not hold anything.

    Returns:
        The epoch.

    Raises:
        ArtifactError: notebook 21 was not run or is stale, or ``out`` cannot be written.
    """
    out = Path(out)
    check_empty(out)
    if study.settings.frontier is None:
        raise ArtifactError(
            f"Profile '{study.settings.name}' plays no membership game. Remedy: choose one that "
            "has the section frontier, such as quick."
        )
    played = game.plain_game(study)
    target = played.targets[0]
    shadows = shadows_of(target, len(played.models))
    for kept in (game.pool(study), *(game.model(played, number) for number in played.models)):
        if why := kept.why_stale():
            raise ArtifactError(
                f"{kept.path} of profile '{study.settings.name}' is not up to date ({why}). "
                f"Remedy: run `recmia run --profile {study.settings.name} --only {game.STEP}`."
            )
    drawn = load_pool(game.pool(study).path)
    epoch = game.best_epoch(played, game.curves(played))
    files = {TARGET_COLUMN: target} | {f"{SHADOW}{number:02d}": number for number in shadows}
    with folder_aside(out) as aside, track(len(files), "models") as bar:
        for stem, number in files.items():
            model = load_record(game.model(played, number).path).load(epoch)
            low, _ = click_scores(model, drawn.pool, device=study.device)
            _steps(drawn, low).write_parquet(aside / f"{stem}.parquet")
            bar.update()
        _labels(drawn, study.settings.frontier.unit, target, shadows).write_csv(aside / MEMBERSHIP)
    return epoch


def _steps(drawn: Pool, low: np.ndarray) -> pl.DataFrame:
    """A row a click, in the order of the pool."""
    record, step = np.nonzero(drawn.pool.clicks != PADDING)
    values = {RECORD: drawn.pool.row_ids[record], STEP: step, LOG_PROBABILITY: low[record, step]}
    return pl.DataFrame(values)


def _labels(drawn: Pool, unit: str, target: int, shadows: list[int]) -> pl.DataFrame:
    columns = {RECORD: drawn.pool.row_ids}
    if unit == BY_USER:
        columns[USER] = drawn.groups
    numbers = {TARGET_COLUMN: target} | {f"{number:02d}": number for number in shadows}
    coins = {name: drawn.coins[:, number].astype(np.int8) for name, number in numbers.items()}
    return pl.DataFrame(columns | coins)
