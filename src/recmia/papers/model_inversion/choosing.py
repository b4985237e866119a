"""The paper's rule for k, λ and l: least RMSE, then lists with precision near recall."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from recmia.experiments.stamped import stamped
from recmia.experiments.study import Study
from recmia.inversion import attack, factorisation, recommending
from recmia.inversion.attack import Recommender
from recmia.inversion.recommending import Quality, choose_length, choose_model, measure_quality
from recmia.jobs import run_jobs
from recmia.papers.model_inversion.preparing import STEP, read_world, world_identity
from recmia.papers.model_inversion.settings import System
from recmia.seeds import child_seed
from recmia.storage import content_hash, read_json, source_hash, write_json

# A data set under one reading of what is observed: the rule is applied to each.
Reading = tuple[str, bool]


def readings(study: Study) -> list[Reading]:
    """Data sets and readings that some system has."""
    systems = study.settings.model_inversion.systems.values()
    return list(dict.fromkeys((system.data, system.zeros_observed) for system in systems))


def measure_grid(study: Study) -> None:
    """Quality of every k and λ of the grid, a job each; finished ones are kept."""
    settings = study.settings.model_inversion
    jobs = [
        (study, reading, factors, regularisation)
        for factors in sorted(settings.grid_factors, reverse=True)
        for reading in readings(study)
        for regularisation in settings.grid_regularisation
    ]
    run_jobs(_measure, jobs, workers=study.workers, total=len(jobs), label="choosing k, λ and l")


def rule(study: Study, reading: Reading) -> tuple[int, float, int]:
    """k, λ and l by the rule of section 4.1."""
    settings = study.settings.model_inversion
    found = {
        (factors, regularisation): read_grid(study, reading, factors, regularisation)
        for factors in settings.grid_factors
        for regularisation in settings.grid_regularisation
    }
    # Where zeros are observed they are among what is predicted: the error counts them too.
    error = "rmse_all" if reading[1] else "rmse"
    chosen = choose_model(
        {
            pair: [getattr(next(iter(one.values())), error) for one in repeats]
            for pair, repeats in found.items()
        }
    )
    first = found[chosen][0]
    return (*chosen, choose_length(first))


def recommender_of(study: Study, name: str) -> Recommender:
    """A system with its k, λ and l, the paper's or the rule's."""
    settings = study.settings.model_inversion
    system: System = settings.systems[name]
    chosen = (system.factors, system.regularisation, system.length)
    if system.factors is None:
        chosen = rule(study, (system.data, system.zeros_observed))
    return Recommender(*chosen, settings.sweeps, settings.tolerance)


def read_grid(
    study: Study, reading: Reading, factors: int, regularisation: float
) -> list[dict[int, Quality]]:
    """Saved quality of one point of the grid: for each repeat, by length of list."""
    saved = read_json(_path(study, reading, factors, regularisation))
    return [{int(length): Quality(**q) for length, q in one.items()} for one in saved]


def _path(study: Study, reading: Reading, factors: int, regularisation: float) -> Path:
    data, zeros = reading
    name = f"{data}-{'zeros' if zeros else 'rated'}-k{factors}-l{regularisation:g}.json"
    return study.folder(STEP) / "grid" / name


def _measure(job: tuple[Study, Reading, int, float], progress: Callable[[float], None]) -> None:
    study, reading, factors, regularisation = job
    settings = study.settings.model_inversion
    identity = content_hash(
        world_identity(study, reading[0]),
        [settings.sweeps, settings.tolerance, settings.grid_lengths, settings.grid_repeats],
        source_hash(attack, factorisation, recommending, sys.modules[__name__]),
    )

    def make() -> None:
        world = read_world(study, reading[0], zeros_observed=reading[1])
        found = []
        for repeat in range(settings.grid_repeats):
            seed = child_seed(study.settings.root_seed, "grid", *map(str, reading), repeat)
            trained = Recommender(
                factors, regularisation, 1, settings.sweeps, settings.tolerance
            ).train(world.training, seed)
            found.append(
                {
                    length: asdict(measure_quality(trained, world.training, world.testing, length))
                    for length in settings.grid_lengths
                }
            )
        write_json(_path(study, reading, factors, regularisation), found)

    stamped(_path(study, reading, factors, regularisation), identity, make)
    progress(1)
