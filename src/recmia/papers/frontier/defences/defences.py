"""Notebook 24: defended models, what they show, and attacks on them, kept model by model."""

from __future__ import annotations

from functools import cache

import pandas as pd

from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.measuring import bootstrap
from recmia.experiments.study import Study
from recmia.papers.frontier import game
from recmia.papers.frontier.defences.bounding import keep_bounds
from recmia.papers.frontier.defences.keeping import (
    RANKED,
    keep_ndcg,
    keep_private_model,
    keep_randomised,
    keep_scores,
    keep_served,
)
from recmia.papers.frontier.defences.plans import (
    STEP,
    Case,
    Plan,
    cases,
    delta,
    file_name,
    mechanism,
    plain,
    population,
    private,
    trained,
)
from recmia.papers.frontier.defences.unlearning import (
    keep_finetuned,
    keep_removed_scores,
    keep_retrained,
)
from recmia.recommenders.epochs import load_record
from recmia.seeds import child_seed

ERROR = 0.05  # that a lower bound on ε is too high
BEFORE, FINETUNED, RETRAINED = "before the removal", "fine-tuned on the rest", "trained anew"


def _seed(study: Study, *words: str | int) -> int:
    return child_seed(study.settings.root_seed, STEP, *words)


@cache  # a result's identity is remembered with it
def model(plan: Plan, number: int) -> Kept:
    """One model's folder: notebook 21's without a defence."""
    if plan.epsilon is None:
        return game.model(plan.game, number)
    study = plan.game.study
    return Kept(
        plan.game.folder / "models" / f"{number:02d}",
        keep_private_model,
        game.pool(study),
        number=number,
        target=plan.game.target,
        private=study.settings.frontier.defences.private,
        noise=mechanism(study, plan.epsilon).noise,
        population=population(study),
        vocabulary_size=game.vocabulary_size(study),
        seed=_seed(study, "private", f"{plan.epsilon:g}", number),
        device=study.device,
    )


@cache
def served(plan: Plan, epoch: int, number: int) -> Kept:
    """What one model says of every click."""
    study = plan.game.study
    return Kept(
        study.folder(STEP) / "served" / file_name(plan.title) / f"epoch{epoch}_{number:02d}.npz",
        keep_served,
        game.pool(study),
        model(plan, number),
        epoch=epoch,
        ranked=study.settings.frontier.defences.ndcg_sessions,
        device=study.device,
    )


@cache
def randomised(study: Study, number: int) -> Kept:
    """Lists of popularity randomisation."""
    return Kept(
        study.folder(STEP) / "served" / "randomised" / f"{number:02d}.npz",
        keep_randomised,
        game.pool(study),
        number=number,
        top_k=study.settings.frontier.top_k,
        vocabulary_size=game.vocabulary_size(study),
        ranked=study.settings.frontier.defences.ndcg_sessions,
        seed=_seed(study, "randomised", number),
    )


def files_of(case: Case) -> list[Kept]:
    """What each model shows in a case, target and shadows alike."""
    played = case.plan.game
    if case.shown.randomised:
        return [randomised(played.study, number) for number in played.models]
    return [served(case.plan, case.epoch, number) for number in played.models]


@cache
def scores(case: Case) -> Kept:
    """Attacks on every target of a case."""
    played = case.plan.game
    return Kept(
        played.study.folder(STEP) / "scores" / f"{file_name(case.title)}_epoch{case.epoch}.npz",
        keep_scores,
        game.pool(played.study),
        files_of(case),
        shown=case.shown,
        targets=played.targets,
    )


@cache
def ndcg(case: Case) -> Kept:
    """How well the models of a case rank, as they are shown."""
    study = case.plan.game.study
    return Kept(
        study.folder(STEP) / "ndcg" / f"{file_name(case.title)}_epoch{case.epoch}.json",
        keep_ndcg,
        files_of(case),
        k=case.shown.top_k or RANKED,
        **bootstrap(study),
    )


@cache
def bounds(case: Case) -> Kept:
    """Lower bounds on ε."""
    study = case.plan.game.study
    return Kept(
        study.folder(STEP) / "bounds" / f"{file_name(case.title)}_epoch{case.epoch}.json",
        keep_bounds,
        scores(case),
        unit=study.settings.frontier.unit,
        delta=delta(study),
        error=ERROR,
        seed=_seed(study, "bounds"),
    )


