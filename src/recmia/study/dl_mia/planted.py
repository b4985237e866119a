"""Notebook 12: planted truths, with intervals over independent draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import t as student

from recmia.attacks.stacked_dl_mia import StackedDLMIA
from recmia.evaluation.metrics import ROC_AUC
from recmia.parallel import run_jobs
from recmia.seeds import child_seed
from recmia.study.biased_mia.claims import AS_PUBLISHED, CONTROL, CORRECTED
from recmia.study.dl_mia.planted_vectors import DRAWS, leakage, planted, separation
from recmia.study.dl_mia.reporting import STUDY
from recmia.study.dl_mia.scoring import schedule_of
from recmia.study.results import ResultRow
from recmia.study.workspace import Study

PLANTED = "Planted truths"
PARTS, NOTHING = "parts that are known", "nothing carries over"


def mean_interval(values: np.ndarray, level: float) -> tuple[float, float, float]:
    """Mean of independent draws with Student's interval."""
    mean, spread = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
    width = student.ppf((1 + level) / 2, len(values) - 1) * spread
    return float(mean), float(mean - width), float(mean + width)


def planted_rows(study: Study) -> list[ResultRow]:
    """Rows of both planted truths, with intervals over independent draws."""
    jobs = [(study, True), (study, False)]
    cases = run_jobs(_measure, jobs, workers=study.workers, total=2, label="planted truths")
    return [
        ResultRow(
            study=STUDY,
            artefact=PLANTED,
            dataset="made-up vectors",
            setting=setting,
            attack="DL-MIA",
            reading=reading,
            condition=condition,
            metric=metric,
            value=mean,
            ci_low=low,
            ci_high=high,
            n_seeds=len(values),
        )
        for case in cases
        for (setting, metric, condition, reading), values in case.items()
        for mean, low, high in [mean_interval(values, study.settings.intervals.level)]
    ]


Key = tuple[str, str, str, str]  # setting, metric, condition, reading


def _measure(job: tuple[Study, bool], progress: Callable[[float], None]) -> dict[Key, np.ndarray]:
    """What is found in one case, a value a draw."""
    study, transfers = job
    settings, seed = study.settings.dl_mia, child_seed(study.settings.root_seed, "dl-mia")
    schedule = schedule_of(study)
    case = planted(settings.planted_units, transfers=transfers, seed=seed)
    measured: dict[Key, np.ndarray] = {}
    if transfers:
        seeds = [child_seed(seed, "planted", "model", draw) for draw in range(DRAWS)]
        stack = StackedDLMIA(seeds=seeds, schedule=schedule, device=study.device)
        stack = stack.pretrain(case.shadow, case.membership, case.target).alternate()
        for (metric, kind), values in separation(stack, case).items():
            measured[PARTS, metric, f"from {kind}", CORRECTED] = values
    else:
        for attack, values in leakage(case, schedule, seed=seed, device=study.device).items():
            reading = AS_PUBLISHED if "leak" in attack else CORRECTED
            reading = CONTROL if "," in attack or "guessed" in attack else reading
            measured[NOTHING, ROC_AUC, attack, reading] = values
    progress(1)
    return measured
