"""Notebook 07: leakage against the number of sessions that a target was trained on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from recmia.cohorts import SIDES, load_cohorts
from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place
from recmia.experiments.ranges import ranged
from recmia.experiments.rows import CONTROL, CORRECTED, Row
from recmia.experiments.study import Study
from recmia.papers.proposal.attacking import others_of
from recmia.papers.proposal.drawing import alike_on_both_sides, keep_real
from recmia.papers.proposal.models import keep_model
from recmia.papers.proposal.names import (
    BEST,
    KNOWN,
    LAST,
    MLP,
    REAL_SESSIONS,
    STUDY,
)
from recmia.papers.proposal.scoring import Case, cases
from recmia.papers.proposal.sizes.keeping import keep_scores
from recmia.papers.proposal.sizes.trend import extrapolated
from recmia.papers.proposal.subsets import parts_of
from recmia.papers.proposal.training import counted, study_vocabulary
from recmia.recommenders.epochs import TrainingRecord, load_record
from recmia.recommenders.ranking import evaluate_ranking
from recmia.recommenders.settings import Target
from recmia.seeds import child_seed

STEP = "07_sizes"
SIZE, BY_SEED, TREND = "Size", "Size, seed by seed", "Size, trend"
EXTRAPOLATED = f"{ROC_AUC}, extrapolated"
NDCG = "NDCG@20"
FACTOR = "d' with ten times as many sessions, as a multiple"


@cache  # a result's identity is remembered with it
def cohorts(study: Study, members: int, seed: int) -> Kept:
    """Cohorts of real sessions, the same number held out as is attacked."""
    settings = study.settings
    return Kept(
        study.folder(STEP) / f"{members}" / f"seed{seed}" / "cohorts.npz",
        keep_real,
        study.need("01_preprocess/sessions.parquet"),
        sizes=alike_on_both_sides(
            members=members,
            heldout=min(members, settings.sizes.attacked),
            validation=settings.cohorts.validation,
            reference=settings.cohorts.reference,
        ),
        names=(settings.root_seed, STEP, "cohorts", members, seed),
    )


def target_of(study: Study, members: int) -> Target:
    """The profile's target, trained as many epochs as its size needs."""
    target = study.settings.target
    return target.changed(epochs=study.settings.sizes.epochs.get(members, target.epochs))


@cache
def model(study: Study, members: int, seed: int, side: str) -> Kept:
    """One model's folder (`recmia.recommenders.training`)."""
    return Kept(
        study.folder(STEP) / f"{members}" / f"seed{seed}" / side,
        keep_model,
        cohorts(study, members, seed),
        side=side,
        reading=REAL_SESSIONS,
        target=target_of(study, members),
        vocabulary_size=study_vocabulary(study),
        seed=child_seed(study.settings.root_seed, STEP, members, seed, side),
        device=study.device,
    )


def scores(study: Study, members: int, seed: int, best: int) -> Kept:
    """Scores of every attack on one target at its size's best epoch and at the last."""
    settings = study.settings
    return Kept(
        study.folder(STEP) / f"{members}" / f"seed{seed}" / "scores.npz",
        keep_scores,
        cohorts(study, members, seed),
        *(model(study, members, seed, side) for side in SIDES),
        attacked=settings.sizes.attacked,
        epochs=_attacked_epochs(study, members, best),
        mlp=settings.attack.model_dump(exclude={"folds", "others"}),
        others=others_of(study),
        folds=settings.attack.folds,
        vocabulary_size=study_vocabulary(study),
        names=(settings.root_seed, STEP, members, seed),
        device=study.device,
    )


def _attacked_epochs(study: Study, members: int, best: int) -> list[int]:
    return sorted({best, target_of(study, members).epochs})


def train_all(study: Study) -> pd.DataFrame:
    """Train target and shadow of every size and seed; what is current is kept.

    Returns:
        Of the targets, a row an epoch: members, seed, epoch, train_loss, validation_ndcg_20 and
        validation_hr_20.
    """
    keys = _sizes_and_seeds(study)
    make_all(study, [cohorts(study, *key) for key in keys], label="cohorts")
    wanted = {(*key, side): model(study, *key, side) for key in keys for side in SIDES}
    costs = [float(target_of(study, members).epochs * members) for members, *_ in wanted]
    make_all(study, list(wanted.values()), label="training", costs=costs)
    targets = {key: load_record(kept.path) for key, kept in wanted.items() if key[-1] == "target"}
    return pd.concat([_curve(*key, record) for key, record in targets.items()], ignore_index=True)


def seeds_of(study: Study, members: int) -> range:
    """Repetitions of a size."""
    return range(study.settings.sizes.seeds.get(members, study.settings.n_seeds))


def _sizes_and_seeds(study: Study) -> list[tuple[int, int]]:
    sizes = study.settings.sizes.members
    return [(members, seed) for members in sizes for seed in seeds_of(study, members)]


def _curve(members: int, seed: int, _side: str, record: TrainingRecord) -> pd.DataFrame:
    return pd.DataFrame(record.curve).assign(members=members, seed=seed)


def best_epochs(study: Study, curve: pd.DataFrame) -> dict[int, int]:
    """Size to the recorded epoch whose targets rank unseen sessions best, seeds averaged."""
    mean = recorded(study, curve).groupby(["members", "epoch"]).validation_ndcg_20.mean()
    return {members: int(mean[members].idxmax()) for members in study.settings.sizes.members}


