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
from recmia.experiments import cells, claim_tables, discoveries, reproduced, tables
from recmia.experiments.discoveries import LEVEL, Assessed
from recmia.experiments.paper import Paper
from recmia.experiments.rows import Row
from recmia.experiments.selecting import select
from recmia.experiments.tables import Shown, Table
from recmia.experiments.words import Words, titles_of
from recmia.run import findings, registry
from recmia.section import Section

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
    headline: tuple[Sentence, ...] = ()
    cards: tuple[dict[str, Any], ...] = Field((), description="rows that are shown large")
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


def on_its_data(rows: Iterable[Row]) -> list[Row]:
    """Rows without the paper's number where they are about data that it says nothing of."""
    patterns = {p.name: report_of(p.folder).compared_on for p in registry.papers()}

    def fits(row: Row) -> bool:
        return any(fnmatchcase(row.dataset, one) for one in patterns.get(row.study, ("*",)))

    return [row if fits(row) else replace(row, paper_value=None) for row in rows]


def card_rows(report: Report, rows: Iterable[Row]) -> list[Row]:
    """Rows of the headline, in the order of its declaration."""
    rows = list(rows)
    return [row for wanted in report.cards for row in select(rows, wanted)]


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
    ) -> None:
        """Make its tables.

        Args:
            paper: the paper.
            rows: its rows.
            settings: a profile's values; titles are taken from them.
            figures: its figures; one that names an artefact stands beside its table.
            tests: its claims, tested with all others of the report.
            made_up: whether its data is; then nothing is held against the paper.
        """
        self.study, self.about, self.rows = paper.name, report_of(paper.folder), rows
        self.words = Words(titles_of(settings), registry.claims_of(paper))
        self.deviations = registry.deviations_of(paper)
        self.cards = card_rows(self.about, rows)
        self.sentences = [
            self._fill(sentence.text, found)
            for sentence in self.about.headline
            if (found := select(rows, sentence.rows))
        ]
        rates = {one.row.key: one.q for one in tests}
        self.claims = claim_tables.claims(self.study, rows, self.words)
        self.claims_in_full = claim_tables.claims_in_full(self.study, rows, self.words, rates)
        self.discoveries = discoveries.sentence(tests, _level(settings)) if tests else ""
        self.findings = [] if made_up else findings.sentences(paper, rows)
        self.counts = [] if made_up else counted(rows)
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


def _level(settings: Mapping[str, Any]) -> float:
    return settings.get("intervals", {}).get("level", LEVEL)


def parts(
    rows: Iterable[Row],
    settings: Mapping[str, Any],
    figures: Mapping[str, list[dict[str, Any]]],
    made_up: bool = False,
) -> list[Part]:
    """Every paper that has rows, in the order of the notebooks; see `Part`."""
    rows, found = list(rows), []
    tests = discoveries.assessed(rows, registry.says(), _level(settings))
    for paper in registry.papers():
        own = [row for row in rows if row.study == paper.name]
        if own:
            drawn = figures.get(paper.name, [])
            of_paper = [one for one in tests if one.row.study == paper.name]
            found.append(Part(paper, own, settings, drawn, of_paper, made_up))
    return found
