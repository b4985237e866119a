"""Figures of notebook 12: drawn from its result rows, and t-SNE pictures of saved points."""

from __future__ import annotations

from pathlib import Path

from recmia import plots
from recmia.experiments.figure_key import key_of_cells
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.figures import DeclaredFigures
from recmia.experiments.results import join_paper_values
from recmia.experiments.rows import Row
from recmia.experiments.study import Study
from recmia.papers.dl_mia.paper import PAPER
from recmia.papers.dl_mia.pictures import AFTER, BEFORE, CLASSES, INVARIANT, RAW, SPECIFIC, points

FIGURES = DeclaredFigures(PAPER.name, Path(__file__).with_name("figures.yaml"))
APART = "Two factorisations share no axes, so vectors made from them lie apart whatever they say."
TAKEN = "The encoder learned from the attacker's vectors alone; each kind is put in its scale."
# File, artefact, what is told apart, panels, title and more of the caption.
PICTURES = (
    ("figure1a", "Figure 1", "sides", (RAW,), "shadow and target", ""),
    ("figure1b", "Figure 1", "kinds", (BEFORE,), "its target's vectors", APART),
    ("figure5ab", "Figure 5", "sides", (INVARIANT, SPECIFIC), "latents", ""),
    ("figure5cd", "Figure 5", "kinds", (BEFORE, AFTER), "debiasing", f"{APART} {TAKEN}"),
)


def draw_all(study: Study, rows: list[Row]) -> list[dict]:
    """Draw every figure into the report's folder.

    Args:
        study: the run.
        rows: the notebook's result rows.

    Returns:
        What ``figures.json`` holds.
    """
    figures = FigureSet(study, FIGURES.folder)
    FIGURES.draw_into(figures, join_paper_values(rows, [PAPER]))
    setting = study.settings.dl_mia.pictured
    datasets = study.settings.dl_mia.general.datasets
    key = key_of_cells(
        (setting[:2], setting[2:]), {letter: data.title for letter, data in datasets.items()}
    )
    for name, artefact, what, panels, title, caption in PICTURES:
        title = f"{setting}: {title}"
        figures.add(
            plots.tsne_scatter(
                points(study, what, panels),
                title=title,
                panel="panel",
                classes=CLASSES[what],
                note=key,
            ),
            name,
            f"{artefact}: {title}",
            "Colours are named below. The table has the ROC AUC of telling the two apart by their "
            f"neighbours. First seed. {caption}".strip(),
            ["saved lists and fits of notebook 12"],
            artefact,
        )
    return figures.close()
