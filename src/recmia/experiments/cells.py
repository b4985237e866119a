"""Numbers of result rows as text: what stands in a cell of a table, a card or a sentence."""

from __future__ import annotations

from recmia.experiments.rows import RANGE, Row
from recmia.experiments.words import degenerate


def number(value: float | int | None) -> str:
    """Three decimals; whole numbers above 1 with thousands parted; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, int) and abs(value) > 1:
        return f"{value:,}"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.1f}"


def with_interval(row: Row) -> str:
    """Value and what stands beside it."""
    return f"{number(row.value)} {beside(row)}".rstrip()


def beside(row: Row) -> str:
    """The interval in brackets, or the range over draws in parentheses; where it is degenerate.

    Where everybody was said to be alike in all seeds, the interval has no width and is left out.
    """
    if row.ci_low is None or row.ci_high is None or row.degenerate == 1:
        return degenerate(row)
    low, high = number(row.ci_low), number(row.ci_high)
    limits = f"({low}–{high})" if row.interval == RANGE else f"[{low}, {high}]"
    return with_state(limits, row)


def in_a_sentence(row: Row) -> str:
    """Value and interval, or the value and what it was over how many random draws."""
    if row.interval != RANGE or row.ci_low is None or row.ci_high is None:
        return with_interval(row)
    low, high = number(row.ci_low), number(row.ci_high)
    return with_state(f"{number(row.value)} ({low} to {high} over {row.n_seeds} draws)", row)


def with_sign(row: Row) -> str:
    """A difference and its interval, or a plain count's share."""
    if row.value is None or row.ci_low is None or row.ci_high is None:
        return number(row.value)
    return with_state(f"{row.value:+.3f} [{row.ci_low:+.3f}, {row.ci_high:+.3f}]", row)


def with_state(said: str, row: Row) -> str:
    """What is said of a row, and whether it is degenerate."""
    return f"{said} {degenerate(row)}".rstrip()


def paper(row: Row) -> str:
    """The paper's number as it is printed there."""
    if row.paper_value is None:
        return "–"
    return f"{row.paper_value:,}" if isinstance(row.paper_value, int) else str(row.paper_value)


def paper_beside(row: Row) -> str:
    """The paper's number, and for a range over draws on which side of its limits it lies."""
    if row.paper_value is None or row.interval != RANGE or None in (row.ci_low, row.ci_high):
        return paper(row)
    where = "in" if row.ci_low <= row.paper_value <= row.ci_high else "outside"
    return f"{paper(row)}, {where} the range"


def difference(row: Row) -> str:
    """Ours minus the paper's."""
    if row.value is None or row.paper_value is None:
        return "–"
    gap = row.value - row.paper_value
    return f"{gap:+,}" if isinstance(gap, int) else f"{gap:+.3f}"
