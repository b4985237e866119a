"""The paper's two grids as studies of lists, laid out as notebook 11's."""

from __future__ import annotations

from dataclasses import replace

from recmia.experiments.study import Study
from recmia.lists.letters import cell_of
from recmia.lists.views import View

STEP = "12_dl_mia"
GENERAL, SEQUENTIAL = "general", "sequential"
HALVES = (GENERAL, SEQUENTIAL)


def half_of(study: Study, half: str) -> Study:
    """The run as what makes and reads lists expects it, in a folder of its own.

    Cohorts, recommenders, lists, item vectors and servings are those of `recmia.papers.biased_mia`;
    its section is filled with the half's choices.
    """
    chosen = getattr(study.settings.dl_mia, half)
    return replace(
        study,
        settings=study.settings.model_copy(update={"biased_mia": chosen}),
        paths=study.paths.below(f"{STEP}/{half}"),
    )


def view_of(study: Study, half: str, name: str, **more) -> View:
    """The recommender of two letters under a serving, seen as the paper sees it."""
    chosen = getattr(study.settings.dl_mia, half)
    return View(*cell_of(name), k=chosen.top_k, l=chosen.vector_dim, **more)
