"""Areas of single repetitions, where a number is counted or shared out over them."""

from __future__ import annotations

import numpy as np

from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC, hard_label_auc, roc_auc
from recmia.experiments.lines import Line
from recmia.experiments.measuring import Runs
from recmia.experiments.scores import read_runs
from recmia.released.found import Found
from recmia.released.keeping import HARD, ROC, SAME

NAMES = {HARD_LABEL_AUC: HARD, ROC_AUC: ROC}


def areas_of(line: Line) -> Found:
    """A line's areas by draw or, where scores are kept, by seed."""
    return line.runs if isinstance(line.runs, dict) else found_of(line.runs)


def found_of(runs: Runs) -> Found:
    """ "hard", "roc" and "same" of kept scores, an entry a seed."""
    units = read_runs([(p.kept.path, p.name, p.row, p.units, p.subset) for p in runs])
    said = [one.scores >= one.threshold for one in units]
    return {
        HARD: np.array([hard_label_auc(s, u.membership) for s, u in zip(said, units, strict=True)]),
        ROC: np.array([roc_auc(u.scores, u.membership) for u in units]),
        SAME: np.array([s.all() or not s.any() for s in said]),
    }


def folded(values: np.ndarray) -> np.ndarray:
    """The better of the two names that the classes can have: max(x, 1 - x)."""
    return np.maximum(values, 1 - values)
