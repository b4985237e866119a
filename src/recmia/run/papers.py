"""The papers in the report: ours under each reading, beside the paper's, as they declare it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from recmia.errors import ArtifactError
from recmia.evaluation.few_seeds import least_coverage
from recmia.experiments import cells, claim_matrix, claim_tables, discoveries, reproduced, tables
from recmia.experiments.discoveries import LEVEL, Assessed
from recmia.experiments.paper import Paper
from recmia.experiments.rows import Row
from recmia.experiments.selecting import select
from recmia.experiments.tables import Shown, Table
from recmia.experiments.words import Words, titles_of
from recmia.run import findings, outcomes, registry
from recmia.run.outcomes import Outcome
from recmia.run.own_log import Asked, answer
from recmia.section import Section

MANY = 10  # seeds, from which on intervals hold nearly what they promise
# Longer tables are folded away in the page.
LONG = 40


class Sentence(Section):
    """A sentence about some rows, left out where there are none."""

    text: str = Field(description="columns in braces become values, {numbers} ours, {paper} theirs")
    rows: dict[str, Any]


class Report(Section):
    """What a paper's ``report.yaml`` holds."""

    title: str
    source: str
    question: str
    compared_on: tuple[str, ...] = Field(
        ("*",), description="data sets beside whose rows the paper's numbers stand; * for any text"
    )
    resampled: bool = Field(True, description="intervals are bootstrapped over seeds")
    headline: tuple[Sentence, ...] = ()
    cards: tuple[dict[str, Any], ...] = Field((), description="rows that are shown large")
    outcomes: tuple[Outcome, ...] = Field((), description="what the paper shows; came it out?")
    abreast: dict[str, tuple[dict[str, Any], ...]] = Field(
        {},
        description="columns of the table that holds reports on several data sets side by side, to "
        "the rows of their number: the first description that one row answers to",
    )
    own_log: Asked | None = Field(
        None, description="what the page of somebody's own click log opens with"
    )
    artefacts: dict[str, Shown] = Field(description="tables and figures in the order of the page")


@cache
def report_of(folder: Path) -> Report:
    """A paper's ``report.yaml``.

    Raises:
        ArtifactError: it does not hold what it should.
    """
    path = folder / "report.yaml"
    try:
        return Report(**registry.read(path))
    except (ValidationError, TypeError) as error:
        raise ArtifactError(f"{path}: {error}") from error


def on_its_data(rows: Iterable[Row], own: bool = False) -> list[Row]:
    """Rows without the paper's number where they are about data that it says nothing of.

    Args:
        rows: of a report.
        own: whether it is about somebody's own log, which no paper says anything of.
    """
    if own:
        return [replace(row, paper_value=None) for row in rows]
    patterns = {p.name: report_of(p.folder).compared_on for p in registry.papers()}

    def fits(row: Row) -> bool:
        return any(fnmatchcase(row.dataset, one) for one in patterns.get(row.study, ("*",)))

    return [row if fits(row) else replace(row, paper_value=None) for row in rows]


def card_rows(report: Report, rows: Iterable[Row]) -> list[Row]:
    """Rows of the headline, in the order of its declaration.

    Each once: where the best epoch is the last one, two tables have the same row.
    """
    rows, found = list(rows), {}
    for row in (row for wanted in report.cards for row in select(rows, wanted)):
        found.setdefault(replace(row, artefact="any"), row)
    return list(found.values())


