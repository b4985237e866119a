"""From a study's settings to the kept results of notebook 13, and their making."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from recmia.data.registry import find_files
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.study import Study
from recmia.inversion.attack import Recommender
from recmia.papers.model_inversion.choosing import keep_qualities, read_qualities, rule
from recmia.papers.model_inversion.maps import keep_map
from recmia.papers.model_inversion.playing import (
    DETECTION,
    QUALITY,
    Found,
    Trial,
    keep_trials,
    read_trials,
)
from recmia.papers.model_inversion.settings import FILES
from recmia.papers.model_inversion.sources import (
    keep_foursquare,
    keep_made_up,
    keep_movielens,
)
from recmia.papers.model_inversion.trials import (
    CAMOUFLAGE,
    DEFENCE,
    POISONING,
    groups_of,
    trials_of,
)
from recmia.papers.model_inversion.worlds import World, read_world
from recmia.seeds import child_seed
from recmia.storage import read_arrays

STEP = "13_model_inversion"
ALSO = {CAMOUFLAGE: DETECTION, DEFENCE: QUALITY}
# How a data set is made, and the settings that count there.
MAKERS = {
    "foursquare": (keep_foursquare, {"least"}),
    "movielens": (keep_movielens, {"latest", "least"}),
    "synthetic": (keep_made_up, {"users", "items", "visits"}),
}


def mains(study: Study) -> list[str]:
    """Systems that are studied beyond figure 5."""
    systems = study.settings.model_inversion.systems
    return [name for name, system in systems.items() if system.main]


@cache
def world(study: Study, name: str) -> Kept:
    """A data set of the profile.

    Raises:
        DataError: a file is missing.
    """
    settings = study.settings.model_inversion
    data = settings.datasets[name]
    make, counting = MAKERS[data.source]
    return Kept(
        study.folder(STEP) / "data" / f"{name}.npz",
        make,
        *(p for files in FILES.get(data.source, ()) for p in find_files(files, study.paths.data)),
        **data.model_dump(include=counting),
        share=settings.training_share,
        seed=child_seed(study.settings.root_seed, "model inversion", name),
    )


def open_world(study: Study, name: str, *, zeros_observed: bool = False) -> World:
    """A data set of the profile, made unless it is current."""
    return read_world(world(study, name).ensure(), zeros_observed=zeros_observed)


def readings(study: Study) -> list[tuple[str, bool]]:
    """Data sets and readings of what is observed that some system has; the rule is for each."""
    systems = study.settings.model_inversion.systems.values()
    return list(dict.fromkeys((system.data, system.zeros_observed) for system in systems))


@cache
def grid(study: Study, data: str, zeros_observed: bool) -> dict[tuple[int, float], Kept]:
    """Quality of every k and λ, by these two."""
    settings, root = study.settings.model_inversion, study.settings.root_seed
    words = (data, str(zeros_observed))
    seeds = [child_seed(root, "grid", *words, repeat) for repeat in range(settings.grid_repeats)]
    folder = study.folder(STEP) / "grid" / f"{data}-{'zeros' if zeros_observed else 'rated'}"
    return {
        (factors, regularisation): Kept(
            folder / f"k{factors}-l{regularisation:g}.json",
            keep_qualities,
            world(study, data),
            zeros_observed=zeros_observed,
            factors=factors,
            regularisation=regularisation,
            sweeps=settings.sweeps,
            tolerance=settings.tolerance,
            lengths=settings.grid_lengths,
            seeds=seeds,
        )
        for factors in settings.grid_factors
        for regularisation in settings.grid_regularisation
    }


@cache
def chosen(study: Study, data: str, zeros_observed: bool) -> tuple[int, float, int]:
    """k, λ and l by the paper's rule."""
    made = {pair: kept.ensure() for pair, kept in grid(study, data, zeros_observed).items()}
    found = {pair: read_qualities(path) for pair, path in made.items()}
    return rule(found, zeros_observed=zeros_observed)