def train_all(study: Study) -> pd.DataFrame:
    """Train the models of every defence; what is current is kept.

    Returns:
        A row a defence, model and recorded epoch: title, model, epoch, train_loss,
        validation_ndcg_20.
    """
    plans = [*trained(study), *private(study)]
    wanted = [(plan, number) for plan in plans for number in plan.game.models]
    sizes = game.dealt(study).coins.sum(axis=0).astype(float)
    costs = [plan.game.target.epochs * sizes[number] for plan, number in wanted]
    make_all(study, [model(*one) for one in wanted], label="training", costs=costs)
    curves = []
    for plan, number in wanted:
        curve = pd.DataFrame(load_record(model(plan, number).path).curve)
        last = study.settings.frontier.defences.epochs
        recorded = curve[curve.epoch.isin(plan.game.target.recorded_epochs) & (curve.epoch <= last)]
        curves.append(recorded.assign(title=plan.title, model=number))
    return pd.concat(curves, ignore_index=True)


def attack_all(study: Study) -> list[Case]:
    """Look at every defended model and attack it; what is current is kept.

    Returns:
        The cases.
    """
    found = cases(study)
    shown = list(dict.fromkeys(kept for case in found for kept in files_of(case)))
    make_all(study, shown, label="what is shown")
    make_all(study, [scores(case) for case in found], label="attacks")
    rest = [make(case) for make in (ndcg, bounds) for case in found]
    make_all(study, rest, label="ranking and bounds")
    return found


def unlearning_seed(study: Study, number: int) -> int:
    """Seed of what is removed from a model, and of how it is trained afterwards."""
    return _seed(study, "unlearning", number)


def removal_targets(study: Study) -> list[int]:
    """Numbers of the models that sessions are removed from."""
    return plain(study).game.targets[: study.settings.frontier.defences.unlearning.targets]


@cache
def retrained(study: Study, number: int) -> Kept:
    """A model trained anew without what is removed."""
    played, chosen = plain(study).game, study.settings.frontier.defences
    last = {"epochs": chosen.epochs, "recorded_epochs": ()}
    return Kept(
        study.folder(STEP) / "unlearning" / f"retrained{number:02d}",
        keep_retrained,
        game.pool(study),
        number=number,
        share=chosen.unlearning.removed,
        target=played.target.changed(**last),
        vocabulary_size=game.vocabulary_size(study),
        seed=unlearning_seed(study, number),
        device=study.device,
    )


@cache
def without_removed(study: Study, number: int, how: str) -> Kept:
    """What a model says of every click before the removal, or after it."""
    base, chosen = plain(study), study.settings.frontier.defences
    if how == BEFORE:
        return served(base, chosen.epochs, number)
    path = study.folder(STEP) / "unlearning" / f"{file_name(how)}_{number:02d}.npz"
    if how == RETRAINED:
        return Kept(
            path, keep_served, game.pool(study), retrained(study, number), epoch=chosen.epochs,
            ranked=chosen.ndcg_sessions, device=study.device,
        )  # fmt: skip
    return Kept(
        path,
        keep_finetuned,
        game.pool(study),
        model(base, number),
        number=number,
        epoch=chosen.epochs,
        share=chosen.unlearning.removed,
        epochs=chosen.unlearning.epochs,
        ranked=chosen.ndcg_sessions,
        seed=unlearning_seed(study, number),
        device=study.device,
    )


@cache
def removed_scores(study: Study, how: str) -> Kept:
    """Attacks on what was removed."""
    base, chosen = plain(study), study.settings.frontier.defences
    targets = removal_targets(study)
    return Kept(
        study.folder(STEP) / "unlearning" / f"{file_name(how)}_scores.npz",
        keep_removed_scores,
        game.pool(study),
        [served(base, chosen.epochs, number) for number in base.game.models],
        [without_removed(study, number, how) for number in targets],
        targets=targets,
        share=chosen.unlearning.removed,
        seeds=[unlearning_seed(study, number) for number in targets],
    )


@cache
def removed_ndcg(study: Study, how: str) -> Kept:
    """How well models rank before a removal, or after it."""
    files = [without_removed(study, number, how) for number in removal_targets(study)]
    path = study.folder(STEP) / "unlearning" / f"{file_name(how)}_ndcg.json"
    return Kept(path, keep_ndcg, files, k=RANKED, **bootstrap(study))


def remove_all(study: Study) -> None:
    """Remove sessions in both ways and attack what was removed; after `attack_all`."""
    hows, targets = (BEFORE, FINETUNED, RETRAINED), removal_targets(study)
    anew = [retrained(study, number) for number in targets]
    make_all(study, anew, label="training anew")
    after = [without_removed(study, number, how) for how in hows for number in targets]
    make_all(study, after, label="unlearning")
    make_all(study, [removed_scores(study, how) for how in hows], label="attacks on the removed")
    make_all(study, [removed_ndcg(study, how) for how in hows], label="ranking")
