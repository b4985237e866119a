"""Result rows of notebook 13; the claims are in `claims`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from recmia.evaluation.intervals import Measurement
from recmia.experiments.rows import AS_PUBLISHED, CONTROL, CORRECTED, Row, numbers_of
from recmia.experiments.study import Study
from recmia.inversion.attack import DESCENT, HELD, LINKED_RANDOM, RANDOM
from recmia.inversion.cooccurrence import cooccurrence_scores, highest
from recmia.papers.model_inversion.attacking import (
    chosen,
    collect,
    grid,
    mains,
    open_world,
    readings,
    recommender_of,
)
from recmia.papers.model_inversion.choosing import errors, read_qualities
from recmia.papers.model_inversion.guessing import scores_from_others
from recmia.papers.model_inversion.measuring import (
    DETECTION,
    FALSE_POSITIVES,
    PRECISION,
    RATED_PRECISION,
    RECALL,
    measure,
    proportion,
)
from recmia.papers.model_inversion.paper import NAME
from recmia.papers.model_inversion.playing import Found, Trial
from recmia.papers.model_inversion.trials import (
    CAMOUFLAGE,
    DEFENCE,
    DESCENT_PATH,
    ITEMS,
    KNOWLEDGE,
    NAMES,
    POISONING,
    REASONS,
)

READING = {DESCENT: AS_PUBLISHED, HELD: CORRECTED, RANDOM: CONTROL, LINKED_RANDOM: CONTROL}
# What differs between the trials of a group: fields of a trial, and columns.
VARIED = {
    POISONING: ("alpha",),
    CAMOUFLAGE: ("mu",),
    KNOWLEDGE: ("alpha", "beta"),
    ITEMS: ("item",),
    DEFENCE: ("epsilon",),
    REASONS: ("alpha", "factors", "case"),
    DESCENT_PATH: ("steps",),
}
QUALITIES = {
    "rmse": "RMSE",
    "rmse_printed": "RMSE as equation 17 is printed",
    "rmse_all": "RMSE over all entries outside training",
    "precision": "RSPre@l",
    "recall": "RSRecl@l",
}


def all_rows(study: Study) -> list[Row]:
    """Every row but the claims."""
    makers = (
        *(data_rows, rule_rows, recommender_rows, group_rows, headline_rows),
        *(control_rows, guess_rows),
    )
    return [made for make in makers for made in make(study)]


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


def data_rows(study: Study) -> list[Row]:
    """Section 4.1: sizes of the rating matrices."""
    rows = []
    for name in study.settings.model_inversion.datasets:
        world = open_world(study, name)
        training = world.training
        facts = {
            "users m": training.shape[0],
            "items n": training.shape[1],
            "ratings in M": training.matrix.nnz,
            "items a user rated, on average": training.mean_items(),
            "sensitive users": int(training.high_raters(world.sensitive[:1]).sum()),
            "users who rated the sensitive item": int(training.raters(world.sensitive[0]).sum()),
            "items of the sensitive kind": len(world.barred),
            "baseline precision": float(training.high_raters(world.sensitive[:1]).mean()),
        }
        columns = about_data(study, name) | {"artefact": "Data"}
        rows += [Row(**columns, metric=fact, value=value) for fact, value in facts.items()]
    return rows


def rule_rows(study: Study) -> list[Row]:
    """Section 4.1: RMSE over the grid of k and λ, and what the rule chooses."""
    rows = []
    for data, zeros in readings(study):
        columns = about_data(study, data) | {"artefact": "Rule", "zeros_observed": zeros}
        metric = QUALITIES["rmse_all" if zeros else "rmse"]
        for (factors, regularisation), kept in grid(study, data, zeros).items():
            found = errors(read_qualities(kept.ensure()), zeros_observed=zeros)
            point = {"factors": factors, "regularisation": regularisation, "metric": metric}
            rows.append(Row(**columns, **point, value=float(np.mean(found)), n_seeds=len(found)))
        for what, value in zip("kλl", chosen(study, data, zeros), strict=True):
            rows.append(Row(**columns, metric=what, value=value))
    return rows


def recommender_rows(study: Study) -> list[Row]:
    """Section 4.1: quality of every system before poisoning."""
    rows = []
    for system in study.settings.model_inversion.systems:
        columns = about(study, system) | {"artefact": "Recommender"}
        made = recommender_of(study, system)
        for what, value in (("k", made.factors), ("λ", made.regularisation), ("l", made.length)):
            rows.append(Row(**columns, metric=what, value=value))
        found = collect(study, system, POISONING)[Trial(HELD, 0.0)]
        rows += [Row(**columns, **_quality(found, name)) for name in QUALITIES]
    return rows


def _quality(records: Sequence[Found], name: str) -> dict[str, Any]:
    """Columns of a recommender's quality: mean and range over trainings."""
    values = [record["quality"][name] for record in records]
    return {
        "metric": QUALITIES[name],
        "value": float(np.mean(values)),
        "ci_low": float(np.min(values)),
        "ci_high": float(np.max(values)),
        "n_seeds": len(values),
        "note": "range over trainings",
    }


