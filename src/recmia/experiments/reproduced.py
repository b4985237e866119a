"""How many of a paper's numbers were found again, and how many would be by chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from recmia.experiments.cells import paper_beside, with_interval
from recmia.experiments.rows import BESIDE_THE_PAPER, Row
from recmia.experiments.tables import Table, what
from recmia.experiments.verdicts import MARGIN
from recmia.experiments.words import Words, distinguishing

NOT_EXPLAINED = "not explained"
ROUNDING = 1e-9  # of sums of decimal numbers


@dataclass(frozen=True)
class Count:
    """What became of the paper's numbers of one metric.

    Attributes:
        about: the paper, then the metric.
        comparable: how many have a number of ours beside them.
        within: how many of these lie in our interval, give or take `MARGIN`.
        explained: how many lie outside for a reason that was tested.
        by_chance: how many would lie within were the paper's numbers dealt out at random among
            our rows of the same metric: the exact mean over all ways to deal them.
    """

    about: tuple[str, ...]
    comparable: int
    within: int
    explained: int
    by_chance: float

    @property
    def unexplained(self) -> int:
        """How many lie outside, and no tested cause covers them."""
        return self.comparable - self.within - self.explained


def comparable(row: Row) -> bool:
    """Whether a row is one of ours beside one of the paper's, in the reading that stands for it.

    What was corrected, and what is a control, is another experiment than the paper's. A number that
    the paper prints in several places (a cell of its Figure 6 that is one of its Table 5 too) is
    an entry of ``paper_values.csv`` and a row of ours at each, and counts at each; so does one
    entry that several of our rows answer to (checkpoints, readings of a system).
    """
    both = row.value is not None and row.paper_value is not None
    return both and row.reading in BESIDE_THE_PAPER


def within(row: Row, paper_value: float | None = None) -> bool:
    """Whether a paper's number lies in the row's interval, give or take `MARGIN`.

    Args:
        row: a row with a value; one without an interval has its value for both ends.
        paper_value: the number; the row's own where left out.
    """
    said = row.paper_value if paper_value is None else paper_value
    low = row.value if row.ci_low is None else row.ci_low
    high = row.value if row.ci_high is None else row.ci_high
    slack = MARGIN + ROUNDING
    return low - slack <= said <= high + slack


def counts(rows: Iterable[Row]) -> list[Count]:
    """One for each paper and metric that has comparable rows, in order of both names."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if comparable(row):
            groups[row.study, row.metric].append(row)
    return [_count(about, own) for about, own in sorted(groups.items())]


def _count(about: tuple[str, ...], rows: list[Row]) -> Count:
    outside = [row for row in rows if not within(row)]
    # Each number meets each row in one of n pairings out of n.
    meetings = sum(within(row, other.paper_value) for row in rows for other in rows)
    return Count(
        about,
        len(rows),
        len(rows) - len(outside),
        sum(row.cause not in ("", NOT_EXPLAINED) for row in outside),
        meetings / len(rows),
    )


def total(found: Iterable[Count], about: tuple[str, ...]) -> Count:
    """Several counts as one."""
    found = list(found)
    names = ("comparable", "within", "explained", "by_chance")
    return Count(about, *(sum(getattr(count, name) for count in found) for name in names))


def table(found: Iterable[Count], by_metric: bool = True) -> Table:
    """A line a paper and metric, below each paper's its sum, and at the end the sum of all.

    Args:
        found: the counts.
        by_metric: False for the sums alone.
    """
    found = list(found)
    papers: dict[str, list[Count]] = defaultdict(list)
    for count in found:
        papers[count.about[0]].append(count)
    lines: list[Count] = []
    for name, own in papers.items():
        each = own if by_metric else []
        lines += own if len(own) == 1 else [*each, total(own, (name, "all"))]
    if len(papers) > 1:
        lines.append(total(found, ("all papers", "all")))
    heads = ("Paper", "Metric", "Compared", "Within", "By chance alone")
    heads += ("Outside, cause tested", "Outside, not explained")
    cells = tuple(
        (*line.about, str(line.comparable), str(line.within), f"{line.by_chance:.1f}")
        + (str(line.explained), str(line.unexplained))
        for line in lines
    )
    return Table("reproduced", "The papers' numbers found again", heads, cells, (2, 3, 4, 5, 6))


def unexplained(study: str, rows: Iterable[Row], words: Words) -> Table:
    """Ours beside each of a paper's numbers that is not found again, and why is not known."""
    rows = [row for row in rows if row.cause == NOT_EXPLAINED]
    varied = distinguishing(rows)
    heads = ("Where", "Setting", "What", "Reading", "Condition", "Metric", "Ours", "Paper")
    cells = tuple(
        (row.artefact, words.setting(row), what(row, words), row.reading)
        + (words.condition(row, varied), row.metric, with_interval(row), paper_beside(row))
        for row in rows
    )
    return Table(f"{study}-not-explained", "Not explained", heads, cells, (6, 7))


def sentence(found: Iterable[Count]) -> str:
    """The sum of all, in words."""
    count = total(found, ())
    return (
        f"Of {count.comparable} comparisons with a published number {count.within} have it in our "
        f"interval, give or take {MARGIN}; {count.by_chance:.1f} would if the numbers were dealt "
        "out at random among our rows of the same paper and metric. Of the others "
        f"{count.explained} have a cause that was tested, and {count.unexplained} are not "
        "explained."
    )
