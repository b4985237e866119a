"""Result rows of notebook 13; the claims are in `claims`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from recmia.experiments.rows import AS_PUBLISHED, CONTROL, CORRECTED, Row
from recmia.experiments.study import Study
from recmia.inversion.attack import HELD
from recmia.inversion.cooccurrence import cooccurrence_scores, highest
from recmia.papers.model_inversion.attacking import (
    chosen,
    collect,
    first_way,
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
    DETECTION_CHANGE,
    FALSE_POSITIVES,
    PRECISION,
    RATED_PRECISION,
    RECALL,
    difference,
    proportion,
)
from recmia.papers.model_inversion.playing import DESCRIBED, SEES_ALL, Found, Trial
from recmia.papers.model_inversion.row_parts import (
    about,
    about_attack,
    about_data,
    exposures,
    numbers,
    thresholds,
)
from recmia.papers.model_inversion.stating import detector_rows, search_rows, stated_rows
from recmia.papers.model_inversion.trials import (
    ALGORITHM,
    CAMOUFLAGE,
    DEFENCE,
    DESCENT_PATH,
    ITEMS,
    KNOWLEDGE,
    POISONING,
    REASONS,
    RECOMMENDER,
    along,
)

Trials = dict[Trial, list[Found]]
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
        *(data_rows, rule_rows, search_rows, recommender_rows, group_rows, headline_rows),
        *(control_rows, guess_rows, detector_rows, stated_rows),
    )
    return [made for make in makers for made in make(study)]


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
        first = system in mains(study)
        columns = about(study, system) | {"artefact": RECOMMENDER}
        columns |= {"reading": AS_PUBLISHED if first else CORRECTED}
        made = recommender_of(study, system)
        for what, value in (("k", made.factors), ("λ", made.regularisation), ("l", made.length)):
            rows.append(Row(**columns, metric=what, value=value))
        found = collect(study, system, POISONING if first else RECOMMENDER)[Trial(HELD, 0.0)]
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
    for artefact, varied in VARIED.items():
        for system in mains(study):
            trials = collect(study, system, artefact)
            for trial, records in trials.items():
                if not trial.alpha:
                    continue  # a control
                columns = about_attack(study, system, trial) | {"artefact": artefact}
                if artefact in (REASONS, DESCENT_PATH):
                    columns["reading"] = CONTROL
                if artefact == DESCENT_PATH:
                    columns["variant"] = (
                        f"links free, steps of {trial.move:g} of the highest rating"
                    )
                columns |= {name: getattr(trial, name) for name in varied}
                metrics = LEAKAGE.get(artefact, (PRECISION, RECALL))
                found = exposures(study, system, records, metrics)
                found += MORE[artefact](study, trial, trials) if artefact in MORE else []
                rows += [Row(**columns | f) for f in found]
    return rows


def _detection(study: Study, trial: Trial, trials: Trials) -> list[dict[str, Any]]:
    """The detection rate, by how the detector learns, and what camouflage changes of it."""
    rows, level = [], study.settings.intervals.level
    plain = trials[replace(trial, mu=0.0)]
    for how in (DESCRIBED, SEES_ALL):
        columns = {"case": how or None}
        rates, before = (
            [r["detected"][how] / r["malicious"] for r in rs] for rs in (trials[trial], plain)
        )
        # The malicious users of one attack are alike: all are found, or none. Attacks are counted.
        rate = proportion(DETECTION, rates, float(len(rates)), level)
        rows.append(columns | {"metric": DETECTION} | numbers(rate))
        change = difference(study, DETECTION_CHANGE, rates, before)
        if trial.mu and change is not None:
            rows.append(columns | {"metric": DETECTION_CHANGE} | numbers(change))
    rated = [record["rated"] for record in trials[trial]]
    return [*rows, {"metric": "items a malicious user rates", "value": float(np.mean(rated))}]


def _ranking(study: Study, trial: Trial, trials: Trials) -> list[dict[str, Any]]:
    return [_quality(trials[trial], name) for name in ("precision", "recall")]


def _utility_left(study: Study, trial: Trial, trials: Trials) -> list[dict[str, Any]]:
    ratios = [r["utility"][1] / r["utility"][0] for r in trials[trial] if r["utility"]]
    columns = {"value": float(np.mean(ratios)), "n_seeds": len(ratios)}
    return [columns | {"metric": "R left, of what it was"}]


def _whom(study: Study, trial: Trial, trials: Trials) -> list[dict[str, Any]]:
    if trial != next(other for other in trials if other.item == trial.item):
        return []  # another reading of the same attack
    facts = {"sensitive users": "sensitive", "users who rated the sensitive item": "raters"}
    nobody = {"attack": "", "reading": "", "variant": None}
    return [nobody | {"metric": m, "value": trials[trial][0][n]} for m, n in facts.items()]


LEAKAGE = dict.fromkeys((ITEMS, REASONS), (PRECISION, RECALL, RATED_PRECISION))
MORE: dict[str, Callable[[Study, Trial, Trials], list[dict[str, Any]]]] = {
    CAMOUFLAGE: _detection,
    DEFENCE: _ranking,
    DESCENT_PATH: _utility_left,
    ITEMS: _whom,
    REASONS: _utility_left,
}


def headline_rows(study: Study) -> list[Row]:
    """The points of figure 5 that the text states."""
    rows = []
    most = max(study.settings.model_inversion.shares)
    for system in mains(study):
        for trial, records in collect(study, system, POISONING).items():
            if trial.alpha == most:
                columns = about_attack(study, system, trial)
                columns |= {"artefact": "Headline", "alpha": most}
                found = exposures(study, system, records, (PRECISION, RECALL, RATED_PRECISION))
                last = thresholds(study, system)[-1]
                rows += [Row(**columns | f) for f in found if f["threshold"] == last]
    return rows


def control_rows(study: Study) -> list[Row]:
    """Decoys without poisoning, and who is listed in error."""
    rows = []
    metrics = (PRECISION, RECALL, RATED_PRECISION, FALSE_POSITIVES)
    most = max(study.settings.model_inversion.shares)
    for system in mains(study):
        columns = about(study, system) | {"artefact": "Controls", "reading": CONTROL}
        found = collect(study, system, POISONING)
        first = along(first_way(study, system), most)
        for name, trial in (("no poisoning", Trial(HELD, 0.0)), (ALGORITHM, first)):
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
