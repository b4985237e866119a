"""The figure of notebook 25, from its result rows."""

from __future__ import annotations

from pathlib import Path

from recmia.experiments.figures import DeclaredFigures
from recmia.papers.frontier.names import STUDY

# A folder of its own: that of notebook 22 is kept in order by notebook 22.
FIGURES = DeclaredFigures(f"{STUDY}.checkpoint", Path(__file__).with_name("figures.yaml"))
