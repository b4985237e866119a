"""Figures of a written report that follow from its results, drawn again without any run."""

from __future__ import annotations

import dataclasses

from recmia.errors import ArtifactError
from recmia.experiments.results import join_paper_values, read_results
from recmia.experiments.study import Study
from recmia.run import registry


def redraw(study: Study) -> int:
    """Draw every declared figure of a written report from the report's own result rows.

    Pictures of more than rows, such as t-SNE and ROC curves, stay as their notebooks drew them.

    Args:
        study: the run whose report it is; its artifacts are not needed.

    Returns:
        How many were drawn.

    Raises:
        ArtifactError: there is no report.
    """
    folder = study.paths.reports
    if not (folder / "results.csv").exists():
        raise ArtifactError(f"There is no report in {folder}.")
    study = dataclasses.replace(study, workers=1)  # seconds: other processes would take longer
    rows = join_paper_values(read_results(folder), registry.papers())
    return sum(figures.redraw(study, rows) for figures in registry.figure_sets())
