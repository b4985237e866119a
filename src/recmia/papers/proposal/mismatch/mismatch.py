"""Notebook 09: what the attack loses where the shadow is not like the target."""

from __future__ import annotations

from functools import cache
from itertools import product

import pandas as pd

from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.study import Study
from recmia.papers.proposal.attacking import others_of
from recmia.papers.proposal.drawing import keep_real
from recmia.papers.proposal.mismatch.plans import (
    STEP,
    TARGET,
    other_sessions,
    plans,
    seeds,
    shadow_names,
    vocabulary,
)
from recmia.papers.proposal.mismatch.scoring import keep_observed, keep_scores, scoring_cost
from recmia.papers.proposal.mismatch.training import keep_shadow_cohorts
from recmia.papers.proposal.mismatch.transferring import Lesson
from recmia.papers.proposal.models import keep_model
from recmia.papers.proposal.names import BEST, LAST, REAL_SESSIONS
from recmia.recommenders.epochs import load_record
from recmia.seeds import child_seed


@cache
def pool(study: Study, seed: int, name: str = TARGET) -> Kept:
    """Cohorts of the target's log, or those of a shadow's own."""
    settings, chosen = study.settings, plans(study)
    about = (settings.root_seed, STEP, "cohorts", seed)
    held = {"shadow_heldout": settings.mismatch.members, "validation": settings.cohorts.validation}
    if chosen[name].data is not None:
        return Kept(
            study.folder(STEP) / name / f"seed{seed}" / "pool.npz",
            keep_real,
            other_sessions(study, name).path / "sessions.parquet",
            sizes={"shadow_members": chosen[name].members} | held,
            names=(*about, name),
        )
    largest = max(plan.members for plan in chosen.values() if plan.data is None)
    sizes = {f"target_{cohort}": settings.mismatch.members for cohort in ("members", "heldout")}
    sizes |= {"shadow_members": largest} | held | {"reference": settings.cohorts.reference}
    return Kept(
        study.folder(STEP) / TARGET / f"seed{seed}" / "pool.npz",
        keep_real,
        study.need("01_preprocess/sessions.parquet"),
        sizes=sizes,
        names=about,
    )


@cache
def cohorts(study: Study, seed: int, name: str) -> Kept:
    """Cohorts of the target or of one shadow."""
    if name == TARGET:
        return pool(study, seed)
    return Kept(
        study.folder(STEP) / name / f"seed{seed}" / "cohorts.npz",
        keep_shadow_cohorts,
        pool(study, seed, name),
        members=plans(study)[name].members,
        names=(study.settings.root_seed, STEP, "members", seed),
    )


@cache
def model(study: Study, seed: int, name: str) -> Kept:
    """One model's folder (`recmia.recommenders.training`)."""
    return Kept(
        study.folder(STEP) / name / f"seed{seed}" / "model",
        keep_model,
        cohorts(study, seed, name),
        side=_side(name),
        reading=REAL_SESSIONS,
        target=plans(study)[name].target,
        vocabulary_size=vocabulary(study, name),
        seed=child_seed(study.settings.root_seed, STEP, seed, name),
        device=study.device,
    )


def _side(name: str) -> str:
    return "target" if name == TARGET else "shadow"


def most_of(study: Study, name: str) -> int:
    """Members, and held-out sessions, of a side that are scored: as many as the target's at most.

    A smaller shadow teaches by fewer, as many members as held-out sessions.
    """
    return min(plans(study)[name].members, study.settings.mismatch.members)


def train_all(study: Study) -> pd.DataFrame:
    """Train the target and every shadow of every seed; what is current is kept.

    Returns:
        A row an epoch: name, seed, epoch, train_loss, validation_ndcg_20 and validation_hr_20.
    """
    keys = list(product(seeds(study), plans(study)))
    make_all(study, [cohorts(study, *key) for key in keys], label="cohorts")
    wanted = [model(study, *key) for key in keys]
    passed = [float(plan.members * plan.target.epochs) for plan in plans(study).values()]
    make_all(study, wanted, label="training", costs=passed * len(seeds(study)))
    return pd.concat(
        [
            pd.DataFrame(load_record(kept.path).curve).assign(name=name, seed=seed)
            for (seed, name), kept in zip(keys, wanted, strict=True)
        ],
        ignore_index=True,
    )


