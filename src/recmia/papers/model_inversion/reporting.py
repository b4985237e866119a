"""Result rows of notebook 13."""

from __future__ import annotations

import math

import numpy as np

from recmia.evaluation.intervals import Measurement
from recmia.experiments.results import ResultRow
from recmia.experiments.study import Study
from recmia.inversion.attack import DESCENT, HELD, LINKED_RANDOM, RANDOM
from recmia.inversion.cooccurrence import cooccurrence_scores, highest
from recmia.papers.model_inversion.choosing import read_grid, readings, recommender_of, rule
from recmia.papers.model_inversion.guessing import scores_from_others
from recmia.papers.model_inversion.measuring import (
    DETECTION,
    FALSE_POSITIVES,
    PRECISION,
    RATED_PRECISION,
    RECALL,
    collect,
    measure,
    proportion,
)
from recmia.papers.model_inversion.preparing import read_world
from recmia.papers.model_inversion.trials import (
    AS_THEY_DID,
    CAMOUFLAGE,
    DEFENCE,
    DESCENT_PATH,
    ITEMS,
    KNOWLEDGE,
    NAMES,
    POISONING,
    REASONS,
    Trial,
)

STUDY = "model-inversion"
AS_PUBLISHED, CORRECTED, CONTROL = "as published", "corrected", "control"
READING = {DESCENT: AS_PUBLISHED, HELD: CORRECTED, RANDOM: CONTROL, LINKED_RANDOM: CONTROL}
MI_ATTACK = "model inversion"
NOBODY = "nobody is listed"


def mains(study: Study) -> list[str]:
    """Systems that are studied beyond figure 5."""
    systems = study.settings.model_inversion.systems
    return [name for name, system in systems.items() if system.main]


def row(study: Study, system: str, **fields) -> ResultRow:
    """A row about a system."""
    settings = study.settings.model_inversion
    about = settings.systems[system]
    defaults = {
        "study": STUDY,
        "dataset": settings.datasets[about.data].title,
        "setting": about.title,
        "attack": "",
        "reading": "",
        "condition": "",
    }
    return ResultRow(**defaults | fields)


def numbers(measured: Measurement) -> dict:
    """Columns of a measurement; NaN is no number, and a note says why."""
    if math.isnan(measured.value):
        return {"value": None, "n_seeds": measured.n_seeds, "note": NOBODY}
    return {
        "value": measured.value,
        "ci_low": measured.ci_low,
        "ci_high": measured.ci_high,
        "n_seeds": measured.n_seeds,
    }


def thresholds(study: Study, system: str) -> range:
    """Every l' of a system's data set."""
    settings = study.settings.model_inversion
    return range(1, settings.datasets[settings.systems[system].data].decoys + 1)


def all_rows(study: Study) -> list[ResultRow]:
    """Every row but the claims."""
    makers = (
        data_rows, rule_rows, recommender_rows, poisoning_rows, camouflage_rows, knowledge_rows,
        item_rows, defence_rows, reason_rows, descent_rows, control_rows,
    )  # fmt: skip
    return [made for make in makers for made in make(study)]


def data_rows(study: Study) -> list[ResultRow]:
    """Section 4.1: sizes of the rating matrices."""
    rows = []
    settings = study.settings.model_inversion
    for name, data in settings.datasets.items():
        world = read_world(study, name, zeros_observed=False)
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
        rows += [
            ResultRow(STUDY, "Data", data.title, data.source, fact, "", "", "value", value)
            for fact, value in facts.items()
        ]
    return rows


def rule_rows(study: Study) -> list[ResultRow]:
    """Section 4.1: RMSE over the grid of k and λ, and what the rule chooses."""
    settings, rows = study.settings.model_inversion, []
    for reading in readings(study):
        data, zeros = reading
        title = settings.datasets[data].title
        setting = "missing counts as 0" if zeros else "observed entries"
        error = "rmse_all" if zeros else "rmse"
        metric = "RMSE over all entries outside training" if zeros else "RMSE"
        for k in settings.grid_factors:
            for regularisation in settings.grid_regularisation:
                found = [
                    getattr(next(iter(one.values())), error)
                    for one in read_grid(study, reading, k, regularisation)
                ]
                rows.append(
                    ResultRow(
                        STUDY, "Rule", title, setting, f"k = {k}", "",
                        f"λ = {regularisation:g}", metric, float(np.mean(found)),
                        n_seeds=len(found),
                    )
                )  # fmt: skip
        for what, value in zip("kλl", rule(study, reading), strict=True):
            rows.append(
                ResultRow(STUDY, "Rule", title, setting, what, "", "chosen", "value", value)
            )
    return rows


