"""Notebook 04, second pass: metrics with intervals from the saved scores, and their rows."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from recmia.evaluation.intervals import evaluate
from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.results import ResultRow
from recmia.experiments.study import Study
from recmia.jobs import run_jobs
from recmia.papers.proposal import READINGS, STUDY
from recmia.papers.proposal.attacking import (
    ALL,
    BLIND,
    HELDOUT,
    MLP,
    NEAR_MISS,
    NO_MODEL,
    OTHER_MODEL,
    RANDOM_LABELS,
    REPLACED,
    STEP,
    TARGET_LABELS,
    Claim,
    SeedScores,
    scores_path,
)
from recmia.seeds import child_seed

# What each comparison can and cannot show; published beside the numbers.
NOTES = {
    (TARGET_LABELS, NEAR_MISS): "upper bound: the attack learns from the target's own labels",
    (TARGET_LABELS, HELDOUT): "upper bound: the attack learns from the target's own labels",
    (TARGET_LABELS, REPLACED): "both sides are edited, so the edit itself tells nothing",
    (NO_MODEL, NEAR_MISS): "sees sessions only: what it finds is the edit, not membership",
    (NO_MODEL, HELDOUT): "sees sessions only: 0.5 means that the cohorts do not differ",
    (NO_MODEL, REPLACED): "sees sessions only: 0.5 means that the cohorts do not differ",
    (OTHER_MODEL, NEAR_MISS): "a model trained on neither: what it finds is the edit",
    (OTHER_MODEL, HELDOUT): "a model trained on neither: 0.5 is expected",
    (OTHER_MODEL, REPLACED): "a model trained on neither: 0.5 is expected",
}


def measure_all(study: Study) -> pd.DataFrame:
    """Measure every saved claim on every subset, several side by side.

    Returns:
        Tidy table, one row a number: proposal_reading, setting, attack, condition, subset, epoch,
        metric, value, ci_low, ci_high, n_seeds, n_members, n_nonmembers (of the first seed).
    """
    jobs = []
    for reading in study.settings.readings:
        claims = sorted(SeedScores.load(scores_path(study, reading, 0)).scores, key=Claim.key)
        chunks = min(len(claims), 4 * study.workers)
        jobs += [(study, reading, claims[start::chunks]) for start in range(chunks)]
    total = sum(len(claims) for _, _, claims in jobs)
    parts = run_jobs(
        measure_claims, jobs, workers=study.workers, total=total, label="metrics and intervals"
    )
    table = pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)
    keys = ["proposal_reading", "setting", "attack", "condition", "subset", "epoch"]
    return table.sort_values(keys, kind="stable", ignore_index=True)


def measure_claims(
    job: tuple[Study, str, list[Claim]], progress: Callable[[float], None]
) -> list[dict]:
    """Measure some claims of one reading of the proposal."""
    study, reading, claims = job
    seeds = [SeedScores.load(scores_path(study, reading, seed)) for seed in study.seeds()]
    records = []
    for claim in claims:
        for subset in seeds[0].subsets[claim.condition]:
            runs = [seed.units(claim, subset) for seed in seeds]
            if any(run.membership.all() or not run.membership.any() for run in runs):
                continue
            for measured in evaluate(
                runs,
                repeats=study.settings.intervals.repeats,
                level=study.settings.intervals.level,
                seed=child_seed(study.settings.root_seed, "intervals"),
            ):
                records.append(
                    {
                        "proposal_reading": reading,
                        "setting": claim.setting,
                        "attack": claim.attack,
                        "condition": claim.condition,
                        "subset": subset,
                        "epoch": claim.epoch,
                        "metric": measured.metric,
                        "value": measured.value,
                        "ci_low": measured.ci_low,
                        "ci_high": measured.ci_high,
                        "n_seeds": measured.n_seeds,
                        "n_members": int(runs[0].membership.sum()),
                        "n_nonmembers": int((~runs[0].membership).sum()),
                    }
                )
        progress(1)
    return records


def result_rows(study: Study, table: pd.DataFrame, best: dict[str, int]) -> list[ResultRow]:
    """Rows of Table 2, the leakage curves and the controls.

    Args:
        study: the run.
        table: from :func:`measure_all`.
        best: reading to its best-validation epoch; marked in the condition.
    """
    last = study.settings.target.epochs
    rows, blind = [], _blind(table)
    for record in table.to_dict("records"):
        record["note"] = _note(record, blind)
        control = record["setting"] in (NO_MODEL, OTHER_MODEL, RANDOM_LABELS)
        at_end = record["epoch"] == last
        if control or (record["condition"] == REPLACED and at_end):
            rows.append(_row(study, "Controls", record, "control", best))
        elif at_end:
            rows.append(_row(study, "Table 2", record, _reading(record), best))
        if not control and record["subset"] == ALL:
            rows.append(_row(study, "Leakage curve", record, _reading(record), best))
    return rows


def _blind(table: pd.DataFrame) -> dict[tuple[str, str, str], dict]:
    """ROC AUC of the blind baseline by reading of the proposal, condition and subset."""
    chosen = table[(table.attack == BLIND) & (table.metric == ROC_AUC)]
    return {
        (row["proposal_reading"], row["condition"], row["subset"]): row
        for row in chosen.to_dict("records")
    }


def _note(record: dict, blind: dict[tuple[str, str, str], dict]) -> str:
    """What the comparison can show, and a mark where the cohorts differ by themselves."""
    note = NOTES.get((record["setting"], record["condition"]), "")
    seen = blind.get((record["proposal_reading"], record["condition"], record["subset"]))
    if seen is None or record["attack"] == BLIND or seen["ci_low"] <= 0.5 <= seen["ci_high"]:
        return note
    mark = (
        f"the cohorts differ by themselves: without any model, {seen['value']:.3f} "
        f"[{seen['ci_low']:.3f}, {seen['ci_high']:.3f}]"
    )
    return f"{note}; {mark}" if note else mark


def _reading(record: dict) -> str:
    """The proposal's own experiment is as published; every change to it is a correction."""
    published = (
        record["proposal_reading"] == "augmented_as_nonmembers"
        and record["setting"] == TARGET_LABELS
        and record["attack"] == MLP
        and record["condition"] == NEAR_MISS
        and record["subset"] == ALL
    )
    if published:
        return "as published"
    return "control" if record["condition"] == REPLACED else "corrected"


