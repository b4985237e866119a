"""The paper's t-SNE pictures of difference vectors (figures 4, 5, 7 and 13), from saved lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recmia import plots
from recmia.experiments.figure_key import key_of_cells
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.study import Study
from recmia.lists.cohorts import SIDES
from recmia.lists.views import SEEDS, View
from recmia.lists.world import ListWorld
from recmia.papers.biased_mia.embedding import keep_embedding
from recmia.papers.biased_mia.reporting import world_of
from recmia.storage import read_arrays

Panels = dict[str, tuple[View, str]]  # title to a view and a side


@dataclass(frozen=True)
class Picture:
    """One t-SNE of several sides.

    Attributes:
        name: file name.
        artefact: the paper's figure.
        title: of the picture.
        caption: what it shows.
        cells: codes of data set and recommender that it names.
        panels: what each panel shows.
    """

    name: str
    artefact: str
    title: str
    caption: str
    cells: tuple[str, ...]
    panels: Panels


def draw_pictures(figures: FigureSet, study: Study) -> None:
    """Draw every picture; finished embeddings are kept."""
    world = world_of(study)
    found = list(pictures(world))
    titles = {letter: data.title for letter, data in world.settings.datasets.items()}
    embeddings = [kept_embedding(world, picture) for picture in found]
    make_all(study, embeddings, label="t-SNE pictures")
    for picture, kept in zip(found, embeddings, strict=True):
        saved = read_arrays(kept.path)
        frame = pd.DataFrame(saved["points"], columns=["x", "y"]).assign(
            membership=saved["membership"], panel=np.array(list(picture.panels))[saved["panel"]]
        )
        figures.add(
            plots.tsne_scatter(
                frame, title=picture.title, panel="panel", note=key_of_cells(picture.cells, titles)
            ),
            picture.name,
            f"{picture.artefact}: {picture.title}",
            f"{picture.caption} Difference vectors of the first seed, one t-SNE for all panels.",
            ["saved lists of notebook 11"],
            picture.artefact,
        )


def kept_embedding(world: ListWorld, picture: Picture) -> Kept:
    """Points of a picture (`keep_embedding`)."""
    return Kept(
        world.folder / "tsne" / f"{picture.name}.npz",
        keep_embedding,
        [world.scene_parts(view, side, 0) for view, side in picture.panels.values()],
        users=world.settings.tsne_users,
        perplexity=world.settings.perplexity,
        root_seed=world.study.settings.root_seed,
        names=(SEEDS, "tsne", picture.name),
    )


def pictures(world: ListWorld) -> Iterator[Picture]:
    """The paper's pictures, on the first, second and last data set of the profile."""
    settings = world.settings
    data = list(settings.datasets)
    first, second, last = data[0], data[min(1, len(data) - 1)], data[-1]

    def panels(cell: str, *sides: str, suffix: str = "", **fields) -> Panels:
        return {f"{cell} {s}{suffix}": (world.view(cell, **fields), s) for s in sides or SIDES}

    for part, cell in zip(
        "abcd", (first + "N", first + "L", second + "I", second + "L"), strict=True
    ):
        if cell in settings.cells:
            title, said = f"{cell}, shadow and target", "Popularity lists for non-members."
            yield Picture(f"figure4{part}", "Figure 4", title, said, (cell,), panels(cell))
    if not {"item-neighbours", "lfm"} <= set(settings.algorithms):
        return
    item, factors = second + "I", second + "L"
    shown = panels(factors) | panels(item, "shadow")
    yield Picture(
        "figure5", "Figure 5", f"{factors} and {item}", "Assumption II.", (factors, item), shown
    )
    said = "Shadow and target of other data: vectors of two spaces, as the attack sees them."
    for shadow, target in ((last + "L", first + "I"), (first + "L", item)):
        name, shown = shadow + target, panels(shadow, "shadow") | panels(target, "target")
        title = f"{shadow} attacks {target}"
        yield Picture(f"figure7_{name}", "Figure 7", title, said, (shadow, target), shown)
    said = f"Popularity Randomization with ratio {settings.defence_ratio:g}."
    for cell in (first + "I", first + "L"):
        defended = panels(cell, suffix=", defence", defence=settings.defence_ratio)
        title = f"{cell} without and with the defence"
        yield Picture(
            f"figure13_{cell}", "Figure 13", title, said, (cell,), panels(cell) | defended
        )
