"""Figures of notebook 13: drawn from its result rows, and maps of items."""

from __future__ import annotations

from pathlib import Path

from recmia import plots
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.figures import DeclaredFigures
from recmia.experiments.results import join_paper_values
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.experiments.words import Words, titles_of
from recmia.papers.model_inversion.attacking import STEP, mains, read_map
from recmia.papers.model_inversion.paper import PAPER


def _words(study: Study) -> Words:
    return Words(titles_of(study.settings.model_inversion.model_dump(mode="json")))


FIGURES = DeclaredFigures(PAPER.name, Path(__file__).with_name("figures.yaml"), _words)
KINDS = ("other item", "decoy", "sensitive item")


def draw_all(study: Study, rows: list[Row]) -> list[dict]:
    """Draw every figure into the report's folder.

    Args:
        study: the run.
        rows: the notebook's result rows.

    Returns:
        What ``figures.json`` holds.
    """
    figures, settings = FigureSet(study, FIGURES.folder), study.settings.model_inversion
    for system in mains(study):
        arrays, about = read_map(study, system), settings.systems[system]
        title = f"{settings.datasets[about.data].title}: {about.title}"
        kinds = [KINDS[kind] for kind in arrays["kinds"]]
        figures.add(
            plots.item_maps(arrays["before"], arrays["after"], kinds, title=title),
            f"figure3-{system}",
            f"Figure 3. {title}",
            "Items by their predicted rating, averaged over everybody and over the sensitive users,"
            " before poisoning and after the attack with links held at the highest α; a sample of"
            " the other items. Dashed: the links.",
            [STEP],
            "Figure 3",
        )
    FIGURES.draw_into(figures, join_paper_values(rows, [PAPER]))
    return figures.close()