def _row(study: Study, artefact: str, record: dict, reading: str, best: dict) -> ResultRow:
    facts = [record["condition"]]
    if record["subset"] != ALL:
        facts.append(record["subset"])
    if record["attack"] != BLIND:
        facts.append(f"epoch {record['epoch']}")
        if record["epoch"] == best[record["proposal_reading"]]:
            facts.append("best validation")
    return ResultRow(
        study=STUDY,
        artefact=artefact,
        dataset=study.settings.dataset,
        setting=f"{READINGS[record['proposal_reading']]}; {record['setting']}",
        attack=record["attack"],
        reading=reading,
        condition="; ".join(facts),
        metric=record["metric"],
        value=record["value"],
        ci_low=record["ci_low"],
        ci_high=record["ci_high"],
        n_seeds=record["n_seeds"],
        note=record["note"],
    )


def summary(table: pd.DataFrame, epoch: int) -> pd.DataFrame:
    """What the notebook shows: ROC AUC and hard-label AUC at one epoch, all sessions."""
    chosen = table[
        table.epoch.isin([epoch, 0])
        & (table.subset == ALL)
        & table.metric.isin([ROC_AUC, HARD_LABEL_AUC])
        & ((table.epoch == epoch) | (table.attack == BLIND))
    ]
    return chosen.pivot_table(
        index=["proposal_reading", "setting", "attack", "condition"],
        columns="metric",
        values="value",
    ).round(3)


def table_path(study: Study):
    """Where the tidy table is kept, for the figures."""
    return study.folder(STEP) / "measurements.parquet"
