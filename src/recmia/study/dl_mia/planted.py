"""Notebook 12: planted truths, with intervals over independent draws."""

from __future__ import annotations

import numpy as np
from scipy.stats import t as student

from recmia.attacks.stacked_dl_mia import Schedule, StackedDLMIA
from recmia.evaluation.metrics import ROC_AUC
from recmia.seeds import child_seed
from recmia.study.dl_mia.planted_vectors import DRAWS, leakage, planted, separation
from recmia.study.dl_mia.reporting import STUDY
from recmia.study.results import ResultRow
from recmia.study.workspace import Study

PLANTED = "Planted truths"


def mean_interval(values: np.ndarray, level: float) -> tuple[float, float, float]:
    """Mean of independent draws with Student's interval."""
    mean, spread = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
    width = student.ppf((1 + level) / 2, len(values) - 1) * spread
    return float(mean), float(mean - width), float(mean + width)


def planted_rows(study: Study) -> list[ResultRow]:
    """Rows of both planted truths, with intervals over independent draws."""
    settings, seed = study.settings.dl_mia, child_seed(study.settings.root_seed, "dl-mia")
    schedule = Schedule(
        pretrain_epochs=settings.pretrain_epochs,
        alternating_epochs=settings.alternating_epochs,
        turn_epochs=settings.turn_epochs,
    )
    case = planted(settings.planted_units, transfers=True, seed=seed)
    seeds = [child_seed(seed, "planted", "model", draw) for draw in range(DRAWS)]
    stack = StackedDLMIA(seeds=seeds, schedule=schedule, device=study.device)
    stack = stack.pretrain(case.shadow, case.membership, case.target).alternate()
    measured = {
        ("parts that are known", metric, f"from {kind}", "corrected"): values
        for (metric, kind), values in separation(stack, case).items()
    }
    case = planted(settings.planted_units, transfers=False, seed=seed)
    for attack, values in leakage(case, schedule, seed=seed, device=study.device).items():
        reading = "as published" if "leak" in attack else "corrected"
        reading = "control" if "," in attack or "guessed" in attack else reading
        measured[("nothing carries over", ROC_AUC, attack, reading)] = values
    rows = []
    for (setting, metric, condition, reading), values in measured.items():
        mean, low, high = mean_interval(values, study.settings.intervals.level)
        rows.append(
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
        )
    return rows
