"""Scores of every attempt, cell by cell, and their metrics with intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from recmia.evaluation.intervals import (
    Measurement,
    ScoredUnits,
    evaluate,
    evaluate_contrast,
)
from recmia.experiments.stamped import stamp_of, stamped
from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.lists.serving import STEP
from recmia.lists.views import View, features
from recmia.papers.biased_mia.attacking import AttackModel, score, view_identity
from recmia.papers.biased_mia.claims import BIASED, Attempt
from recmia.seeds import child_seed
from recmia.storage import content_hash, read_arrays, read_json, write_arrays, write_json

Trained = dict[AttackModel, tuple[Path, int]]


def cell_path(study: Study, attempt: Attempt) -> Path:
    """Where the metrics of an attempt are kept; its scores lie beside them (``.npz``)."""
    name = f"{attempt.setting}-{content_hash(asdict(attempt))[:12]}.json"
    return study.folder(STEP) / "cells" / attempt.target.name / name


def measure(study: Study, attempts: list[Attempt], trained: Trained) -> None:
    """Score and measure every attempt; finished cells are kept.

    Attempts on the same target are one job, for its features are made once.
    """
    by_target: dict[View, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_target[attempt.target].append(attempt)
    jobs = [
        (study, part, {m: place for m, place in trained.items() if _uses(part, m)})
        for part in by_target.values()
    ]
    run_jobs(_measure, jobs, workers=study.workers, total=len(attempts), label="cells")


def _uses(attempts: list[Attempt], model: AttackModel) -> bool:
    return any((a.shadow, a.schedule) == (model.shadow, model.schedule) for a in attempts)


def _measure(job: tuple[Study, list[Attempt], Trained], progress: Callable[[float], None]) -> None:
    study, attempts, trained = job
    made: dict[int, tuple] = {}

    def targets() -> dict[int, tuple]:
        # Only when some cell is not finished, and once for all of them.
        if not made:
            view = attempts[0].target
            made.update((seed, features(study, view, "target", seed)) for seed in study.seeds())
        return made

    for attempt in attempts:
        path = cell_path(study, attempt)
        identity = _identity(study, attempt, trained)
        stamped(path, identity, partial(_cell, study, attempt, trained, targets, path))
        progress(1)


def _identity(study: Study, attempt: Attempt, trained: Trained) -> str:
    parts: list[object] = [asdict(attempt), study.settings.fingerprint("intervals", "root_seed")]
    for seed in study.seeds():
        parts.append(view_identity(study, attempt.target, "target", seed))
        parts.append(view_identity(study, attempt.shadow, "shadow", seed))
        if attempt.attack == BIASED:
            path, row = trained[AttackModel(attempt.shadow, attempt.schedule, seed)]
            parts.append([read_json(stamp_of(path)), row])
    return content_hash(*parts)


def _cell(
    study: Study,
    attempt: Attempt,
    trained: Trained,
    targets: Callable[[], dict[int, tuple]],
    path: Path,
) -> None:
    arrays, runs = {}, []
    for seed, target in targets().items():
        scores, threshold = score(study, attempt, seed, trained, target)
        seen = target[1]
        arrays |= {
            f"{seed}|scores": scores,
            f"{seed}|membership": seen.membership,
            f"{seed}|row_ids": seen.histories.row_ids,
            f"{seed}|threshold": np.float64(threshold),
        }
        runs.append(ScoredUnits(scores, seen.membership, seen.histories.row_ids, threshold))
    write_arrays(path.with_suffix(".npz"), **arrays)
    write_json(path, [asdict(m) for m in evaluate(runs, **bootstrap(study))])


def bootstrap(study: Study) -> dict:
    """What every interval of the study is drawn with: repeats, level and seed."""
    settings = study.settings
    return settings.intervals.model_dump() | {"seed": child_seed(settings.root_seed, "intervals")}


def read_cell(study: Study, attempt: Attempt) -> list[Measurement]:
    """Saved metrics of an attempt."""
    return [Measurement(**record) for record in read_json(cell_path(study, attempt))]


def read_scores(study: Study, attempt: Attempt) -> list[ScoredUnits]:
    """Saved scores of an attempt, one for each seed."""
    saved = read_arrays(cell_path(study, attempt).with_suffix(".npz"))
    return [
        ScoredUnits(
            saved[f"{seed}|scores"],
            saved[f"{seed}|membership"],
            saved[f"{seed}|row_ids"],
            float(saved[f"{seed}|threshold"]),
        )
        for seed in study.seeds()
    ]


@dataclass(frozen=True)
class Contrast:
    """What the paper claims of two attempts on the same users.

    Attributes:
        claim: the paper's words, short.
        where: setting.
        metric: which metric is compared.
        first: the attempt that the paper says is better (or equal).
        second: the other.
        equal: the paper says that they do not differ.
    """

    claim: str
    where: str
    metric: str
    first: Attempt
    second: Attempt
    equal: bool = False


def measure_contrasts(study: Study, contrasts: list[Contrast]) -> list[Measurement]:
    """Paired difference of each contrast, first minus second, with its interval."""
    jobs = [(study, contrast) for contrast in contrasts]
    return run_jobs(
        _contrast, jobs, workers=study.workers, total=len(jobs), label="paired differences"
    )


def _contrast(job: tuple[Study, Contrast], progress: Callable[[float], None]) -> Measurement:
    study, contrast = job
    found = evaluate_contrast(
        read_scores(study, contrast.first),
        read_scores(study, contrast.second),
        **bootstrap(study),
    )
    progress(1)
    return next(m for m in found if m.metric == contrast.metric)
