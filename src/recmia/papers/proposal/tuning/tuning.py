"""Notebook 08: a target tuned on validation, and recommenders compared on other sessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product

import numpy as np
import pandas as pd

from recmia.cohorts import SIDES
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.study import Study
from recmia.papers.proposal.drawing import alike_on_both_sides
from recmia.papers.proposal.training import study_vocabulary
from recmia.papers.proposal.tuning import keeping
from recmia.papers.proposal.tuning.search import (
    KNOBS,
    TUNED,
    UNTUNED,
    Recipe,
    drawn_trials,
)
from recmia.recommenders.epochs import load_record
from recmia.recommenders.settings import Target
from recmia.seeds import child_seed
from recmia.storage import read_arrays

STEP = "08_tuning"
SIMPLE = ("item-neighbours", "popularity")
Trained = tuple[Recipe, int, int, str]  # recipe, sessions, repeat, side


@dataclass(frozen=True)
class Trial:
    """One trial and what it came to.

    Attributes:
        number: among its architecture's, from 0.
        target: its settings.
        epoch: that ranks validation sessions best.
        ndcg: NDCG@20 of that epoch.
        is_today: the settings are those of the profile's target.
    """

    number: int
    target: Target
    epoch: int
    ndcg: float
    is_today: bool


@dataclass(frozen=True, eq=False)
class Ranked:
    """One recommender, trained on a number of sessions, on the test sessions of every repeat.

    Attributes:
        recommender: architecture or registered name.
        recipe: of a transformer.
        members: sessions that it learned from.
        epoch: of a transformer, chosen on validation.
        too_short: that epoch is the last one.
        kept: a result a repeat (`recmia.papers.proposal.tuning.keeping.keep_ranking`).
    """

    recommender: str
    recipe: Recipe | None
    members: int
    epoch: int | None
    too_short: bool
    kept: tuple[Kept, ...]

    @property
    def case(self) -> str | None:
        """Of a transformer's recipe."""
        return self.recipe and self.recipe.case

    def runs(self, part: str) -> list[tuple[np.ndarray, np.ndarray]]:
        """Of each repeat: ``ndcg`` or ``hit_rate`` of its test sessions, and their groups."""
        arrays = [read_arrays(kept.path) for kept in self.kept]
        return [(found[part], found["groups"]) for found in arrays]


@cache  # a result's identity is remembered with it
def chosen_by(study: Study) -> Kept:
    """The sessions of every trial."""
    settings = study.settings
    return Kept(
        study.folder(STEP) / "trials" / "sessions.npz",
        keeping.keep_trial_sessions,
        study.need("01_preprocess/sessions.parquet"),
        training=settings.tuning.sessions[0],
        validation=settings.cohorts.validation,
        names=(settings.root_seed, STEP, "trials"),
    )


@cache
def cohorts(study: Study, repeat: int) -> Kept:
    """Cohorts of a repeat at the first number of sessions, which is attacked."""
    settings = study.settings
    members = settings.tuning.sessions[0]
    return Kept(
        study.folder(STEP) / f"repeat{repeat}" / "cohorts.npz",
        keeping.keep_cohorts,
        study.need("01_preprocess/sessions.parquet"),
        chosen_by(study),
        sizes=alike_on_both_sides(
            members=members,
            heldout=min(members, settings.tuning.attacked),
            validation=settings.cohorts.validation,
            reference=settings.cohorts.reference,
        ),
        names=(settings.root_seed, STEP, "cohorts", repeat),
    )


@cache
def unseen(study: Study, repeat: int) -> Kept:
    """Test sessions of a repeat, the same for every size, and more to train on."""
    settings = study.settings
    return Kept(
        study.folder(STEP) / f"repeat{repeat}" / "unseen.npz",
        keeping.keep_unseen,
        study.need("01_preprocess/sessions.parquet"),
        chosen_by(study),
        cohorts(study, repeat),
        tested=settings.tuning.tested,
        more=[larger - smaller for smaller, larger in pairwise(settings.tuning.sessions)],
        names=(settings.root_seed, STEP, "unseen", repeat),
    )


def trial(study: Study, target: Target, number: int) -> Kept:
    """One trial's folder (`recmia.recommenders.training`)."""
    architecture = target.architecture
    return Kept(
        study.folder(STEP) / "trials" / f"{architecture}{number:03d}",
        keeping.keep_trial,
        study.need("01_preprocess/sessions.parquet"),
        chosen_by(study),
        target=target,
        vocabulary_size=study_vocabulary(study),
        seed=child_seed(study.settings.root_seed, STEP, "trial", architecture, number),
        device=study.device,
    )


@cache
def model(study: Study, recipe: Recipe, members: int, repeat: int, side: str) -> Kept:
    """One model's folder, the larger ones without a shadow."""
    settings = study.settings
    names = (recipe.name, members, repeat, side)
    return Kept(
        study.folder(STEP) / f"repeat{repeat}" / f"{recipe.name}-{members}-{side}",
        keeping.keep_model,
        study.need("01_preprocess/sessions.parquet"),
        chosen_by(study),
        cohorts(study, repeat),
        unseen(study, repeat),
        side=side,
        members=members,
        target=recipe.at(members, settings.tuning),
        vocabulary_size=study_vocabulary(study),
        seed=child_seed(settings.root_seed, STEP, *names),
        device=study.device,
    )


