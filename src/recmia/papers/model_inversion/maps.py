"""Where items lie before and after poisoning (figure 3), from the profiles of one attack."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from recmia.experiments.stamped import stamped
from recmia.experiments.study import Study
from recmia.inversion import attack
from recmia.inversion.attack import HELD, Attacker, craft, draw_decoys, poisoned_lists
from recmia.inversion.factorisation import Model
from recmia.jobs import run_jobs
from recmia.papers.model_inversion.attacking import Batch, identity_of
from recmia.papers.model_inversion.choosing import recommender_of
from recmia.papers.model_inversion.preparing import STEP, read_world
from recmia.papers.model_inversion.trials import POISONING
from recmia.seeds import generator
from recmia.storage import content_hash, read_arrays, source_hash, write_arrays

SHOWN = 400


def map_items(study: Study, systems: list[str]) -> None:
    """Coordinates of the sensitive item, the decoys and some others; finished ones are kept."""
    jobs = [(study, system) for system in systems]
    run_jobs(_map, jobs, workers=study.workers, total=len(jobs), label="items on the plane")


def read_map(study: Study, system: str) -> dict[str, np.ndarray]:
    """``before`` and ``after`` [items, 2], and ``kinds`` [items]: 0 other, 1 decoy, 2 sensitive."""
    return read_arrays(_path(study, system))


def coordinates(model: Model, sensitive_users: np.ndarray) -> np.ndarray:
    """float64 [n, 2] of each item: its mean predicted rating, and what sensitive users add to it.

    Both are the same whatever rotation of U and V a training ends in, so that two trainings can be
    compared.

    Args:
        model: users [m, k] and items [n, k].
        sensitive_users: bool [m].
    """
    everybody = model.items @ model.users.mean(axis=0)
    sensitive = model.items @ model.users[sensitive_users].mean(axis=0)
    return np.stack([everybody, sensitive - everybody], axis=1)


def _path(study: Study, system: str) -> Path:
    return study.folder(STEP) / "maps" / f"{system}.npz"


def _map(job: tuple[Study, str], progress: Callable[[float], None]) -> None:
    study, system = job
    batch = Batch(study, system, POISONING, 0)
    identity = content_hash(identity_of(batch), source_hash(attack, sys.modules[__name__]))
    stamped(_path(study, system), identity, lambda: _write_map(batch))
    progress(1)


def _write_map(batch: Batch) -> None:
    study, settings = batch.study, batch.study.settings.model_inversion
    about = settings.systems[batch.system]
    world = read_world(study, about.data, zeros_observed=about.zeros_observed)
    training, sensitive = world.training, world.sensitive[:1]
    number = settings.datasets[about.data].decoys
    decoys = draw_decoys(training.shape[1], world.barred, number, batch.seed)
    recommender = recommender_of(study, batch.system)
    attacker = Attacker(
        max(settings.shares), max(round(training.mean_items()), 1 + number), choice=HELD
    )
    before = recommender.train(training, batch.seed)
    poison = craft(training, before.items, sensitive, decoys, recommender, attacker, batch.seed)
    after, _ = poisoned_lists(training, poison.ratings, recommender, batch.seed)
    others = np.setdiff1d(np.arange(training.shape[1]), np.concatenate([sensitive, decoys]))
    drawn = generator(batch.seed, "items shown").permutation(others)[:SHOWN]
    shown = np.concatenate([drawn, decoys, sensitive])
    users = training.high_raters(sensitive)
    write_arrays(
        _path(study, batch.system),
        before=coordinates(before, users)[shown],
        after=coordinates(after, users)[shown],
        kinds=np.repeat([0, 1, 2], [len(drawn), len(decoys), 1]),
    )
