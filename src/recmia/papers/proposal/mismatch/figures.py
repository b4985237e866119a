"""Figures of notebook 09, from its result rows."""

from __future__ import annotations

from pathlib import Path

from recmia.experiments.figures import DeclaredFigures
from recmia.experiments.study import Study
from recmia.papers.proposal.mismatch.plans import plans, shadow_names
from recmia.papers.proposal.mismatch.rows import UPPER_BOUND
from recmia.papers.proposal.names import STUDY


def _shadows(study: Study) -> dict[str, list[str]]:
    """In the profile's order."""
    shadows = [plans(study)[name].title for name in shadow_names(study)]
    return {"variant": [UPPER_BOUND, *shadows]}


# A folder of its own: that of notebook 06 is kept in order by notebook 06.
FIGURES = DeclaredFigures(
    f"{STUDY}.mismatch", Path(__file__).with_name("figures.yaml"), order=_shadows
)