class Part:
    """One paper's part of the page: tables, claims and figures, from its own rows."""

    def __init__(
        self,
        paper: Paper,
        rows: list[Row],
        settings: Mapping[str, Any],
        figures: list[dict[str, Any]],
        tests: list[Assessed],
        made_up: bool,
        own: bool = False,
    ) -> None:
        """Make its tables.

        Args:
            paper: the paper.
            rows: its rows.
            settings: a profile's values; titles are taken from them.
            figures: its figures; one that names an artefact stands beside its table.
            tests: its claims, tested with all others of the report.
            made_up: whether its data is; then nothing is held against the paper.
            own: whether its data is somebody's own log; then nobody asks what the paper said.
        """
        self.study, self.about, self.rows = paper.name, report_of(paper.folder), rows
        self.words = Words(titles_of(settings), registry.claims_of(paper))
        self.deviations = registry.deviations_of(paper)
        self.cards = card_rows(self.about, rows)
        self.answer = answer(self.about.own_log, rows) if own else None
        self.sentences = [
            self._fill(sentence.text, found)
            for sentence in self.about.headline
            if (found := select(rows, sentence.rows)) and not own
        ]
        rates = {one.row.key: one.q for one in tests}
        self.codes = claim_matrix.codes(rows)
        self.matrix = claim_matrix.claim_matrix(rows, self.words)
        self.claims = claim_tables.claims(self.study, rows, self.words)
        self.claims_in_full = claim_tables.claims_in_full(self.study, rows, self.words, rates)
        self.discoveries = discoveries.sentence(tests, _level(settings)) if tests else ""
        self.coverage = _coverage(rows, _level(settings)) if self.about.resampled else ""
        compared = not (made_up or own)
        self.outcome = outcomes.sentence(self.about.outcomes, rows) if compared else ""
        self.findings = findings.sentences(paper, rows) if compared else []
        self.counts = counted(rows) if compared else []
        self.unexplained = reproduced.unexplained(self.study, rows, self.words)
        self.artefacts = []
        for name, shown in self.about.artefacts.items():
            table = tables.artefact_table(self.study, name, shown, rows, self.words)
            drawn = [figure for figure in figures if figure["artefact"] == name]
            if table.rows or drawn:
                long = len(table.rows) > LONG
                about = {"name": name, "shown": shown, "table": table}
                self.artefacts.append(about | {"figures": drawn, "long": long})
        self.datasets = list(dict.fromkeys(row.dataset for row in rows if row.dataset))

    def _fill(self, text: str, rows: list[Row]) -> str:
        numbers = ", ".join(map(cells.in_a_sentence, rows))
        papers = ", ".join(map(cells.paper, rows))
        return self.words.fill(text, rows, numbers=numbers, paper=papers)

    @property
    def tables(self) -> list[Table]:
        """All tables that have rows."""
        made = [part["table"] for part in self.artefacts]
        every = (*made, self.claims, self.claims_in_full, self.unexplained)
        return [table for table in every if table.rows]


def counted(rows: Iterable[Row], suffix: str = "") -> list[reproduced.Count]:
    """What became of the papers' numbers, under the papers' titles.

    Args:
        rows: of a report.
        suffix: of the titles.
    """
    titles = {paper.name: report_of(paper.folder).title + suffix for paper in registry.papers()}
    return [
        replace(count, about=(titles[count.about[0]], *count.about[1:]))
        for count in reproduced.counts(rows)
    ]


def _coverage(rows: Iterable[Row], level: float) -> str:
    """What to expect of intervals over as few seeds as there are; "" where there are none."""
    numbers = sorted({row.n_seeds for row in rows if row.ci_low is not None and not row.interval})
    few = [n for n in numbers if 1 < n <= MANY]
    said = [f"{least_coverage(n, level):.0%} with {n} seeds" for n in few]
    if 1 in numbers:
        said.append("those of one seed cover the choice of sessions or users only")
    if not said:
        return ""
    return (
        f"What to expect of the intervals: each aims at {level:.0%}. Where seeds differ by whom "
        "they are about, they hold the truth about as often; where their models differ for other "
        f"reasons, less often, in the worst case {'; '.join(said)}."
    )


def _level(settings: Mapping[str, Any]) -> float:
    return settings.get("intervals", {}).get("level", LEVEL)


def parts(
    rows: Iterable[Row],
    settings: Mapping[str, Any],
    figures: Mapping[str, list[dict[str, Any]]],
    made_up: bool = False,
    own: bool = False,
) -> list[Part]:
    """Every paper that has rows, in the order of the notebooks; see `Part`.

    One of which nothing was found, such as the tables of a report's data, comes last.
    """
    rows, found = list(rows), []
    tests = discoveries.assessed(rows, registry.says(), _level(settings))
    for paper in registry.papers():
        its_rows = [row for row in rows if row.study == paper.name]
        if its_rows:
            drawn = figures.get(paper.name, [])
            of_paper = [one for one in tests if one.row.study == paper.name]
            found.append(Part(paper, its_rows, settings, drawn, of_paper, made_up, own))
    return sorted(found, key=lambda part: not (part.findings or part.sentences))