def ranking(study: Study, recipe: Recipe, members: int, repeat: int, epoch: int) -> Kept:
    """How one model ranks its repeat's test sessions."""
    return Kept(
        study.folder(STEP) / f"repeat{repeat}" / f"{recipe.name}-{members}.npz",
        keeping.keep_ranking,
        study.need("01_preprocess/sessions.parquet"),
        unseen(study, repeat),
        model(study, recipe, members, repeat, "target"),
        epoch=epoch,
        device=study.device,
    )


def simple_ranking(study: Study, name: str, members: int, repeat: int) -> Kept:
    """How a recommender that is counted ranks them, from the same training sessions."""
    return Kept(
        study.folder(STEP) / f"repeat{repeat}" / f"{name}-{members}.npz",
        keeping.keep_simple_ranking,
        study.need("01_preprocess/sessions.parquet"),
        cohorts(study, repeat),
        unseen(study, repeat),
        recommender=name,
        members=members,
        vocabulary_size=study_vocabulary(study),
    )


def search(study: Study) -> list[Trial]:
    """Train with every trial's settings on the same sessions; what is current is kept."""
    settings = study.settings
    today = settings.target
    targets = {
        (architecture, number): target
        for architecture in settings.tuning.budget
        for number, target in enumerate(
            drawn_trials(settings.tuning, architecture, today, (settings.root_seed, STEP, "search"))
        )
    }
    wanted = {key: trial(study, target, key[1]) for key, target in targets.items()}
    sessions = settings.tuning.sessions[0]
    costs = [keeping.training_cost(target, sessions) for target in targets.values()]
    make_all(study, list(wanted.values()), label="trials", costs=costs)
    found = []
    for (architecture, number), kept in wanted.items():
        target, best = targets[architecture, number], _best(load_record(kept.path).curve)
        alike = architecture == today.architecture
        alike &= all(getattr(target, name) == getattr(today, name) for name in KNOBS)
        found.append(Trial(number, target, best["epoch"], best["validation_ndcg_20"], alike))
    return found


def _best(curve: list[dict]) -> dict:
    """The first of the epochs that rank validation sessions best, of those that were trained."""
    evaluated = [at for at in curve[1:] if at["validation_ndcg_20"] is not None]
    return max(evaluated, key=lambda at: at["validation_ndcg_20"])


def winners(trials: list[Trial]) -> list[Trial]:
    """Of each architecture the first of the trials that rank validation sessions best."""
    best: dict[str, Trial] = {}
    for one in trials:
        before = best.setdefault(one.target.architecture, one)
        if one.ndcg > before.ndcg:
            best[one.target.architecture] = one
    return list(best.values())


def recipes(study: Study, best: list[Trial]) -> list[Recipe]:
    """What is compared: the winners, the profile's target as it is, and its variants."""
    today = study.settings.target
    tuned = [Recipe(TUNED, one.target) for one in best]
    variants = [
        Recipe(title, today.changed(**otherwise.model_dump(exclude_unset=True)))
        for title, otherwise in study.settings.tuning.variants.items()
    ]
    return [*tuned, Recipe(UNTUNED, today), *variants]


def sizes_of(study: Study, recipe: Recipe) -> tuple[int, ...]:
    """Numbers of training sessions that a recipe is trained on: variants on the first alone."""
    sizes = study.settings.tuning.sessions
    return sizes if recipe.case in (TUNED, UNTUNED) else sizes[:1]


def compare(study: Study, compared: list[Recipe]) -> list[Ranked]:
    """Train anew on other sessions, at every size, and rank test sessions; what is current is kept.

    Epochs are chosen on the repeats' validation sessions, averaged; nothing is chosen on the test
    sessions. At the first size each model has a shadow beside it.
    """
    sizes, repeats = study.settings.tuning.sessions, range(study.settings.tuning.repeats)
    keys: list[Trained] = [
        (recipe, members, repeat, side)
        for recipe in compared
        for members, repeat in product(sizes_of(study, recipe), repeats)
        for side in (SIDES if members == sizes[0] else SIDES[:1])
    ]
    wanted = [model(study, *key) for key in keys]
    costs = [
        keeping.training_cost(key[0].at(key[1], study.settings.tuning), key[1]) for key in keys
    ]
    make_all(study, [unseen(study, repeat) for repeat in repeats], label="sessions")
    make_all(study, wanted, label="training", costs=costs)
    found = [*_transformers(study, compared), *_simple(study)]
    make_all(study, [kept for one in found for kept in one.kept], label="ranking")
    return found


def _transformers(study: Study, compared: list[Recipe]) -> Iterator[Ranked]:
    repeats = range(study.settings.tuning.repeats)
    for recipe, members in ((r, n) for r in compared for n in sizes_of(study, r)):
        records = [load_record(model(study, recipe, members, r, "target").path) for r in repeats]
        recorded = recipe.at(members, study.settings.tuning).recorded_epochs
        curve = pd.concat([pd.DataFrame(record.curve) for record in records])
        mean = curve[curve.epoch.isin(recorded)].groupby("epoch").validation_ndcg_20.mean()
        epoch = int(mean.idxmax())
        kept = tuple(ranking(study, recipe, members, repeat, epoch) for repeat in repeats)
        architecture = recipe.target.architecture
        yield Ranked(architecture, recipe, members, epoch, epoch == recorded[-1], kept)


def _simple(study: Study) -> Iterator[Ranked]:
    sizes, repeats = study.settings.tuning.sessions, range(study.settings.tuning.repeats)
    for name, members in product(SIMPLE, sizes):
        kept = tuple(simple_ranking(study, name, members, repeat) for repeat in repeats)
        yield Ranked(name, None, members, None, False, kept)
