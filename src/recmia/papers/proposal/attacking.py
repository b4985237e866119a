"""Notebook 04: the attacks on scores of every target, as lines of tables and curves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from recmia.attacks.base import Attack
from recmia.attacks.registry import ATTACKS
from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place
from recmia.experiments.rows import AS_PUBLISHED, CONTROL, CORRECTED, Row
from recmia.experiments.study import Study
from recmia.papers.proposal.names import (
    AUGMENTED,
    BEST,
    BLIND,
    COVERAGE,
    EARLY,
    HELDOUT,
    KNOWN,
    LAST,
    MLP,
    NEAR_MISS,
    NONE,
    OTHER_MODEL,
    PUBLISHED_READING,
    RANDOM,
    REPLACED,
    STUDY,
    TARGET,
    title_of,
)
from recmia.papers.proposal.scoring import Case, cases, keep_features, keep_scores
from recmia.papers.proposal.subsets import parts_of
from recmia.papers.proposal.training import cohorts_path, model, study_vocabulary

STEP = "04_attack"

# What each comparison can and cannot show; published beside the numbers.
NOTES = {
    (TARGET, NEAR_MISS): "upper bound: the attack learns from the target's own labels",
    (TARGET, HELDOUT): "upper bound: the attack learns from the target's own labels",
    (TARGET, REPLACED): "both sides are edited, so the edit itself tells nothing",
    (NONE, NEAR_MISS): "sees sessions only: what it finds is the edit, not membership",
    (NONE, HELDOUT): "sees sessions only: 0.5 means that the cohorts do not differ",
    (NONE, REPLACED): "sees sessions only: 0.5 means that the cohorts do not differ",
    (OTHER_MODEL, NEAR_MISS): "a model trained on neither: what it finds is the edit",
    (OTHER_MODEL, HELDOUT): "a model trained on neither: 0.5 is expected",
    (OTHER_MODEL, REPLACED): "a model trained on neither: 0.5 is expected",
}
COVERAGE_NOTE = (
    "knows which items some training session holds, and sees no model: what it finds is that a "
    "session has another item"
)


@cache  # a result's identity is remembered with it
def scores(study: Study, reading: str, seed: int) -> Kept:
    """Scores of every attack on the target of one reading and seed."""
    settings = study.settings
    return Kept(
        study.folder(STEP) / reading / f"seed{seed}.npz",
        keep_scores,
        cohorts_path(study, seed),
        model(study, reading, seed, "target"),
        model(study, reading, seed, "shadow"),
        reading=reading,
        recorded=settings.target.recorded_epochs,
        mlp=settings.attack.model_dump(exclude={"folds", "others"}),
        others=others_of(study),
        folds=settings.attack.folds,
        vocabulary_size=study_vocabulary(study),
        names=(settings.root_seed, STEP, reading, seed),
        device=study.device,
    )


def others_of(study: Study) -> dict[str, type[Attack]]:
    """Attacks beside the MLP that learn from the shadow, by their titles in results."""
    names = ("loss-threshold", *study.settings.attack.others)
    return {title_of(name): ATTACKS[name] for name in names}


def pictured(study: Study, reading: str, epoch: int) -> Kept:
    """What the t-SNE pictures of one epoch show, first seed."""
    return Kept(
        study.folder(STEP) / reading / f"features_epoch{epoch}.npz",
        keep_features,
        cohorts_path(study, 0),
        model(study, reading, 0, "target"),
        reading=reading,
        epoch=epoch,
        device=study.device,
    )


def attack_all(study: Study, best: dict[str, int]) -> None:
    """Attack every target, several side by side; what is current is kept.

    Args:
        study: the run.
        best: reading to its best-validation epoch, which is pictured beside the last.
    """
    settings = study.settings
    wanted = [scores(study, r, seed) for seed in study.seeds() for r in settings.readings]
    epochs = float(len(settings.target.recorded_epochs))
    make_all(study, wanted, label="attacks", costs=[epochs] * len(wanted))
    shown = pictured_epochs(study, best).values()
    make_all(
        study, [pictured(study, PUBLISHED_READING, e) for e in sorted({*shown})], label="pictures"
    )


def pictured_epochs(study: Study, best: dict[str, int]) -> dict[str, int]:
    """What is pictured to its epoch: early in the training, where it ranks best, at the end."""
    recorded = study.settings.target.recorded_epochs
    early = next(epoch for epoch in recorded if epoch)
    return {EARLY: early, BEST: best[PUBLISHED_READING], LAST: recorded[-1]}


def attack_lines(study: Study, best: dict[str, int]) -> list[Line]:
    """Every attack on every subset, as lines of Table 2, the leakage curve and the controls."""
    return [
        line
        for reading in study.settings.readings
        for case in cases(
            reading,
            study.settings.target.recorded_epochs,
            list(others_of(study)),
        )
        for line in _lines(study, reading, case, best[reading])
    ]


def attack_rows(study: Study, best: dict[str, int]) -> list[Row]:
    """The lines measured, with a note on what each can show."""
    lines = attack_lines(study, best)
    return _with_notes(line_rows(study, study.folder(STEP) / "metrics", lines))


def _lines(study: Study, reading: str, case: Case, best: int) -> Iterator[Line]:
    kept = [scores(study, reading, seed) for seed in study.seeds()]
    at_end = case.epoch == study.settings.target.epochs
    for subset, runs in parts_of(tuple(Place(k, case.name, units=case.units) for k in kept)):
        columns = {
            "study": STUDY,
            "dataset": study.settings.dataset,
            "attack": case.attack,
            "augmented": AUGMENTED[reading],
            "labels": case.labels,
            "variant": case.variant,
            "nonmembers": case.nonmembers,
            "subset": subset,
            "epoch": case.epoch,
            "checkpoint": BEST if case.epoch == best else None,
        }
        columns["reading"] = CONTROL if case.is_control else _reading(reading, case, subset)
        if case.is_control or (case.nonmembers == REPLACED and at_end):
            yield Line(columns | {"artefact": "Controls"}, runs)
        elif at_end:
            yield Line(columns | {"artefact": "Table 2"}, runs)
        if not case.is_control and subset in (None, KNOWN):
            yield Line(columns | {"artefact": "Leakage curve"}, runs)


def _reading(reading: str, case: Case, subset: str | None) -> str:
    """The proposal's own experiment is as published; every change to it is a correction."""
    asked = (reading, case.labels, case.attack, case.nonmembers, subset)
    if asked == (PUBLISHED_READING, TARGET, MLP, NEAR_MISS, None):
        return AS_PUBLISHED
    return CONTROL if case.nonmembers == REPLACED else CORRECTED


def _with_notes(rows: list[Row]) -> list[Row]:
    """What a comparison can show, and a mark where the cohorts differ by themselves."""

    def place(row: Row) -> tuple:
        return row.augmented, row.nonmembers, row.subset

    blind = {place(r): r for r in rows if r.attack == BLIND and r.metric == ROC_AUC}

    def note(row: Row) -> str:
        said = NOTES.get((row.variant or row.labels, row.nonmembers), "")
        if row.labels == RANDOM:
            return ""
        if row.attack == COVERAGE:
            return COVERAGE_NOTE
        seen = blind.get(place(row))
        if seen is None or row.attack == BLIND or seen.ci_low <= 0.5 <= seen.ci_high:
            return said
        mark = (
            f"the cohorts differ by themselves: without any model, {seen.value:.3f} "
            f"[{seen.ci_low:.3f}, {seen.ci_high:.3f}]"
        )
        return f"{said}; {mark}" if said else mark

    return [replace(row, note=note(row)) for row in rows]