def recommender_rows(study: Study) -> list[ResultRow]:
    """Section 4.1: quality of every system before poisoning."""
    rows = []
    words = {
        "rmse": "RMSE",
        "rmse_printed": "RMSE as equation 17 is printed",
        "rmse_all": "RMSE over all entries outside training",
        "precision": "RSPre@l",
        "recall": "RSRecl@l",
    }
    for system in study.settings.model_inversion.systems:
        recommender = recommender_of(study, system)
        for what, value in (
            ("k", recommender.factors),
            ("λ", recommender.regularisation),
            ("l", recommender.length),
        ):
            rows.append(
                row(study, system, artefact="Recommender", attack=what, metric="value", value=value)
            )
        found = collect(study, system, POISONING)[Trial(HELD, 0.0)]
        for name, word in words.items():
            values = [record["quality"][name] for record in found]
            rows.append(
                row(
                    study, system, artefact="Recommender", attack=word, metric="value",
                    value=float(np.mean(values)), ci_low=float(np.min(values)),
                    ci_high=float(np.max(values)), n_seeds=len(values),
                    note="range over trainings",
                )
            )  # fmt: skip
    return rows


def _exposure_rows(
    study: Study, system: str, records: list, metrics: tuple[str, ...], condition: str, **fields
) -> list[ResultRow]:
    level = study.settings.intervals.level
    return [
        row(
            study, system,
            condition="; ".join(part for part in (condition, f"l' = {least}") if part),
            metric=measured.metric, **fields | numbers(measured),
        )
        for least in thresholds(study, system)
        for measured in measure(records, least, level)
        if measured.metric in metrics
    ]  # fmt: skip


def poisoning_rows(study: Study) -> list[ResultRow]:
    """Figure 5, and its points that the text states."""
    rows = []
    for system in study.settings.model_inversion.systems:
        for trial, records in collect(study, system, POISONING).items():
            if not trial.share:
                continue
            fields = {"attack": NAMES[trial.choice], "reading": READING[trial.choice]}
            rows += _exposure_rows(
                study, system, records, (PRECISION, RECALL), f"α = {trial.share:g}",
                artefact="Figure 5", **fields,
            )  # fmt: skip
            if trial.share == max(study.settings.model_inversion.shares):
                least = thresholds(study, system)[-1]
                condition = f"α = {trial.share:g}; l' = {least}"
                if fields["reading"] == CONTROL:
                    condition += f"; {NAMES[trial.choice]}"
                rows += [
                    row(
                        study, system, artefact="Headline", attack=measured.metric,
                        reading=fields["reading"], condition=condition, metric="share",
                        **numbers(measured),
                    )
                    for measured in measure(records, least, study.settings.intervals.level)[:3]
                ]  # fmt: skip
    return rows


def camouflage_rows(study: Study) -> list[ResultRow]:
    """Figure 6: leakage and detection against μ."""
    rows = []
    for system in mains(study):
        for trial, records in collect(study, system, CAMOUFLAGE).items():
            fields = {
                "artefact": "Figure 6",
                "attack": NAMES[trial.choice],
                "reading": READING[trial.choice],
            }
            condition = f"μ = {trial.camouflage:g}"
            rows += _exposure_rows(study, system, records, (PRECISION, RECALL), condition, **fields)
            measured = proportion(
                DETECTION,
                [record.get("detected", math.nan) for record in records],
                records[0]["malicious"],
                study.settings.intervals.level,
            )
            rows.append(
                row(
                    study, system, condition=condition, metric=DETECTION,
                    **fields | numbers(measured),
                )
            )  # fmt: skip
    return rows


def knowledge_rows(study: Study) -> list[ResultRow]:
    """Figure 7: leakage against the share β of users whose ratings the adversary knows."""
    rows = []
    for system in mains(study):
        for trial, records in collect(study, system, KNOWLEDGE).items():
            known = "V known" if trial.known is None else f"β = {trial.known:g}"
            rows += _exposure_rows(
                study, system, records, (PRECISION, RECALL), f"α = {trial.share:g}; {known}",
                artefact="Figure 7", attack=NAMES[trial.choice], reading=READING[trial.choice],
            )  # fmt: skip
    return rows


def item_rows(study: Study) -> list[ResultRow]:
    """Several sensitive items, attacked one by one."""
    rows = []
    for system in mains(study):
        for trial, records in collect(study, system, ITEMS).items():
            sensitive, raters = records[0]["sensitive"], records[0]["raters"]
            rows += _exposure_rows(
                study, system, records, (PRECISION, RECALL, RATED_PRECISION), "",
                artefact=ITEMS, reading=CORRECTED,
                attack=f"item {trial.item + 1}: {sensitive} sensitive users, {raters} raters",
            )  # fmt: skip
    return rows


