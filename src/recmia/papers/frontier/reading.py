"""What judges share: which arrays a target's file holds, and what their rows are about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recmia.experiments.rows import CORRECTED
from recmia.papers.frontier import names
from recmia.papers.frontier.attacking import Audit


def about(audit: Audit, checkpoint: str, artefact: str, **columns: Any) -> dict[str, Any]:
    """Columns of a row about a game at a checkpoint."""
    found = {"study": names.STUDY, "artefact": artefact, "checkpoint": checkpoint}
    found |= {"dataset": audit.game.study.settings.dataset, "reading": CORRECTED}
    return found | columns


def keys_of(file: Path) -> list[str]:
    """Names of the arrays in a file."""
    with np.load(file, allow_pickle=False) as saved:
        return list(saved)


def guesses_in(file: Path, view: str) -> list[str]:
    """Names of the hard guesses that were made through an interface."""
    return [k for k in keys_of(file) if k.startswith(f"{view}|") and k.endswith("|guesses")]
