"""Notebook 03: target and shadow models of every seed, and their ranking quality."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from recmia.cohorts import SIDES, CohortSet, assert_untrained
from recmia.evaluation.intervals import evaluate_mean
from recmia.experiments.results import ResultRow, write_results
from recmia.experiments.study import Study
from recmia.papers.proposal import READINGS, STUDY
from recmia.recommenders.item_neighbours import ItemNeighbours
from recmia.recommenders.popularity import Popularity
from recmia.recommenders.ranking import RankingQuality, evaluate_ranking
from recmia.recommenders.training import TrainingJob, TrainingRecord, load_record, train_many
from recmia.recommenders.transformer import recommend
from recmia.seeds import child_seed
from recmia.sessions import FIRST_ITEM

STEP = "03_train"


def study_vocabulary(study: Study) -> int:
    """V: items of the cleaned log and the three special ids."""
    return pq.read_metadata(study.need("01_preprocess/items.parquet")).num_rows + FIRST_ITEM


def model_folder(study: Study, reading: str, seed: int, side: str) -> Path:
    """Folder of one model."""
    return study.folder(STEP) / reading / f"seed{seed}" / side


def train_models(
    study: Study, cohort_sets: list[CohortSet]
) -> dict[tuple[str, int, str], TrainingRecord]:
    """Train target and shadow under every reading and seed; finished ones are kept.

    Returns:
        (reading, seed, side) to its record.

    Raises:
        AssertionError: a non-member would be trained on.
    """
    keys, jobs = [], []
    vocabulary_size = study_vocabulary(study)
    for seed in study.seeds():
        cohorts = cohort_sets[seed]
        for reading in study.settings.readings:
            for side in SIDES:
                trained = cohorts.trained_on(side, reading)
                assert_untrained(trained, cohorts.nonmembers(side, reading))
                keys.append((reading, seed, side))
                jobs.append(
                    TrainingJob(
                        study.settings.target,
                        vocabulary_size,
                        trained,
                        model_folder(study, reading, seed, side),
                        child_seed(study.settings.root_seed, STEP, reading, seed, side),
                        study.device,
                        cohorts.validation,
                    )
                )
    records = train_many(jobs, workers=study.workers, label="training")
    return dict(zip(keys, records, strict=True))


def load_records(study: Study) -> dict[tuple[str, int, str], TrainingRecord]:
    """Records of the finished trainings.

    Raises:
        ArtifactError: one is missing.
    """
    return {
        (reading, seed, side): load_record(model_folder(study, reading, seed, side))
        for seed in study.seeds()
        for reading in study.settings.readings
        for side in SIDES
    }


def curves(records: dict[tuple[str, int, str], TrainingRecord]) -> pd.DataFrame:
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
    study: Study,
    cohort_sets: list[CohortSet],
    records: dict[tuple[str, int, str], TrainingRecord],
    best: dict[str, int],
) -> pd.DataFrame:
    """NDCG@20 and HR@20 on unseen sessions, the target beside popularity and item neighbours.

    The simple recommenders learn from the same members as the target. Writes result rows.
    """
    last, vocabulary = study.settings.target.epochs, study_vocabulary(study)
    qualities: dict[tuple[str, str, str], list[RankingQuality]] = {}

    def keep(setting: str, name: str, condition: str, recommender, validation) -> None:
        quality = evaluate_ranking(recommender, validation)
        qualities.setdefault((setting, name, condition), []).append(quality)

    for seed, cohorts in enumerate(cohort_sets):
        for reading in study.settings.readings:
            setting, validation = READINGS[reading], cohorts.validation
            trained = cohorts.trained_on("target", reading)
            keep(
                setting,
                "popularity",
                "",
                Popularity(vocabulary_size=vocabulary).fit(trained),
                validation,
            )
            keep(
                setting,
                "item neighbours",
                "",
                ItemNeighbours(vocabulary_size=vocabulary).fit(trained),
                validation,
            )
            record = records[reading, seed, "target"]
            for epoch, when in ((best[reading], "best validation"), (last, "last epoch")):
                model = record.load(epoch)
                keep(
                    setting,
                    study.settings.target.architecture,
                    when,
                    lambda sessions, k, m=model: recommend(m, sessions, k, study.device),
                    validation,
                )
    rows, table = [], []
    for (setting, name, condition), seeds in qualities.items():
        for metric, field in (("NDCG@20", "ndcg"), ("HR@20", "hit_rate")):
            measured = evaluate_mean(
                metric,
                [(getattr(q, field), np.arange(len(q.ndcg))) for q in seeds],
                repeats=study.settings.intervals.repeats,
                level=study.settings.intervals.level,
                seed=child_seed(study.settings.root_seed, "ranking"),
            )
            rows.append(
                ResultRow(
                    study=STUDY,
                    artefact="Ranking quality",
                    dataset=study.settings.dataset,
                    setting=setting,
                    attack=name,
                    reading="",
                    condition=condition,
                    metric=metric,
                    value=measured.value,
                    ci_low=measured.ci_low,
                    ci_high=measured.ci_high,
                    n_seeds=measured.n_seeds,
                )
            )
            table.append(
                {
                    "reading": setting,
                    "recommender": name,
                    "checkpoint": condition,
                    "metric": metric,
                    "value": measured.value,
                    "low": measured.ci_low,
                    "high": measured.ci_high,
                }
            )
    write_results(rows, study.folder(STEP))
    return pd.DataFrame(table)
