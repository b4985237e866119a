"""Metrics of every attack with intervals, kept beside the scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from recmia.evaluation.intervals import Measurement, evaluate, evaluate_contrast
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.stamped import stamp_of, stamped
from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.papers.biased_mia.measuring import bootstrap
from recmia.papers.dl_mia.claims import Line
from recmia.papers.dl_mia.fits import Scored
from recmia.papers.dl_mia.fitting import Place, read_scores
from recmia.papers.dl_mia.halves import STEP
from recmia.storage import content_hash, read_json, write_json

Places = dict[tuple, Place]
KEPT = (ROC_AUC, HARD_LABEL_AUC)


def measured_path(study: Study, half: str, scored: Scored) -> Path:
    """Where the metrics of an attack are kept."""
    name = f"{scored.fit.setting}-{content_hash(asdict(scored))[:12]}.json"
    return study.folder(STEP) / half / "cells" / name


def measure(study: Study, lines: list[Line], where: Places) -> None:
    """Measure the attack of every line; finished ones are kept."""
    wanted = {(line.half, line.scored) for line in lines}
    jobs = [
        (study, half, scored, {key: place for key, place in where.items() if key[1] == scored.fit})
        for half, scored in sorted(wanted)
    ]
    run_jobs(_measure, jobs, workers=study.workers, total=len(jobs), label="metrics")


def _measure(job: tuple[Study, str, Scored, Places], progress: Callable[[float], None]) -> None:
    study, half, scored, where = job
    path = measured_path(study, half, scored)
    identity = content_hash(
        [(read_json(stamp_of(place.path)), place.row) for place in where.values()],
        scored.attack,
        study.settings.fingerprint("intervals", "root_seed"),
    )

    def make() -> None:
        found = evaluate(read_scores(study, half, scored, where), **bootstrap(study))
        write_json(path, [asdict(m) for m in found if m.metric in KEPT])

    stamped(path, identity, make)
    progress(1)


def read_measured(study: Study, half: str, scored: Scored) -> list[Measurement]:
    """Saved ROC AUC and hard-label AUC of an attack."""
    return [Measurement(**record) for record in read_json(measured_path(study, half, scored))]


def differences(
    study: Study, half: str, pairs: list[tuple[Scored, Scored]], where: Places
) -> list[dict[str, Measurement]]:
    """Metric to the paired difference of the first attack and the second, for each pair."""
    jobs = [
        (
            study,
            half,
            first,
            second,
            {k: p for k, p in where.items() if k[1] in (first.fit, second.fit)},
        )
        for first, second in pairs
    ]
    return run_jobs(
        _difference, jobs, workers=study.workers, total=len(jobs), label="paired differences"
    )


def _difference(job, progress: Callable[[float], None]) -> dict[str, Measurement]:
    study, half, first, second, where = job
    runs = [read_scores(study, half, scored, where) for scored in (first, second)]
    found = evaluate_contrast(*runs, **bootstrap(study))
    progress(1)
    return {m.metric: m for m in found if m.metric in KEPT}