def defence_rows(study: Study) -> list[ResultRow]:
    """Leakage and ranking quality against ε."""
    rows = []
    for system in mains(study):
        for trial, records in collect(study, system, DEFENCE).items():
            attack = "least squares" if trial.epsilon is None else f"ε = {trial.epsilon:g}"
            fields = {"artefact": DEFENCE, "attack": attack, "reading": CORRECTED}
            rows += _exposure_rows(study, system, records, (PRECISION, RECALL), "", **fields)
            for name, metric in (("precision", "RSPre@l"), ("recall", "RSRecl@l")):
                values = [record["quality"][name] for record in records]
                rows.append(
                    row(
                        study, system, metric=metric, value=float(np.mean(values)),
                        ci_low=float(np.min(values)), ci_high=float(np.max(values)),
                        n_seeds=len(values), note="range over trainings", **fields,
                    )
                )  # fmt: skip
    return rows


def describe(trial: Trial) -> str:
    """What a search for reasons changed."""
    parts = [
        f"k = {trial.factors}" if trial.factors else "",
        f"α = {trial.share:g}",
        "decoys that few rated" if trial.rare else "",
        f"raters of the item: {trial.raters}" if trial.raters != AS_THEY_DID else "",
    ]
    return ", ".join(part for part in parts if part)


def reason_rows(study: Study) -> list[ResultRow]:
    """What leakage depends on: factors, poisoning, decoys, and who rated the item."""
    rows = []
    for system in mains(study):
        for trial, records in collect(study, system, REASONS).items():
            rows += _exposure_rows(
                study, system, records, (PRECISION, RECALL, RATED_PRECISION), "",
                artefact=REASONS, reading=CONTROL, attack=describe(trial),
            )  # fmt: skip
    return rows


def descent_rows(study: Study) -> list[ResultRow]:
    """Leakage along the descent on R, in short steps."""
    rows = []
    for system in mains(study):
        for trial, records in collect(study, system, DESCENT_PATH).items():
            fields = {
                "artefact": DESCENT_PATH,
                "attack": f"{trial.steps} steps",
                "reading": AS_PUBLISHED,
            }
            rows += _exposure_rows(study, system, records, (PRECISION, RECALL), "", **fields)
            ratios = [r["utility"][1] / r["utility"][0] for r in records]
            rows.append(
                row(
                    study, system, metric="R left, of what it was", n_seeds=len(ratios),
                    value=float(np.mean(ratios)), **fields,
                )
            )  # fmt: skip
    return rows


def control_rows(study: Study) -> list[ResultRow]:
    """Decoys without poisoning, a guess from co-occurrence, and who is listed in error."""
    rows = []
    settings, level = study.settings.model_inversion, study.settings.intervals.level
    metrics = (PRECISION, RECALL, RATED_PRECISION, FALSE_POSITIVES)
    for system in mains(study):
        found = collect(study, system, POISONING)
        for name, trial in (
            ("no poisoning", Trial(HELD, 0.0)),
            (NAMES[HELD], Trial(HELD, max(settings.shares))),
        ):
            rows += _exposure_rows(
                study, system, found[trial], metrics, "", artefact="Controls", reading=CONTROL,
                attack=name,
            )  # fmt: skip
        about = settings.systems[system]
        training = read_world(study, about.data, zeros_observed=about.zeros_observed)
        truth = training.training.high_raters(training.sensitive[:1])
        item = int(training.sensitive[0])
        for name, scores in (
            ("guess from co-occurrence", cooccurrence_scores(training.training, np.array([item]))),
            (
                "guess from co-occurrence among others",
                scores_from_others(training.training, item),
            ),
        ):
            guessed = highest(scores, int(truth.sum()))
            share = float((guessed & truth).sum() / truth.sum())
            for metric in (PRECISION, RECALL):
                measured = proportion(metric, [share], float(truth.sum()), level)
                rows.append(
                    row(
                        study, system, artefact="Controls", reading=CONTROL, metric=metric,
                        attack=name, condition="as many users as are sensitive",
                        **numbers(measured),
                    )
                )  # fmt: skip
    return rows


def seconds(study: Study) -> dict[str, float]:
    """Median seconds of one attack (optimise, poison, factorise, recommend) on each system."""
    found = {}
    for system in study.settings.model_inversion.systems:
        trials = collect(study, system, POISONING)
        found[system] = float(np.median([r["seconds"] for rs in trials.values() for r in rs]))
    return found
