"""A paper's claims at a glance: a line a claim and reading, a column a place, marks in cells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from recmia.experiments.letters import letter_of
from recmia.experiments.rows import (
    CLAIMS,
    CONFIRMED,
    DEGENERATE,
    OPEN,
    READINGS,
    REFUTED,
    Row,
)
from recmia.experiments.selecting import select
from recmia.experiments.words import RECOMMENDERS, Words

# Sign and word of each verdict; the word is what somebody hears who does not see the sign.
MARKS = {
    CONFIRMED: ("✓", "holds"),
    REFUTED: ("✗", "does not hold"),
    OPEN: ("?", "open"),
    DEGENERATE: ("∅", "degenerate"),
}


@dataclass(frozen=True)
class Mark:
    """How many results in one cell came to one verdict."""

    verdict: str
    count: int

    @property
    def sign(self) -> str:
        """What is seen."""
        return MARKS[self.verdict][0]

    @property
    def word(self) -> str:
        """What is heard."""
        return MARKS[self.verdict][1]


@dataclass(frozen=True)
class Line:
    """A claim under one reading; ``cells`` are the marks of each column, none where not asked."""

    claim: str
    reading: str
    cells: tuple[tuple[Mark, ...], ...]


@dataclass(frozen=True)
class Matrix:
    """Marks of all claims.

    Attributes:
        columns: places: a target by the papers' letters, a data set, or a kind of recommenders.
        lines: claims, each under its readings, one below the other.
    """

    columns: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def legend(self) -> tuple[Mark, ...]:
        """The verdicts that stand in some cell."""
        there = {mark.verdict for line in self.lines for cell in line.cells for mark in cell}
        return tuple(Mark(verdict, 1) for verdict in MARKS if verdict in there)

    @property
    def several(self) -> bool:
        """Whether some cell holds more than one result."""
        marks = (cell for line in self.lines for cell in line.cells)
        return any(sum(mark.count for mark in cell) > 1 for cell in marks)


def claim_matrix(rows: Iterable[Row], words: Words) -> Matrix:
    """The marks of a paper's claims.

    Args:
        rows: of one paper; those that are no claims are left out.
        words: what is said of them.
    """
    rows = select(rows, {"artefact": CLAIMS})
    columns = sorted({_place(row, words) for row in rows})
    metrics: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        metrics.setdefault((_said(row, words), row.reading), set()).add(row.metric)
    found: dict[str, dict[str, dict[tuple[int, str], list[str]]]] = {}
    for row in rows:
        said = _said(row, words)
        if len(metrics[said, row.reading]) > 1:
            said = f"{said}: {row.metric}"
        line = found.setdefault(said, {}).setdefault(row.reading, {})
        line.setdefault(_place(row, words), []).append(row.verdict)
    lines = [
        Line(said, reading, tuple(_marks(readings[reading].get(place, ())) for place in columns))
        for said, readings in found.items()
        for reading in sorted(readings, key=READINGS.index)
    ]
    return Matrix(tuple(place for _, place in columns), tuple(lines))


def codes(rows: Iterable[Row]) -> str:
    """What the letters of settings stand for; "" where no setting is written with letters."""
    rows = list(rows)
    data: dict[str, list[str]] = {}
    for row in rows:
        if row.target_data and len(row.target_data) == 1:
            data.setdefault(row.target_data, []).append(row.dataset)
    named = {name for row in rows for name in (row.shadow, row.target, row.recommender) if name}
    letters = {letter_of(name): RECOMMENDERS.get(name, name) for name in sorted(named)}
    both = any(row.shadow and row.target for row in rows)
    if not data or not letters:
        return ""
    first = "; ".join(f"{one} is {' or '.join(dict.fromkeys(data[one]))}" for one in sorted(data))
    second = "; ".join(f"{one} is {name}" for one, name in sorted(letters.items()) if len(one) == 1)
    twice = " A setting of four letters is the shadow's two, then the target's." if both else ""
    return f"Two letters are data and a recommender. Data: {first}. Recommenders: {second}.{twice}"


def _said(row: Row, words: Words) -> str:
    return words.fill(words.value("claim", row.claim), [row])


def _place(row: Row, words: Words) -> tuple[int, str]:
    """What a row's column is called, after the order of its kind."""
    if row.system:
        return 0, ", ".join(filter(None, (row.dataset, words.word("variant", row.variant))))
    if row.target_data:
        return 0, row.target_data + letter_of(row.target or row.recommender or "")
    return 1, words.value("half", row.half) or row.dataset or "all settings"


def _marks(verdicts: Iterable[str]) -> tuple[Mark, ...]:
    verdicts = list(verdicts)
    return tuple(Mark(one, verdicts.count(one)) for one in MARKS if one in verdicts)
