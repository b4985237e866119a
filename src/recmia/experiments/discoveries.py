"""How many verdicts on claims outlast the number of claims: false discoveries and chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist

from recmia.experiments.rows import CLAIMS, CONFIRMED, DEGENERATE, RANGE, REFUTED, Row
from recmia.experiments.verdicts import MARGIN

RATE = 0.05  # of false discoveries that is allowed among those that are kept
LEVEL = 0.95  # of intervals, where nobody says another
_NORMAL = NormalDist()
Says = Mapping[tuple[str, str], str]  # study and key of a claim to what it says of a difference


@dataclass(frozen=True)
class Assessed:
    """A claim at one place.

    Attributes:
        row: its row.
        says: "more", "less" or "equal".
        p: how probable as clear a difference is if there is none; of "equal", see `p_value`.
        q: the least rate of false discoveries at which it is kept (Benjamini and Hochberg 1995).
    """

    row: Row
    says: str
    p: float
    q: float = 1.0

    @property
    def kept(self) -> bool:
        """Whether it was decided, and is kept at `RATE`."""
        return self.row.verdict in (CONFIRMED, REFUTED) and self.q <= RATE


def p_value(row: Row, says: str, level: float = LEVEL) -> float:
    """From a row's value and interval, by the normal approximation.

    The standard deviation is that which gives an interval of that width. What is said to be more or
    less is tested against no difference, on both sides. What is said to be equal is tested by two
    one-sided tests against `MARGIN` and its negative, of which the larger p counts (Schuirmann
    1987); where it was refuted, against a difference within the margin, on both sides.

    Args:
        row: with value and interval.
        says: what is said of the difference.
        level: of the interval.
    """
    width = _NORMAL.inv_cdf((1 + level) / 2)
    deviation = (row.ci_high - row.ci_low) / (2 * width)
    if says != "equal":
        return min(1.0, 2 * _tail(abs(row.value), deviation))
    if row.verdict == REFUTED:
        return min(1.0, 2 * _tail(abs(row.value) - MARGIN, deviation))
    return _tail(MARGIN - abs(row.value), deviation)


def _tail(distance: float, deviation: float) -> float:
    """How probable it is to lie that far out or farther."""
    if deviation == 0:
        return 0.0 if distance > 0 else 1.0
    return _NORMAL.cdf(-distance / deviation)


def assessed(rows: Iterable[Row], says: Says, level: float = LEVEL) -> list[Assessed]:
    """Every claim that has an interval and is not degenerate, with p and q over them all.

    Args:
        rows: of one report, or of several.
        says: of each claim; one that says nothing else says "more".
        level: of the intervals.
    """
    from scipy.stats import false_discovery_control

    found = []
    for row in rows:
        numbers = (row.value, row.ci_low, row.ci_high)
        if row.artefact != CLAIMS or row.degenerate or row.verdict == DEGENERATE:
            continue
        if None not in numbers and row.interval != RANGE:
            said = says.get((row.study, row.claim or ""), "more")
            found.append(Assessed(row, said, p_value(row, said, level)))
    if not found:
        return []
    rates = false_discovery_control([one.p for one in found], method="bh")
    return [replace(one, q=float(q)) for one, q in zip(found, rates, strict=True)]


def sentence(found: Iterable[Assessed], level: float = LEVEL) -> str:
    """How many verdicts are kept, and how many chance alone would give."""
    found = list(found)

    def of(verdict: str) -> str:
        own = [one for one in found if one.row.verdict == verdict]
        return f"{sum(one.kept for one in own)} of {len(own)} claims that were {verdict}"

    directed = sum(one.says != "equal" for one in found)
    chance = directed * (1 - level) / 2
    return (
        f"At a rate of false discoveries of {RATE:.0%} (Benjamini and Hochberg) {of(CONFIRMED)} "
        f"and {of(REFUTED)} are kept. Were there no difference anywhere, chance alone would "
        f"confirm {chance:.1f} and refute {chance:.1f} of the {directed} that say more or less."
    )
