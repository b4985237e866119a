"""Figures of notebook 07, from its result rows."""

from __future__ import annotations

from pathlib import Path

from recmia.experiments.figures import DeclaredFigures
from recmia.papers.proposal.names import STUDY

# A folder of its own: that of notebook 06 is kept in order by notebook 06.
FIGURES = DeclaredFigures(f"{STUDY}.sizes", Path(__file__).with_name("figures.yaml"))
