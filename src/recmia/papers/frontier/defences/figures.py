"""The figure of notebook 24, from its result rows."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from recmia.evaluation.metrics import tpr_at_fpr_name
from recmia.experiments.figure_set import FigureSet
from recmia.experiments.rows import Row
from recmia.experiments.selecting import select
from recmia.experiments.study import Study
from recmia.papers.frontier import names
from recmia.papers.frontier.defences import rows as kinds
from recmia.papers.frontier.defences.plans import STEP
from recmia.plots import trade_off

FOLDER = f"{names.STUDY}.defences"  # beside notebook 22's, which keeps its own in order
FPR = 0.01
LOW = tpr_at_fpr_name(FPR)


def draw_all(study: Study, rows: Iterable[Row]) -> list[dict]:
    """Draw the frontier into the report's folder; with too few non-members for it, nothing.

    Args:
        study: the run.
        rows: the notebook's result rows.

    Returns:
        What ``figures.json`` holds.
    """
    rows, figures = list(rows), FigureSet(study, FOLDER)
    points = points_of(rows)
    if len(points):
        figures.add(
            trade_off(
                points,
                limits_of(rows),
                title="What a defence costs and what it prevents",
                xlabel="NDCG@20 on unseen sessions (more is better)",
                ylabel=f"{LOW} (less is better)",
                chance=FPR,
                open_words=f"{names.BEST} checkpoint",
                filled_words="last epoch",
            ),
            "frontier",
            "What a defence costs and what it prevents",
            f"{LOW} of {names.MAIN}, whose shadows have the defence too, against "
            "NDCG@20 on sessions that nothing was trained or chosen by (left) and against ε "
            "(right). There a line leads from the bound that the game's own coins prove to what "
            "the accountant says, an arrow where nobody bounds it from above. Dotted: guessing. "
            "Bars: 95% bootstrap over targets and over groups of identical sessions.",
            [STEP],
            kinds.DEFENCES,
        )
    return figures.close()


def points_of(rows: Iterable[Row]) -> pd.DataFrame:
    """A line a defence and checkpoint, as `recmia.plots.trade_off` asks for them, worst first."""
    rows = list(rows)
    quality, found = _quality(rows), []
    for row in _attacked(rows):
        across = quality[row.case, row.checkpoint]
        found.append(
            {
                "series": row.case,
                "open": row.checkpoint == names.BEST,
                **{f"x{end}": value for end, value in _ends(across).items()},
                **{f"y{end}": max(value, FPR / 10) for end, value in _ends(row).items()},
            }
        )
    found.sort(key=lambda point: (point["open"], -point["y"]))
    return pd.DataFrame(found)


def limits_of(rows: Iterable[Row]) -> pd.DataFrame:
    """ε of every defence at its last epoch: what the coins prove, and what the accountant says."""
    rows, found = sorted(rows, key=lambda row: row.checkpoint == names.LAST), []
    height = {row.case: row.value for row in _attacked(rows)}
    budget = select(rows, {"artefact": kinds.BUDGET})
    above = {row.case: row.value for row in budget if row.metric == kinds.SPENT["PRV"]}
    below = {row.case: row.value for row in budget if row.metric == kinds.BOUND}
    for case, low in below.items():
        high = above.get(case, float("nan"))
        found.append({"series": case, "low": low, "high": high, "y": max(height[case], FPR / 10)})
    return pd.DataFrame(found)


def _attacked(rows: Iterable[Row]) -> list[Row]:
    about = {"artefact": kinds.DEFENCES, "attack": names.MAIN, "metric": LOW}
    return select(rows, about)


def _quality(rows: Iterable[Row]) -> dict[tuple, Row]:
    found = select(rows, {"artefact": kinds.DEFENCES, "metric": kinds.NDCG})
    return {(row.case, row.checkpoint): row for row in found}


def _ends(row: Row) -> dict[str, float]:
    return {"": row.value, "_low": row.ci_low, "_high": row.ci_high}
