"""The paper's two grids, each a world of lists of its own."""

from __future__ import annotations

from itertools import product

from recmia.experiments.study import Study
from recmia.lists.cohorts import SIDES
from recmia.lists.serving import Model
from recmia.lists.world import ListWorld

STUDY, STEP = "dl-mia", "12_dl_mia"
GENERAL, SEQUENTIAL = HALVES = "general", "sequential"


def worlds(study: Study) -> dict[str, ListWorld]:
    """Half to its data, recommenders and item vectors."""
    return {
        half: ListWorld(study, getattr(study.settings.dl_mia, half), study.folder(STEP) / half)
        for half in HALVES
    }


def make_lists(study: Study) -> None:
    """Item vectors, and lists of every recommender of both halves; finished ones are kept."""
    for world in worlds(study).values():
        chosen = world.settings
        world.make_vectors([chosen.vector_dim])
        every = product(chosen.datasets, chosen.algorithms, SIDES, world.seeds)
        world.make_lists([Model(*each) for each in every])
