"""Notebook 25: the interactions of a published SASRec, attacked, and the lines of its tables."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from recmia.data.registry import find_files
from recmia.evaluation import metrics
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place, differences
from recmia.experiments.rows import CONTROL, CORRECTED, Row, numbers_of
from recmia.experiments.study import Study
from recmia.experiments.verdicts import verdict
from recmia.papers.frontier import names
from recmia.papers.frontier.checkpoint.interactions import keep_interactions
from recmia.papers.frontier.checkpoint.scoring import (
    ATTACKS,
    BASELINES,
    BOTH_LEARNED,
    CASES,
    NEXT_TO_IT,
    keep_blind,
    keep_scores,
)
from recmia.seeds import child_seed

STEP = "25_checkpoint"
CHECKPOINT = "Checkpoint"
EPOCHS = (601, 1000)  # of the two files, in the order of the registry
METRICS = (metrics.ROC_AUC, metrics.tpr_at_fpr_name(0.01))
BEYOND = "ROC AUC beyond that of two items that it both learned from"


def files_of(study: Study) -> tuple[dict[int, Path], Path]:
    """Epoch to the file of its weights, and the file of the sequences.

    Raises:
        DataError: they are not there; the message says how to get them.
    """
    *weights, sequences = find_files(study.settings.checkpoint.source, study.paths.data)
    return dict(zip(EPOCHS, weights, strict=True)), sequences


@cache  # a result's identity is remembered with it
def interactions(study: Study) -> Kept:
    """Which interactions are asked about."""
    return Kept(
        study.folder(STEP) / "interactions.npz",
        keep_interactions,
        files_of(study)[1],
        seed=child_seed(study.settings.root_seed, STEP, "interactions"),
    )


@cache
def scores(study: Study, epoch: int) -> Kept:
    """Of every attack on the network of an epoch."""
    return Kept(
        study.folder(STEP) / f"epoch{epoch}.npz",
        keep_scores,
        interactions(study),
        files_of(study)[0][epoch],
        device=study.device,
    )


@cache
def blind(study: Study) -> Kept:
    """Of what sees no network."""
    return Kept(
        study.folder(STEP) / "blind.npz",
        keep_blind,
        interactions(study),
        folds=study.settings.checkpoint.folds,
        seed=child_seed(study.settings.root_seed, STEP, "blind"),
    )


def audit(study: Study) -> list[Row]:
    """Attack both networks and measure; what is current is kept."""
    make_all(study, [interactions(study)], label="interactions")
    wanted = [blind(study), *(scores(study, epoch) for epoch in EPOCHS)]
    make_all(study, wanted, label="scores", costs=[100.0, *[6040.0] * len(EPOCHS)])
    lines = list(_lines(study))
    folder = study.folder(STEP) / "metrics"
    return [*line_rows(study, folder, lines, METRICS), *_beyond(study, folder, lines)]


def _lines(study: Study) -> Iterator[Line]:
    about = {"study": names.STUDY, "artefact": CHECKPOINT, "dataset": study.settings.dataset}
    for case in CASES:
        for epoch in EPOCHS:
            for attack in ATTACKS:
                columns = about | {"attack": attack, "case": case, "epoch": epoch}
                place = Place(scores(study, epoch), f"{case}|{attack}")
                yield Line(columns | {"reading": CORRECTED, "serving": names.SCORES}, (place,))
        for attack in BASELINES:
            place = Place(blind(study), f"{case}|{attack}")
            yield Line(about | {"attack": attack, "case": case, "reading": CONTROL}, (place,))


def _beyond(study: Study, folder: Path, lines: list[Line]) -> Iterator[Row]:
    """How much better the border of the training data is told than the step before it.

    Time goes on in the same way over both; memory ends at the border.
    """
    first, second = (
        [line for line in lines if line.columns["case"] == case]
        for case in (NEXT_TO_IT, BOTH_LEARNED)
    )
    pairs = [(a.runs, b.runs) for a, b in zip(first, second, strict=True)]
    found = differences(study, folder, pairs)
    for line, measured in zip(first, found, strict=True):
        area = measured[metrics.ROC_AUC]
        said = verdict(area.ci_low, area.ci_high, "more", area.degenerate)
        columns = line.columns | {"against": BOTH_LEARNED, "metric": BEYOND}
        yield Row(**columns, **numbers_of(area), verdict=said)
