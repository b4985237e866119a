"""Notebook 12: planted truths, with intervals over independent draws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from recmia.attacks.stacked_dl_mia import Schedule, StackedDLMIA
from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.rows import AS_RELEASED, CONTROL, CORRECTED, Row
from recmia.experiments.study import Study
from recmia.papers.dl_mia.fits import ATTACKS, DL_MIA, LEAKY
from recmia.papers.dl_mia.planted_vectors import (
    ON_SPHERE,
    leakage,
    planted,
    planted_on_sphere,
    separation,
)
from recmia.papers.dl_mia.scoring import schedule_of
from recmia.papers.dl_mia.worlds import STEP, STUDY
from recmia.released.found import mean_interval
from recmia.seeds import child_seed
from recmia.storage import read_json, write_json

PLANTED = "Planted truths"
FITTING, NOTHING, KNOWN = CASES = "fitting parts", "nothing transfers", "known parts"
# Parts are found late: smaller steps, as many more, in the paper's 200 + 100 epochs.
SMALL_BATCH = 32
READINGS = {(DL_MIA, False): CORRECTED, (LEAKY, False): AS_RELEASED}  # the others are controls


def planted_rows(study: Study) -> list[Row]:
    """Rows of all planted truths, with intervals over independent draws."""
    settings, root = study.settings.dl_mia, child_seed(study.settings.root_seed, "dl-mia")
    kept = [
        Kept(
            study.folder(STEP) / "planted" / f"{case}.json",
            keep_case,
            case,
            units=settings.planted_units,
            draws=settings.planted_draws,
            schedule=schedule_of(settings),
            seed=root,
            device=study.device,
        )
        for case in CASES
    ]
    make_all(study, kept, label="planted truths")
    rows = []
    for case, made in zip(CASES, kept, strict=True):
        for found in read_json(made.path):
            values = np.array(found.pop("values"))
            mean, low, high = mean_interval(values, study.settings.intervals.level)
            fields = {"attack": "DL-MIA", "reading": CORRECTED, "case": case} | found
            rows.append(
                Row(
                    **(fields | {"study": STUDY, "artefact": PLANTED}),
                    dataset="made-up vectors",
                    value=mean,
                    ci_low=low,
                    ci_high=high,
                    n_seeds=len(values),
                )
            )
    return rows


def keep_case(
    path: Path, case: str, *, units: int, draws: int, schedule: Schedule, seed: int, device: str
) -> None:
    """Write what is found in one case: columns of a row, and ``values``, one a draw."""
    seeds = [child_seed(seed, "planted", "model", draw) for draw in range(draws)]
    if case == NOTHING:
        vectors = planted(units, transfers=False, draws=draws, seed=seed)
        found = [
            ATTACKS[attack]
            | {"metric": ROC_AUC, "features": "disentangled", "held_out": held_out}
            | {"reading": READINGS.get((attack, held_out), CONTROL), "values": values.tolist()}
            for (attack, held_out), values in leakage(
                vectors, schedule, seeds=seeds, device=device
            ).items()
        ]
    else:
        if case == FITTING:
            vectors = planted_on_sphere(units, draws=draws, seed=seed)
            schedule = replace(schedule, latent_dim=ON_SPHERE, batch_size=SMALL_BATCH)
        else:
            vectors = planted(units, transfers=True, draws=draws, seed=seed)
        stack = StackedDLMIA(seeds=seeds, schedule=schedule, device=device)
        stack = stack.pretrain(vectors.shadow, vectors.membership, vectors.target).alternate()
        found = [
            {"metric": metric, "features": kind, "values": values.tolist()}
            for (metric, kind), values in separation(stack, vectors).items()
        ]
    write_json(path, found)
