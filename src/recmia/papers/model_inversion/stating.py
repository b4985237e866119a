"""Result rows of notebook 13: the search, the detector's controls, numbers that the text states."""

from __future__ import annotations

import numpy as np

from recmia.experiments.rows import CONTROL, Row
from recmia.experiments.study import Study
from recmia.inversion.attack import Attacker
from recmia.inversion.detector import NU
from recmia.papers.model_inversion.attacking import (
    detections,
    first_of,
    likenesses,
    open_world,
    read_search,
)
from recmia.papers.model_inversion.detecting import (
    BANDWAGON,
    EVERYTHING,
    LINKS,
    read_detections,
)
from recmia.papers.model_inversion.measuring import PRECISION, RECALL, proportion
from recmia.papers.model_inversion.row_parts import (
    about,
    about_data,
    exposures,
    numbers,
    reading_of,
    thresholds,
)
from recmia.papers.model_inversion.trials import ALGORITHM, SEARCH

LIKENESS = "likeness of the list to the truth"
STATED = "Stated in the text"
DETECTORS = "Detector"
FLAGGED = "share flagged"
# Of these all users of a training are alike, so that all are flagged or none: trainings count.
ALIKE = (LINKS, EVERYTHING, BANDWAGON)


def search_rows(study: Study) -> list[Row]:
    """Every reading of Algorithm 2 on every system, by which the first one is chosen."""
    rows, settings = [], study.settings.model_inversion
    for system in settings.systems:
        last = thresholds(study, system)[-1]
        first, way_taken = first_of(study, settings.systems[system].data)
        for way, records in read_search(study, system).items():
            columns = about(study, system) | {"artefact": SEARCH, "attack": ALGORITHM}
            columns |= {"variant": way.name, "reading": reading_of(study, system, way)}
            columns |= {"alpha": max(settings.shares), "threshold": last}
            if (system, way) == (first, way_taken):
                columns["note"] = "chosen"
            leaked = exposures(study, system, records, (PRECISION, RECALL))
            rows += [Row(**columns | f) for f in leaked if f["threshold"] == last]
            measured = {
                LIKENESS: likenesses(records),
                "R left, of what it was": [r["utility"][1] / r["utility"][0] for r in records],
                "items a malicious user rates": [r["rated"] for r in records],
            }
            for metric, values in measured.items():
                value = float(np.mean(values))
                rows.append(Row(**columns, metric=metric, value=value, n_seeds=len(values)))
    return rows


def detector_rows(study: Study) -> list[Row]:
    """Who is flagged by variants of the detector: honest users, malicious ones, crude bots."""
    rows, settings = [], study.settings.model_inversion
    for data in settings.datasets:
        made = [
            read_detections(detections(study, data, repeat).ensure())
            for repeat in range(settings.control_repeats)
        ]
        for who, variants in made[0].flagged.items():
            for variant in variants:
                counts = [one.flagged[who][variant] for one in made]
                found = [part / whole for part, whole in counts]
                cases = len(made) if who in ALIKE else counts[0][1]
                measured = proportion(FLAGGED, found, float(cases), study.settings.intervals.level)
                columns = about_data(study, data) | {"artefact": DETECTORS, "reading": CONTROL}
                columns |= {"attack": who, "variant": variant, "metric": FLAGGED}
                rows.append(Row(**columns | numbers(measured)))
    return rows


def stated_rows(study: Study) -> list[Row]:
    """Numbers of sections 4.2 and 4.3 that stand in no table or figure."""
    rows, settings = [], study.settings.model_inversion
    for data in settings.datasets:
        columns = about_data(study, data) | {"artefact": STATED}
        training = open_world(study, data).training
        for share in settings.shares:
            users = Attacker(share, 1).users(training.shape[0])
            rows.append(Row(**columns, alpha=share, metric="malicious users m'", value=users))
        most = max(round(training.mean_items()), 1 + settings.datasets[data].decoys)
        gammas = [
            read_detections(detections(study, data, repeat).ensure()).gamma
            for repeat in range(settings.control_repeats)
        ]
        rows += [
            Row(**columns, metric="most items of a malicious user, b_max", value=most),
            Row(**columns, metric="ν of the detector", value=NU),
            Row(
                **columns,
                metric="γ of the detector, by its rule",
                value=float(np.mean(gammas)),
                ci_low=min(gammas),
                ci_high=max(gammas),
                n_seeds=len(gammas),
                note="range over held-out users",
            ),
        ]
    return rows