def group_rows(study: Study) -> list[Row]:
    """The paper's figures, and ours: a group of trials each."""
    rows = []
    for group, varied in VARIED.items():
        for system in study.settings.model_inversion.systems:
            for trial, records in collect(study, system, group).items():
                if not trial.alpha:
                    continue  # a control
                reading = CONTROL if group == REASONS else READING[trial.choice]
                columns = about(study, system) | {"artefact": group, "reading": reading}
                columns |= {name: getattr(trial, name) for name in varied}
                columns |= {"attack": NAMES[trial.choice]}
                metrics = LEAKAGE.get(group, (PRECISION, RECALL))
                found = exposures(study, system, records, metrics)
                found += MORE[group](study, records) if group in MORE else []
                rows += [Row(**columns | f) for f in found]
    return rows


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


def _detection(study: Study, records: Sequence[Found]) -> list[dict[str, Any]]:
    measured = measure(records, None, study.settings.intervals.level)[DETECTION]
    return [{"metric": DETECTION} | numbers(measured)]


def _ranking(study: Study, records: Sequence[Found]) -> list[dict[str, Any]]:
    return [_quality(records, name) for name in ("precision", "recall")]


def _utility_left(study: Study, records: Sequence[Found]) -> list[dict[str, Any]]:
    ratios = [record["utility"][1] / record["utility"][0] for record in records]
    columns = {"value": float(np.mean(ratios)), "n_seeds": len(ratios)}
    return [columns | {"metric": "R left, of what it was"}]


def _whom(study: Study, records: Sequence[Found]) -> list[dict[str, Any]]:
    facts = {"sensitive users": "sensitive", "users who rated the sensitive item": "raters"}
    nobody = {"attack": "", "reading": ""}
    return [nobody | {"metric": m, "value": records[0][name]} for m, name in facts.items()]


LEAKAGE = dict.fromkeys((ITEMS, REASONS), (PRECISION, RECALL, RATED_PRECISION))
MORE: dict[str, Callable[[Study, Sequence[Found]], list[dict[str, Any]]]] = {
    CAMOUFLAGE: _detection,
    DEFENCE: _ranking,
    DESCENT_PATH: _utility_left,
    ITEMS: _whom,
}


def headline_rows(study: Study) -> list[Row]:
    """The points of figure 5 that the text states."""
    rows = []
    most = max(study.settings.model_inversion.shares)
    for system in study.settings.model_inversion.systems:
        for trial, records in collect(study, system, POISONING).items():
            if trial.alpha == most:
                columns = about(study, system) | {"artefact": "Headline", "alpha": most}
                columns |= {"attack": NAMES[trial.choice], "reading": READING[trial.choice]}
                found = exposures(study, system, records, (PRECISION, RECALL, RATED_PRECISION))
                last = thresholds(study, system)[-1]
                rows += [Row(**columns | f) for f in found if f["threshold"] == last]
    return rows


def control_rows(study: Study) -> list[Row]:
    """Decoys without poisoning, and who is listed in error."""
    rows = []
    metrics = (PRECISION, RECALL, RATED_PRECISION, FALSE_POSITIVES)
    held = Trial(HELD, max(study.settings.model_inversion.shares))
    for system in mains(study):
        columns = about(study, system) | {"artefact": "Controls", "reading": CONTROL}
        found = collect(study, system, POISONING)
        for name, trial in (("no poisoning", Trial(HELD, 0.0)), (NAMES[HELD], held)):
            listed = exposures(study, system, found[trial], metrics)
            rows += [Row(**columns, attack=name, **f) for f in listed]
    return rows


def guess_rows(study: Study) -> list[Row]:
    """A guess from co-occurrence: as many users as are sensitive."""
    rows, level = [], study.settings.intervals.level
    for system in mains(study):
        reads = study.settings.model_inversion.systems[system]
        world = open_world(study, reads.data, zeros_observed=reads.zeros_observed)
        training, item = world.training, int(world.sensitive[0])
        truth = training.high_raters(world.sensitive[:1])
        guesses = {
            "guess from co-occurrence": cooccurrence_scores(training, world.sensitive[:1]),
            "guess from co-occurrence among others": scores_from_others(training, item),
        }
        columns = about(study, system) | {"artefact": "Controls", "reading": CONTROL}
        for name, scores in guesses.items():
            guessed = highest(scores, int(truth.sum()))
            share = float((guessed & truth).sum() / truth.sum())
            for metric in (PRECISION, RECALL):
                measured = proportion(metric, [share], float(truth.sum()), level)
                rows.append(Row(**columns, attack=name, metric=metric, **numbers(measured)))
    return rows
