"""Notebook 12: planted truths, with intervals over independent draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.stats import t as student

from recmia.attacks.stacked_dl_mia import StackedDLMIA
from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.results import ResultRow
from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.papers.biased_mia.claims import AS_PUBLISHED, CONTROL, CORRECTED
from recmia.papers.dl_mia.planted_vectors import (
    ON_SPHERE,
    leakage,
    planted,
    planted_on_sphere,
    separation,
)
from recmia.papers.dl_mia.reporting import STUDY
from recmia.papers.dl_mia.scoring import schedule_of
from recmia.seeds import child_seed

PLANTED = "Planted truths"
PARTS, NOTHING = "parts that are known", "nothing carries over"
FITTING = "parts that fit one kind of features each"
# Parts are found late: smaller steps, as many more, in the paper's 200 + 100 epochs.
SMALL_BATCH = 32


def mean_interval(values: np.ndarray, level: float) -> tuple[float, float, float]:
    """Mean of independent draws with Student's interval."""
    mean, spread = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
    width = student.ppf((1 + level) / 2, len(values) - 1) * spread
    return float(mean), float(mean - width), float(mean + width)


def planted_rows(study: Study) -> list[ResultRow]:
    """Rows of all planted truths, with intervals over independent draws."""
    jobs = [(study, case) for case in (FITTING, NOTHING, PARTS)]
    cases = run_jobs(_measure, jobs, workers=study.workers, total=3, label="planted truths")
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


def _measure(job: tuple[Study, str], progress: Callable[[float], None]) -> dict[Key, np.ndarray]:
    """What is found in one case, a value a draw."""
    study, case = job
    settings, schedule = study.settings.dl_mia, schedule_of(study)
    units, draws = settings.planted_units, settings.planted_draws
    seed = child_seed(study.settings.root_seed, "dl-mia")
    measured: dict[Key, np.ndarray] = {}
    if case == NOTHING:
        vectors = planted(units, transfers=False, draws=draws, seed=seed)
        for attack, values in leakage(vectors, schedule, seed=seed, device=study.device).items():
            reading = AS_PUBLISHED if "leak" in attack else CORRECTED
            reading = CONTROL if "," in attack or "guessed" in attack else reading
            measured[case, ROC_AUC, attack, reading] = values
    else:
        if case == FITTING:
            vectors = planted_on_sphere(units, draws=draws, seed=seed)
            schedule = replace(schedule, latent_dim=ON_SPHERE, batch_size=SMALL_BATCH)
        else:
            vectors = planted(units, transfers=True, draws=draws, seed=seed)
        seeds = [child_seed(seed, "planted", "model", draw) for draw in range(draws)]
        stack = StackedDLMIA(seeds=seeds, schedule=schedule, device=study.device)
        stack = stack.pretrain(vectors.shadow, vectors.membership, vectors.target).alternate()
        for (metric, kind), values in separation(stack, vectors).items():
            measured[case, metric, f"from {kind}", CORRECTED] = values
    progress(1)
    return measured
