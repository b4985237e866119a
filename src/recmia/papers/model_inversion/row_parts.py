"""Columns that result rows of notebook 13 have in common."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from recmia.evaluation.measurement import Measurement
from recmia.experiments.rows import AS_PUBLISHED, CONTROL, CORRECTED, numbers_of
from recmia.experiments.study import Study
from recmia.inversion.attack import DESCENT, HELD
from recmia.papers.model_inversion.attacking import first_of
from recmia.papers.model_inversion.measuring import measure
from recmia.papers.model_inversion.paper import NAME
from recmia.papers.model_inversion.playing import Found, Trial
from recmia.papers.model_inversion.trials import NAMES, way_of
from recmia.papers.model_inversion.ways import Way


def about_data(study: Study, name: str) -> dict[str, str]:
    """Columns of a data set of the profile."""
    title = study.settings.model_inversion.datasets[name].title
    return {"study": NAME, "dataset": title, "target_data": name}


def about(study: Study, system: str) -> dict[str, str]:
    """Columns of a system."""
    data = study.settings.model_inversion.systems[system].data
    return about_data(study, data) | {"system": system}


def thresholds(study: Study, system: str) -> range:
    """Every l' of a system's data set."""
    settings = study.settings.model_inversion
    return range(1, settings.datasets[settings.systems[system].data].decoys + 1)


def numbers(measured: Measurement) -> dict[str, Any]:
    """Columns of a measurement; NaN is no number, and a note says why."""
    if math.isnan(measured.value):
        return {"n_seeds": measured.n_seeds, "note": "nobody is listed"}
    return numbers_of(measured)


def reading_of(study: Study, system: str, way: Way) -> str:
    """As published is the first reading of the system's data set; others are alternatives."""
    data = study.settings.model_inversion.systems[system].data
    return AS_PUBLISHED if first_of(study, data) == (system, way) else CORRECTED


def about_attack(study: Study, system: str, trial: Trial) -> dict[str, str]:
    """Columns of an attack on a system: its name, how Algorithm 2 is read, and the reading."""
    columns = about(study, system) | {"attack": NAMES[trial.choice], "reading": CONTROL}
    if trial.choice in (DESCENT, HELD):
        way = way_of(trial)
        columns |= {"variant": way.name, "reading": reading_of(study, system, way)}
    return columns


def exposures(
    study: Study, system: str, records: Sequence[Found], metrics: Iterable[str]
) -> list[dict[str, Any]]:
    """Columns of some metrics of who is listed, at every l'."""
    level = study.settings.intervals.level
    return [
        {"threshold": least, "metric": measured.metric} | numbers(measured)
        for least in thresholds(study, system)
        for measured in measure(records, least, level).values()
        if measured.metric in metrics
    ]