def recorded(study: Study, curve: pd.DataFrame) -> pd.DataFrame:
    """Of a curve, the epochs whose models are kept."""
    kept = {members: target_of(study, members).recorded_epochs for members in set(curve.members)}
    return curve[[e in kept[n] for n, e in zip(curve.members, curve.epoch, strict=True)]]


def attack_all(study: Study, best: dict[int, int]) -> list[Line]:
    """Attack every target; what is current is kept.

    Args:
        study: the run.
        best: size to its best epoch.

    Returns:
        Each attack on each subset of each size, as lines of the table and of the controls.
    """
    keys = _sizes_and_seeds(study)
    make_all(study, [scores(study, n, s, best[n]) for n, s in keys], label="attacks")
    others = list(others_of(study))
    return [
        line
        for members, epoch in best.items()
        for case in cases(REAL_SESSIONS, _attacked_epochs(study, members, epoch), others)
        for line in _lines(study, members, case, epoch)
    ]


def _lines(study: Study, members: int, case: Case, best: int) -> Iterator[Line]:
    kept = [scores(study, members, seed, best) for seed in seeds_of(study, members)]
    last = target_of(study, members).epochs
    checkpoints = {last: LAST} | {best: BEST}
    for subset, runs in parts_of(tuple(Place(k, case.name, units=case.units) for k in kept)):
        columns = {
            "study": STUDY,
            "artefact": SIZE,
            "dataset": study.settings.dataset,
            "attack": case.attack,
            "reading": CONTROL if case.is_control else CORRECTED,
            "labels": case.labels,
            "variant": case.variant,
            "nonmembers": case.nonmembers,
            "members": members,
            "subset": subset,
            "epoch": case.epoch,
        }
        checkpoint = checkpoints.get(case.epoch)
        yield Line(columns | {"checkpoint": checkpoint}, runs)
        if case.epoch == best == last:
            yield Line(columns | {"checkpoint": LAST}, runs)


def size_rows(
    study: Study, lines: list[Line], curve: pd.DataFrame, best: dict[int, int]
) -> list[Row]:
    """The lines measured, the headline's numbers seed by seed, their trend, and ranking quality."""
    folder = study.folder(STEP) / "metrics"
    shown = [line for line in lines if _is_headline(line)]
    single = [
        Line(line.columns | {"artefact": BY_SEED, "draw": seed}, (place,))
        for line in shown
        for seed, place in enumerate(line.runs)
    ]
    by_seed = line_rows(study, folder, single, [ROC_AUC])
    return [
        *line_rows(study, folder, lines),
        *by_seed,
        *_trends(study, by_seed),
        *_ranking(study, curve, best),
    ]


def _is_headline(line: Line) -> bool:
    """The MLP that learns from the shadow, on all sessions and on those with known items."""
    return line.matches({"attack": MLP, "labels": "shadow", "subset": [None, KNOWN]})


def _trends(study: Study, by_seed: list[Row]) -> Iterator[Row]:
    to, level = study.settings.sizes.extrapolated_to, study.settings.intervals.level
    groups: dict[tuple, list[Row]] = {}
    for row in by_seed:
        groups.setdefault((row.checkpoint, row.subset), []).append(row)
    for (checkpoint, subset), rows in groups.items():
        sizes, areas = ([getattr(r, name) for r in rows] for name in ("members", "value"))
        trend = extrapolated(np.array(sizes), np.array(areas), to, level)
        columns: dict[str, Any] = {
            "study": STUDY,
            "artefact": TREND,
            "dataset": study.settings.dataset,
            "attack": MLP,
            "reading": CORRECTED,
            "labels": "shadow",
            "nonmembers": rows[0].nonmembers,
            "subset": subset,
            "checkpoint": checkpoint,
            "n_seeds": len(rows),
        }
        yield Row(
            **columns,
            metric=EXTRAPOLATED,
            members=to,
            value=trend.value,
            ci_low=trend.low,
            ci_high=trend.high,
            note="nobody has trained on so many: where the curve through all sizes leads",
        )
        yield Row(
            **columns,
            metric=FACTOR,
            value=trend.factor,
            ci_low=trend.factor_low,
            ci_high=trend.factor_high,
        )


def _ranking(study: Study, curve: pd.DataFrame, best: dict[int, int]) -> Iterator[Row]:
    """NDCG@20 on unseen sessions: mean and range over seeds.

    Of the targets at their best epoch and at the last, and of what counts in the same sessions.
    """
    for members, epoch in best.items():
        of_size = curve[curve.members == members]
        found = {}
        for checkpoint, at in ((BEST, epoch), (LAST, target_of(study, members).epochs)):
            values = of_size[of_size.epoch == at].validation_ndcg_20
            found[study.settings.target.architecture, checkpoint, at] = values
        simple = [_counted(study, members, seed) for seed in seeds_of(study, members)]
        found |= {(name, None, None): [one[name] for one in simple] for name in simple[0]}
        for (name, checkpoint, at), values in found.items():
            yield ranged(
                values,
                study=STUDY,
                artefact=SIZE,
                dataset=study.settings.dataset,
                metric=NDCG,
                recommender=name,
                members=members,
                checkpoint=checkpoint,
                epoch=at,
            )


def _counted(study: Study, members: int, seed: int) -> dict[str, float]:
    """NDCG@20 of what ranks by counting, by name."""
    drawn = load_cohorts(cohorts(study, members, seed).path)
    return {
        simple.name: float(evaluate_ranking(simple, drawn.validation).ndcg.mean())
        for simple in counted(drawn.members["target"], study_vocabulary(study))
    }
