"""The paper's two grids, each a world of lists of its own."""

from __future__ import annotations

from recmia.experiments.study import Study
from recmia.lists.world import ListWorld

STUDY, STEP = "dl-mia", "12_dl_mia"
GENERAL, SEQUENTIAL = HALVES = "general", "sequential"


def worlds(study: Study) -> dict[str, ListWorld]:
    """Half to its data, recommenders and item vectors."""
    return {
        half: ListWorld(study, getattr(study.settings.dl_mia, half), study.folder(STEP) / half)
        for half in HALVES
    }
