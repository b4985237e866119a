"""Notebook 08's result rows: trials, ranking quality, differences, leakage."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from recmia.cohorts import SIDES
from recmia.evaluation.intervals import evaluate_mean
from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place, bootstrap, differences
from recmia.experiments.rows import CONTROL, CORRECTED, Row, numbers_of
from recmia.experiments.study import Study
from recmia.papers.proposal.attacking import others_of
from recmia.papers.proposal.names import (
    BEST,
    BLIND,
    COVERAGE,
    KNOWN,
    MLP,
    REAL_SESSIONS,
    SHADOW,
    STUDY,
)
from recmia.papers.proposal.scoring import cases
from recmia.papers.proposal.sizes.keeping import keep_scores
from recmia.papers.proposal.subsets import parts_of
from recmia.papers.proposal.training import study_vocabulary
from recmia.papers.proposal.tuning.search import TUNED, UNTUNED, in_words, n_choices
from recmia.papers.proposal.tuning.tuning import STEP, Ranked, Trial, cohorts, model
from recmia.seeds import child_seed

TUNING, BUDGET = "Tuning", "Tuning, budget"
QUALITY, GROWTH, LEAKAGE = "Tuned target", "Tuned target, more sessions", "Tuned target, leakage"
NDCG, HIT_RATE = "NDCG@20", "HR@20"
NEIGHBOURS = "item-neighbours"
DIFFERENCE = "difference of {}"
CHANGE = "change of the difference of NDCG@20"
SHORT = "the last epoch: more might be better"
TODAYS = "the settings before tuning"


def trial_rows(study: Study, trials: list[Trial], best: list[Trial]) -> Iterator[Row]:
    """The tuning table: every trial with its settings, and what the search was allowed."""
    tuning, about = study.settings.tuning, _about(study)
    for one in trials:
        marks = {TUNED: one in best, UNTUNED: one.is_today}
        notes = {TODAYS: one.is_today, SHORT: one.epoch == one.target.epochs}
        yield Row(
            **about,
            artefact=TUNING,
            metric=NDCG,
            recommender=one.target.architecture,
            variant=in_words(one.target),
            case=", ".join(word for word, holds in marks.items() if holds) or None,
            epoch=one.epoch,
            value=one.ndcg,
            note="; ".join(text for text, holds in notes.items() if holds),
        )
    for architecture, budget in tuning.budget.items():
        tried = sum(one.target.architecture == architecture for one in trials)
        counts = {"trials": tried, "settings that could be drawn": n_choices(tuning)}
        counts |= {"epochs of a trial": budget.epochs, "training sessions": tuning.sessions[0]}
        counts["validation sessions"] = study.settings.cohorts.validation
        for metric, value in counts.items():
            yield Row(
                **about, artefact=BUDGET, metric=metric, recommender=architecture, value=value
            )


def quality_rows(study: Study, ranked: list[Ranked]) -> Iterator[Row]:
    """NDCG@20 and HR@20 on test sessions, and paired differences between recommenders."""
    for one, (metric, part) in product(ranked, ((NDCG, "ndcg"), (HIT_RATE, "hit_rate"))):
        columns = _columns(study, one) | {"artefact": QUALITY}
        yield _mean_row(study, columns, metric, one.runs(part))
    by_name = {(one.recommender, one.case, one.members): one for one in ranked}
    first = study.settings.tuning.sessions[0]
    for one in ranked:
        beside = by_name[NEIGHBOURS, None, one.members]
        untuned = by_name[study.settings.target.architecture, UNTUNED, one.members]
        for other in (beside, untuned):
            if one.recipe and one is not other:
                against = other.case or other.recommender
                columns = _columns(study, one) | {"artefact": QUALITY, "against": against}
                yield _mean_row(study, columns, DIFFERENCE.format(NDCG), _minus(one, other))
        if one.recipe and one.members > first:
            # The test sessions are the same at every size, so that the change is paired as well.
            start = by_name[one.recommender, one.case, first]
            then = _minus(start, by_name[NEIGHBOURS, None, first])
            change = [
                (now - before, groups)
                for (now, groups), (before, _) in zip(_minus(one, beside), then, strict=True)
            ]
            columns = _columns(study, one) | {"artefact": GROWTH, "against": NEIGHBOURS}
            columns["note"] = f"from that at {first:,} training sessions"
            yield _mean_row(study, columns, CHANGE, change)


def _minus(first: Ranked, second: Ranked) -> list[tuple[np.ndarray, np.ndarray]]:
    """NDCG of one less that of another, test session by test session."""
    pairs = zip(first.runs("ndcg"), second.runs("ndcg"), strict=True)
    return [(one - other, groups) for (one, groups), (other, _) in pairs]


def _about(study: Study) -> dict[str, Any]:
    return {"study": STUDY, "dataset": study.settings.dataset}


def _columns(study: Study, one: Ranked) -> dict[str, Any]:
    columns = _about(study) | {"recommender": one.recommender, "members": one.members}
    if one.recipe is None:
        return columns
    trained = {"case": one.case, "epoch": one.epoch, "checkpoint": BEST}
    return columns | trained | {"note": SHORT if one.too_short else ""}


def _mean_row(study: Study, columns: dict[str, Any], metric: str, runs: list) -> Row:
    chosen = bootstrap(study) | {"seed": child_seed(study.settings.root_seed, "ranking")}
    return Row(**columns, metric=metric, **numbers_of(evaluate_mean(metric, runs, **chosen)))


def scores(study: Study, one: Ranked, repeat: int) -> Kept:
    """Scores of every attack on one target of the first size, at its best epoch."""
    settings = study.settings
    return Kept(
        study.folder(STEP) / f"repeat{repeat}" / f"{one.recipe.name}-scores.npz",
        keep_scores,
        cohorts(study, repeat),
        *(model(study, one.recipe, one.members, repeat, side) for side in SIDES),
        attacked=settings.tuning.attacked,
        epochs=[one.epoch],
        mlp=settings.attack.model_dump(exclude={"folds", "others"}),
        others=others_of(study),
        folds=settings.attack.folds,
        vocabulary_size=study_vocabulary(study),
        # The same for every target: who is attacked, and how an attack is trained.
        names=(settings.root_seed, STEP, "attack", repeat),
        device=study.device,
    )


def leakage_rows(study: Study, ranked: list[Ranked]) -> list[Row]:
    """Attack the targets of the first size; what is current is kept.

    Returns:
        The shadow-trained MLP on each, what can be told without a model, and the paired difference
        of each other target to the one before tuning.
    """
    first, repeats = study.settings.tuning.sessions[0], range(study.settings.tuning.repeats)
    attacked = [one for one in ranked if one.recipe and one.members == first]
    kept = {one: tuple(scores(study, one, repeat) for repeat in repeats) for one in attacked}
    costs = [5.0 if one.recommender == "xlnet" else 1.0 for one in attacked for _ in repeats]
    make_all(study, [k for one in attacked for k in kept[one]], label="attacks", costs=costs)
    lines = [line for one in attacked for line in _attack_lines(study, one, kept[one])]
    # Sessions are the same for every target, and so is what they tell by themselves.
    controls = {(line.columns["attack"], line.columns["subset"]): line for line in lines}
    lines = [line for line in lines if line.columns["attack"] == MLP]
    both = [*lines, *(line for line in controls.values() if line.columns["attack"] != MLP)]
    folder = study.folder(STEP) / "metrics"
    return [*line_rows(study, folder, both), *_less(study, lines)]


def _attack_lines(study: Study, one: Ranked, kept: tuple[Kept, ...]) -> Iterator[Line]:
    for case in cases(REAL_SESSIONS, [one.epoch], list(others_of(study))):
        by_shadow = case.attack == MLP and case.labels == SHADOW
        if not by_shadow and case.attack not in (BLIND, COVERAGE):
            continue
        for subset, runs in parts_of(tuple(Place(k, case.name, units=case.units) for k in kept)):
            if subset not in (None, KNOWN):
                continue
            columns = _columns(study, one) if by_shadow else _about(study)
            yield Line(
                columns
                | {
                    "artefact": LEAKAGE,
                    "attack": case.attack,
                    "reading": CORRECTED if by_shadow else CONTROL,
                    "labels": case.labels,
                    "nonmembers": case.nonmembers,
                    "members": one.members,
                    "subset": subset,
                    "note": "",
                },
                runs,
            )


def _less(study: Study, lines: list[Line]) -> Iterator[Row]:
    before = {line.columns["subset"]: line for line in lines if line.matches({"case": UNTUNED})}
    others = [line for line in lines if not line.matches({"case": UNTUNED})]
    pairs = [(line.runs, before[line.columns["subset"]].runs) for line in others]
    folder = study.folder(STEP) / "differences"
    for line, found in zip(others, differences(study, folder, pairs), strict=True):
        yield Row(
            **line.columns | {"against": UNTUNED},
            metric=DIFFERENCE.format(ROC_AUC),
            **numbers_of(found[ROC_AUC]),
        )