def recommender_of(study: Study, name: str) -> Recommender:
    """A system with its k, λ and l, the paper's or the rule's."""
    settings = study.settings.model_inversion
    system = settings.systems[name]
    numbers = (system.factors, system.regularisation, system.length)
    if system.factors is None:
        numbers = chosen(study, system.data, system.zeros_observed)
    return Recommender(*numbers, settings.sweeps, settings.tolerance)


def _scene(study: Study, name: str, repeat: int) -> dict[str, Any]:
    """What attacks on a system with one seed share; all groups of a repeat have the same seed."""
    settings = study.settings.model_inversion
    system = settings.systems[name]
    return {
        "world": world(study, system.data),
        "zeros_observed": system.zeros_observed,
        "recommender": recommender_of(study, name),
        "decoys": settings.datasets[system.data].decoys,
        "seed": child_seed(study.settings.root_seed, "model inversion", system.data, repeat),
    }


@cache
def batch(study: Study, system: str, group: str, repeat: int) -> Kept:
    """The trials of one group on one system with one seed."""
    settings = study.settings.model_inversion
    name = f"{group.lower().replace(' ', '-')}-{repeat}.json"
    return Kept(
        study.folder(STEP) / "trials" / system / name,
        keep_trials,
        trials=trials_of(settings, system, group),
        also=ALSO.get(group),
        descent_steps=settings.descent_steps,
        posterior_sweeps=settings.posterior_sweeps,
        **_scene(study, system, repeat),
    )


@cache
def item_map(study: Study, system: str) -> Kept:
    """Items before and after the first repeat's attack at the highest α."""
    path = study.folder(STEP) / "maps" / f"{system}.npz"
    alpha = max(study.settings.model_inversion.shares)
    return Kept(path, keep_map, alpha=alpha, **_scene(study, system, 0))


def read_map(study: Study, system: str) -> dict[str, np.ndarray]:
    """``before`` and ``after`` [items, 2], and ``kinds`` [items]: 0 other, 1 decoy, 2 sensitive."""
    return read_arrays(item_map(study, system).ensure())


def make_worlds(study: Study) -> None:
    """Make every data set that is not current."""
    kept = [world(study, name) for name in study.settings.model_inversion.datasets]
    make_all(study, kept, label="ratings")


def choose_all(study: Study) -> None:
    """Measure the quality of every k and λ of the grid, large k first."""
    points = [item for reading in readings(study) for item in grid(study, *reading).items()]
    kept, costs = [kept for _, kept in points], [pair[0] for pair, _ in points]
    make_all(study, kept, label="choosing k, λ and l", costs=costs)


def attack_all(study: Study) -> None:
    """Run every trial, whole repeats first: a stopped run has something of everything."""
    settings = study.settings.model_inversion
    kept = [
        batch(study, system, group, repeat)
        for repeat in range(max(settings.repeats, settings.control_repeats))
        for system in settings.systems
        for group, repeats in groups_of(settings, system).items()
        if repeat < repeats
    ]
    make_all(study, kept, label="attacks")
    make_all(study, [item_map(study, s) for s in mains(study)], label="items on the plane")


def collect(study: Study, system: str, group: str) -> dict[Trial, list[Found]]:
    """What every repeat of a group's trials found."""
    found: dict[Trial, list[Found]] = {}
    for repeat in range(groups_of(study.settings.model_inversion, system).get(group, 0)):
        for trial, record in read_trials(batch(study, system, group, repeat).ensure()):
            found.setdefault(trial, []).append(record)
    return found


def seconds(study: Study) -> dict[str, float]:
    """Median seconds of one attack (optimise, poison, factorise, recommend) on each system."""
    found = {}
    for system in study.settings.model_inversion.systems:
        trials = collect(study, system, POISONING)
        found[system] = float(np.median([r["seconds"] for rs in trials.values() for r in rs]))
    return found