def best_epochs(study: Study, curve: pd.DataFrame) -> dict[str, int]:
    """Name to the recorded epoch whose models rank unseen sessions best, seeds averaged.

    Each is judged on its own log: nothing of the target decides at which epoch a shadow is used.
    """
    best = {}
    for name, plan in plans(study).items():
        own = curve[(curve.name == name) & curve.epoch.isin(plan.target.recorded_epochs)]
        best[name] = int(own.groupby("epoch").validation_ndcg_20.mean().idxmax())
    return best


def epochs_at(study: Study, best: dict[str, int], checkpoint: str) -> dict[str, int]:
    """Name to epoch at a checkpoint, "best validation" or "last"."""
    if checkpoint == BEST:
        return best
    return {name: plan.target.epochs for name, plan in plans(study).items()}


@cache
def _observed(study: Study, seed: int, name: str, epochs: tuple[int, ...]) -> Kept:
    return Kept(
        study.folder(STEP) / name / f"seed{seed}" / "observed.npz",
        keep_observed,
        cohorts(study, seed, name),
        model(study, seed, name),
        side=_side(name),
        most=most_of(study, name),
        epochs=epochs,
        names=(*_about(study, seed), name),
        device=study.device,
    )


def observed(study: Study, seed: int, name: str, best: dict[str, int]) -> Kept:
    """What one model's scores say of its sessions at its best epoch and at its last."""
    epochs = sorted({best[name], plans(study)[name].target.epochs})
    return _observed(study, seed, name, tuple(epochs))


def _scored(study: Study, name: str, best: dict[str, int]) -> float:
    """What it costs to score a side: members and held-out sessions at each epoch."""
    target = plans(study)[name].target
    epochs = len({best[name], target.epochs})
    return 2.0 * most_of(study, name) * epochs * scoring_cost(target)


def _about(study: Study, seed: int) -> tuple[str | int, ...]:
    return (study.settings.root_seed, STEP, seed)


def scores(study: Study, seed: int, best: dict[str, int]) -> Kept:
    """Scores of every attack on the target of a seed."""
    settings = study.settings
    lessons: dict[int, list[Lesson]] = {}
    for checkpoint in (BEST, LAST):
        at = epochs_at(study, best, checkpoint)
        lessons.setdefault(at[TARGET], []).extend(
            Lesson(name, at[name]) for name in shadow_names(study)
        )
    sides = {
        name: (cohorts(study, seed, name), observed(study, seed, name, best))
        for name in plans(study)
    }
    return Kept(
        study.folder(STEP) / f"scores{seed}.npz",
        keep_scores,
        sides.pop(TARGET),
        sides,
        most={name: most_of(study, name) for name in plans(study)},
        vocabularies={name: vocabulary(study, name) for name in plans(study)},
        lessons=lessons,
        mlp=settings.attack.model_dump(exclude={"folds", "others"}),
        others=others_of(study),
        folds=settings.attack.folds,
        names=_about(study, seed),
        device=study.device,
    )


def attack_all(study: Study, best: dict[str, int]) -> list[Kept]:
    """Score every side by its own model, the target once, then attack; what is current is kept.

    Args:
        study: the run.
        best: of :func:`best_epochs`.

    Returns:
        The scores of each seed.
    """
    keys = list(product(seeds(study), plans(study)))
    wanted = [observed(study, *key, best) for key in keys]
    costs = [_scored(study, name, best) for _, name in keys]
    make_all(study, wanted, label="scoring", costs=costs)
    found = [scores(study, seed, best) for seed in seeds(study)]
    make_all(study, found, label="attacks", costs=[2.0] * len(found))
    return found
