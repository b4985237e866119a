"""The rows of notebook 09 read: the transfer table, and what it means in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pandas as pd

from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.cells import number, with_interval, with_sign
from recmia.experiments.rows import Row
from recmia.experiments.verdicts import MARGIN
from recmia.papers.proposal.mismatch.rates import FPR, FPR_ASKED
from recmia.papers.proposal.mismatch.rows import ITSELF, LESS_MATCHED
from recmia.papers.proposal.mismatch.transferring import ASKED
from recmia.papers.proposal.names import BEST, KNOWN, LAST, MLP, SHADOW
from recmia.papers.proposal.settings import MATCHED

# What is said of a difference to the matched shadow, the first that holds.
OUTCOMES = (
    "it costs the attack",
    "the attack gains",
    "it makes no difference",
    "open",
    "no attack",
)
# Heading of the transfer table to its metric and how that is written.
COLUMNS = {
    ROC_AUC: (ROC_AUC, with_interval),
    "minus the matched shadow's": (LESS_MATCHED.format(ROC_AUC), with_sign),
    "on the shadow itself": (ITSELF.format(ROC_AUC), with_interval),
    "FPR counted on": (ITSELF.format("FPR"), lambda row: number(row.value)),
    "FPR got": (FPR, lambda row: number(row.value)),
}
COLUMNS |= {
    f"FPR got for {100 * rate:g}%": (FPR_ASKED.format(f"{100 * rate:g}"), with_interval)
    for rate in ASKED
}


def transfer_table(rows: Iterable[Row], titles: list[str], attack: str) -> pd.DataFrame:
    """The table of one attack, numbers with their intervals as text.

    Args:
        rows: of notebook 09.
        titles: of the shadows, and of what else is shown, in order.
        attack: its name.

    Returns:
        A line a checkpoint, subset and shadow; a column for each of `COLUMNS` that has numbers.
    """
    headings = {metric: (heading, say) for heading, (metric, say) in COLUMNS.items()}
    lines: dict[tuple, dict[str, str]] = {
        (checkpoint, subset or "all sessions", title): {}
        for checkpoint, subset, title in product((BEST, LAST), (None, KNOWN), titles)
    }
    for row in rows:
        place = (row.checkpoint, row.subset or "all sessions", row.variant)
        if row.attack == attack and row.metric in headings and place in lines:
            heading, say = headings[row.metric]
            lines[place][heading] = say(row)
    table = pd.DataFrame.from_dict({k: line for k, line in lines.items() if line}, orient="index")
    table.index = pd.MultiIndex.from_tuples(table.index, names=["checkpoint", "subset", "shadow"])
    return table.reindex(columns=[name for name in COLUMNS if name in table]).fillna("")


def outcome(row: Row) -> str:
    """What a paired difference to the matched shadow says, one of `OUTCOMES`.

    Below 0 with its whole interval it is a cost, above 0 a gain; otherwise within `MARGIN` of 0 it
    is none, and all else is open. Where either side said the same of everybody there is nothing to
    compare.
    """
    costs, gains, alike, undecided, nothing = OUTCOMES
    if row.degenerate or row.ci_low is None or row.ci_high is None:
        return nothing
    if row.ci_high < 0:
        return costs
    if row.ci_low > 0:
        return gains
    return alike if row.ci_low >= -MARGIN and row.ci_high <= MARGIN else undecided


def meaning(rows: Iterable[Row]) -> list[str]:
    """A sentence for each checkpoint and subset, of the MLP."""
    rows = [row for row in rows if row.attack == MLP and row.labels == SHADOW]
    said = []
    for checkpoint, subset in product((BEST, LAST), (None, KNOWN)):
        place = [row for row in rows if (row.checkpoint, row.subset) == (checkpoint, subset)]
        matched = [row for row in place if (row.variant, row.metric) == (MATCHED, ROC_AUC)]
        if not matched:
            continue
        compared = [row for row in place if row.metric == LESS_MATCHED.format(ROC_AUC)]
        parts = []
        for kind in OUTCOMES:
            shadows = [f"{r.variant} {with_sign(r)}" for r in compared if outcome(r) == kind]
            if shadows:
                parts.append(f"{kind}: {', '.join(shadows)}")
        said.append(
            f"**{checkpoint.capitalize()}, {subset or 'all sessions'}.** A matched shadow gives a "
            f"ROC AUC of {with_interval(matched[0])}. Where the shadow differs, "
            f"{'; '.join(parts)}."
        )
    return said
