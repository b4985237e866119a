"""Notebook 03: target and shadow models of every seed, and their ranking quality."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from recmia.cohorts import SIDES, CohortSet, load_cohorts
from recmia.evaluation.intervals import evaluate_mean
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.measuring import bootstrap
from recmia.experiments.results import write_results
from recmia.experiments.rows import Row, numbers_of
from recmia.experiments.study import Study
from recmia.papers.proposal.models import keep_model
from recmia.papers.proposal.names import AUGMENTED, BEST, LAST, STUDY
from recmia.recommenders.base import Recommender
from recmia.recommenders.epochs import TrainingRecord, load_record
from recmia.recommenders.item_neighbours import ItemNeighbours
from recmia.recommenders.popularity import Popularity
from recmia.recommenders.ranking import evaluate_ranking
from recmia.recommenders.session_transformer import SessionTransformer
from recmia.seeds import child_seed
from recmia.sessions import FIRST_ITEM, Sessions

STEP = "03_train"
Key = tuple[str, int, str]  # reading, seed, side


def study_vocabulary(study: Study) -> int:
    """V: items of the cleaned log and the three special ids."""
    return pq.read_metadata(study.need("01_preprocess/items.parquet")).num_rows + FIRST_ITEM


def cohorts_path(study: Study, seed: int) -> Path:
    """Where notebook 02 saved the cohorts of a seed."""
    return study.need(f"02_augment/seed{seed}.npz")


@cache  # a result's identity is remembered with it
def model(study: Study, reading: str, seed: int, side: str) -> Kept:
    """One model's folder, with its weights at the recorded epochs and its curve."""
    return Kept(
        study.folder(STEP) / reading / f"seed{seed}" / side,
        keep_model,
        cohorts_path(study, seed),
        side=side,
        reading=reading,
        target=study.settings.target,
        vocabulary_size=study_vocabulary(study),
        seed=child_seed(study.settings.root_seed, STEP, reading, seed, side),
        device=study.device,
    )


def models(study: Study) -> dict[Key, Kept]:
    """Target and shadow under every reading and seed."""
    return {
        (reading, seed, side): model(study, reading, seed, side)
        for seed in study.seeds()
        for reading in study.settings.readings
        for side in SIDES
    }


def train_models(study: Study) -> dict[Key, TrainingRecord]:
    """Train every model; finished ones are kept, an interrupted one goes on after its last epoch.

    Raises:
        AssertionError: a non-member would be trained on.
    """
    wanted = models(study)
    drawn = {seed: load_cohorts(cohorts_path(study, seed)) for seed in study.seeds()}
    costs = [
        float(study.settings.target.epochs * len(drawn[seed].trained_on(side, reading)))
        for reading, seed, side in wanted
    ]
    make_all(study, list(wanted.values()), label="training", costs=costs)
    return {key: load_record(kept.path) for key, kept in wanted.items()}


def load_records(study: Study) -> dict[Key, TrainingRecord]:
    """Records of the finished trainings.

    Raises:
        ArtifactError: one is missing.
    """
    return {key: load_record(kept.path) for key, kept in models(study).items()}


def curves(records: dict[Key, TrainingRecord]) -> pd.DataFrame:
    """Training curves, tidy: reading, seed, side, epoch, train_loss, validation_ndcg_20, _hr_20."""
    return pd.concat(
        [
            pd.DataFrame(record.curve).assign(reading=reading, seed=seed, side=side)
            for (reading, seed, side), record in records.items()
        ],
        ignore_index=True,
    )


def best_epochs(study: Study, curve: pd.DataFrame) -> dict[str, int]:
    """Reading to the recorded epoch whose targets rank unseen sessions best, seeds averaged."""
    recorded = curve[
        curve.epoch.isin(study.settings.target.recorded_epochs) & (curve.side == "target")
    ]
    mean = recorded.groupby(["reading", "epoch"]).validation_ndcg_20.mean()
    return {reading: int(mean[reading].idxmax()) for reading in study.settings.readings}


def ranking_quality(
    study: Study, records: dict[Key, TrainingRecord], best: dict[str, int]
) -> list[Row]:
    """NDCG@20 and HR@20 on unseen sessions, the target beside popularity and item neighbours.

    The simple recommenders learn from the same members as the target. Writes result rows.
    """
    drawn = [load_cohorts(cohorts_path(study, seed)) for seed in study.seeds()]
    chosen = bootstrap(study) | {"seed": child_seed(study.settings.root_seed, "ranking")}
    rows = []
    for reading in study.settings.readings:
        found: dict[tuple[str, str | None], list] = {}
        for seed, cohorts in enumerate(drawn):
            ranked = _ranked(study, reading, cohorts, records[reading, seed, "target"], best)
            for name, checkpoint, recommender in ranked:
                quality = evaluate_ranking(recommender, cohorts.validation)
                found.setdefault((name, checkpoint), []).append(quality)
        for (name, checkpoint), qualities in found.items():
            for metric, part in (("NDCG@20", "ndcg"), ("HR@20", "hit_rate")):
                runs = [
                    (getattr(quality, part), np.arange(len(quality.ndcg))) for quality in qualities
                ]
                rows.append(
                    Row(
                        study=STUDY,
                        artefact="Ranking quality",
                        dataset=study.settings.dataset,
                        metric=metric,
                        recommender=name,
                        checkpoint=checkpoint,
                        augmented=AUGMENTED[reading],
                        **numbers_of(evaluate_mean(metric, runs, **chosen)),
                    )
                )
    return write_results(rows, study.folder(STEP))


def counted(trained: Sessions, vocabulary_size: int) -> list[Recommender]:
    """What ranks by counting in the same sessions: popularity and item neighbours."""
    kinds = (Popularity, ItemNeighbours)
    return [kind(vocabulary_size=vocabulary_size).fit(trained) for kind in kinds]


def _ranked(
    study: Study,
    reading: str,
    cohorts: CohortSet,
    record: TrainingRecord,
    best: dict[str, int],
) -> Iterator[tuple[str, str | None, Recommender]]:
    """Name, checkpoint and recommender of everything that is ranked."""
    trained = cohorts.trained_on("target", reading)
    for simple in counted(trained, study_vocabulary(study)):
        yield simple.name, None, simple
    for checkpoint, epoch in ((BEST, best[reading]), (LAST, study.settings.target.epochs)):
        model = SessionTransformer.trained(record, epoch, study.device)
        yield study.settings.target.architecture, checkpoint, model
