"""From a study's settings to the kept results of notebook 13, and their making."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from recmia.data.registry import find_files, source
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.study import Study
from recmia.inversion.attack import Recommender
from recmia.papers.model_inversion.choosing import keep_qualities, read_qualities, rule
from recmia.papers.model_inversion.detecting import keep_detections
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
    OTHERS,
    SEARCH,
    artefact_of,
    groups_of,
    searched,
    trials_of,
    way_of,
)
from recmia.papers.model_inversion.ways import Way, best, likeness
from recmia.papers.model_inversion.worlds import World, read_world
from recmia.seeds import child_seed
from recmia.storage import read_arrays

STEP = "13_model_inversion"
ALSO = {CAMOUFLAGE: DETECTION, CAMOUFLAGE + OTHERS: DETECTION, DEFENCE: QUALITY}
# How a data set is made, and the settings that count there.
MAKERS = {
    "foursquare": (keep_foursquare, {"least"}),
    "movielens": (keep_movielens, {"latest", "least"}),
    "synthetic": (keep_made_up, {"users", "items", "visits"}),
}


@cache
def world(study: Study, name: str) -> Kept:
    """A data set of the profile.

    Raises:
        DataError: a file is missing.
    """
    settings = study.settings.model_inversion
    data = settings.datasets[name]
    make, counting = MAKERS[data.source]
    entries = [source(file) for file in FILES.get(data.source, ())]
    layouts = {entry.name: entry.layout for entry in entries if entry.layout}
    return Kept(
        study.folder(STEP) / "data" / f"{name}.npz",
        make,
        *(path for entry in entries for path in find_files(entry.name, study.paths.data)),
        **({"layouts": layouts} if layouts else {}),
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


def _scene(study: Study, name: str, *words: str | int) -> dict[str, Any]:
    """What attacks on a system with one seed share; all groups of a repeat have the same seed."""
    settings = study.settings.model_inversion
    system = settings.systems[name]
    return {
        "world": world(study, system.data),
        "zeros_observed": system.zeros_observed,
        "recommender": recommender_of(study, name),
        "decoys": settings.datasets[system.data].decoys,
        "seed": child_seed(study.settings.root_seed, "model inversion", system.data, *words),
    }


def _trials(study: Study, system: str, group: str, repeat: int, **more: Any) -> Kept:
    settings = study.settings.model_inversion
    name = f"{group.lower().replace(',', '').replace(' ', '-')}-{repeat}.json"
    return Kept(
        study.folder(STEP) / "trials" / system / name,
        keep_trials,
        descent_steps=settings.descent_steps,
        posterior_sweeps=settings.posterior_sweeps,
        **more,
    )


@cache
def search(study: Study, system: str, repeat: int) -> Kept:
    """Every reading of Algorithm 2 on a system, with a seed that nothing is reported of."""
    trials = searched(study.settings.model_inversion)
    scene = _scene(study, system, "search", repeat)
    return _trials(study, system, SEARCH, repeat, trials=trials, **scene)


def read_search(study: Study, system: str) -> dict[Way, list[Found]]:
    """What every repeat of the search found, by reading."""
    found: dict[Way, list[Found]] = {}
    for repeat in range(study.settings.model_inversion.search_repeats):
        for trial, record in read_trials(search(study, system, repeat).ensure()):
            found.setdefault(way_of(trial), []).append(record)
    return found


def likenesses(records: list[Found]) -> list[float]:
    """Of each repeat, at the highest l': see `recmia.papers.model_inversion.ways.likeness`."""
    return [likeness(r["found"][-1], r["listed"][-1], r["sensitive"]) for r in records]


@cache
def first_of(study: Study, data: str) -> tuple[str, Way]:
    """A data set's first reading: the system and the way of Algorithm 2 that leak most.

    Chosen at the highest α and l', on repeats of its own.
    """
    systems = study.settings.model_inversion.systems.items()
    return best(
        {
            (name, way): likenesses(records)
            for name, system in systems
            if system.data == data
            for way, records in read_search(study, name).items()
        }
    )


def first_way(study: Study, system: str) -> Way:
    """How Algorithm 2 is read first on a system's data set."""
    return first_of(study, study.settings.model_inversion.systems[system].data)[1]


def mains(study: Study) -> list[str]:
    """The systems of the first readings, which every figure is made of."""
    return [first_of(study, name)[0] for name in study.settings.model_inversion.datasets]


def groups(study: Study, system: str) -> dict[str, int]:
    """Groups that are run on a system, and how often."""
    return groups_of(study.settings.model_inversion, first=system in mains(study))


@cache
def batch(study: Study, system: str, group: str, repeat: int) -> Kept:
    """The trials of one group on one system with one seed."""
    first = first_way(study, system)
    trials = trials_of(study.settings.model_inversion, system, group, first)
    scene = _scene(study, system, repeat)
    return _trials(study, system, group, repeat, trials=trials, also=ALSO.get(group), **scene)


@cache
def detections(study: Study, data: str, repeat: int) -> Kept:
    """What variants of the detector flag on a data set, with one seed."""
    settings, (system, _) = study.settings.model_inversion, first_of(study, data)
    scene = _scene(study, system, repeat)
    return Kept(
        study.folder(STEP) / "detectors" / f"{data}-{repeat}.json",
        keep_detections,
        scene["world"],
        components=scene["recommender"].factors,
        stated_gamma=settings.datasets[data].gamma,
        share=max(settings.shares),
        decoys=scene["decoys"],
        seed=scene["seed"],
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


def search_all(study: Study) -> None:
    """Try every reading of Algorithm 2 on every system, on repeats that nothing else is made of."""
    settings = study.settings.model_inversion
    repeats = range(settings.search_repeats)
    kept = [search(study, system, repeat) for system in settings.systems for repeat in repeats]
    make_all(study, kept, label="searching the first reading")


def attack_all(study: Study) -> None:
    """Run every trial, whole repeats first: a stopped run has something of everything."""
    settings = study.settings.model_inversion
    search_all(study)
    kept = [
        batch(study, system, group, repeat)
        for repeat in range(max(settings.repeats, settings.control_repeats))
        for system in settings.systems
        for group, repeats in groups(study, system).items()
        if repeat < repeats
    ]
    make_all(study, kept, label="attacks")
    repeats = range(settings.control_repeats)
    tried = [detections(study, data, r) for data in settings.datasets for r in repeats]
    make_all(study, tried, label="detectors")
    make_all(study, [item_map(study, s) for s in mains(study)], label="items on the plane")


def collect(study: Study, system: str, artefact: str) -> dict[Trial, list[Found]]:
    """What every repeat of an artefact's trials found."""
    found: dict[Trial, list[Found]] = {}
    for group, repeats in groups(study, system).items():
        if artefact_of(group) != artefact:
            continue
        for repeat in range(repeats):
            for trial, record in read_trials(batch(study, system, group, repeat).ensure()):
                found.setdefault(trial, []).append(record)
    return found
