"""Tables of a report, made from result rows and declarations: cells, then CSV or Markdown."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from recmia.errors import ArtifactError
from recmia.experiments.cells import difference, number, paper_beside, with_interval, with_state
from recmia.experiments.results import csv_text
from recmia.experiments.rows import FACTORS, READINGS, Row
from recmia.experiments.selecting import first_kind, matches, select
from recmia.experiments.words import Words, distinguishing
from recmia.section import Section
from recmia.spreadsheets import as_text

_NUMBER = re.compile(r"^[+-][\d.][^|=!]*$")  # a difference, perhaps with its interval
IN_ORDER = {name: {"reading": name or None} for name in READINGS}


class Shown(Section):
    """How a report shows an artefact: an entry below ``artefacts`` of a paper's ``report.yaml``."""

    title: str
    paper: str = Field("", description="what the paper shows or says there")
    artefact: str = Field("", description="whose rows; those of the entry's name where left out")
    rows: dict[str, Any] = Field({}, description="which, see `recmia.experiments.selecting`")
    metrics: tuple[str, ...] = Field((), description="which, in this order; all where left out")
    columns: dict[str, dict[str, Any]] = Field(
        IN_ORDER, description="words to rows; a column for each metric of the readings if left out"
    )
    kinds: dict[str, dict[str, Any]] = Field(
        {}, description="words to rows: what a line is about, in place of its attack"
    )
    long: bool = Field(False, description="a line for each metric, not a column")
    across: str = Field("", description="a column of results whose values are the table's columns")
    star: dict[str, Any] = Field({}, description="rows whose cells get a star")
    paper_first: bool = Field(False, description="lines that the paper has a number for come first")


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        name: file name without suffix.
        title: what it shows.
        columns: headings.
        rows: cells.
        numeric: indices of columns that hold numbers.
        throughout: what is true of every line.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    throughout: str = ""

    def csv(self) -> str:
        """Comma-separated; no cell is a formula to a spreadsheet."""
        return csv_text(*self._harmless())

    def _harmless(self) -> tuple[list[str], list[list[str]]]:
        # Titles are a profile's own words; what begins as a number is one, with its interval.
        heads, *lines = (
            [cell if _NUMBER.match(cell) else as_text(cell) for cell in line]
            for line in (self.columns, *self.rows)
        )
        return heads, lines

    def markdown(self) -> str:
        """A Markdown table under its title."""
        rule = ["--:" if i in self.numeric else "---" for i in range(len(self.columns))]
        lines = [self.columns, rule, *self.rows]
        cells = (" | ".join(map(_plain, line)) for line in lines)
        return f"**{_plain(self.title)}**\n\n" + "".join(f"| {line} |\n" for line in cells)


def _plain(cell: str) -> str:
    """A cell's text in Markdown: one line, no column of its own, no HTML."""
    text = " ".join(cell.splitlines()).replace("|", "\\|")
    return html.escape(text, quote=False)


def artefact_table(study: str, name: str, shown: Shown, rows: Iterable[Row], words: Words) -> Table:
    """A paper's table or figure: ours beside the paper's, a line a setting, attack and condition.

    A factor that has one value in each column of numbers is said under the title; the others, but
    for those that columns and kinds ask for, are conditions of lines.

    Raises:
        ArtifactError: two rows have one cell.
    """
    rows = select(rows, {"artefact": shown.artefact or name, **shown.rows})
    columns: dict[str, list[Row]] = {}
    for row in rows:
        if not shown.metrics or row.metric in shown.metrics:
            columns.setdefault(first_kind(row, shown.columns), []).append(row)
    columns = {column: columns[column] for column in shown.columns if column in columns}
    within = {factor for own in columns.values() for factor in distinguishing(own)}
    declared = (*shown.columns.values(), *shown.kinds.values(), shown.star)
    asked = {shown.across, *(factor for wanted in declared for factor in wanted)}
    facts = {
        "Setting": words.setting,
        "What": lambda row: first_kind(row, shown.kinds) or what(row, words),
        "Reading": lambda row: "" if "reading" in asked else row.reading,
        "Condition": lambda row: words.condition(row, within - asked),
        "Data": lambda row: row.dataset if several else "",
        "Metric": lambda row: row.metric if shown.long else "",
    }
    several = len({row.dataset for row in rows}) > 1
    heads = _heads(shown, columns, words)
    lines: dict[tuple[str, ...], dict[str, Row]] = {}
    for column, own in columns.items():
        for row in own:
            place = tuple(fact(row) for fact in facts.values())
            head = heads[_key(row, column, shown)]
            if head in lines.setdefault(place, {}):
                where = "; ".join(filter(None, (*place, head)))
                raise ArtifactError(
                    f"{study}, {name}: two results have one cell: {where}. Remedy: part them by "
                    "`rows`, `columns` or `kinds` in report.yaml."
                )
            lines[place][head] = row
    cells = [(*place, *_cells(line, heads.values(), shown)) for place, line in lines.items()]
    if shown.paper_first:
        cells.sort(key=lambda line: line[-4] == "–")
    head = (*facts, *heads.values(), "Paper", "Difference", "Why", "Note")
    # A column that says the same nothing in every line only takes room.
    used = [i for i in range(len(head)) if any(line[i] not in ("", "–") for line in cells)]
    return Table(
        _file_name(study, name),
        f"{name}: {shown.title}",
        tuple(head[i] for i in used),
        tuple(tuple(line[i] for i in used) for line in cells),
        tuple(place for place, i in enumerate(used) if len(facts) <= i < len(head) - 2),
        _throughout(columns, words, {*FACTORS} - within - asked),
    )


def what(row: Row, words: Words) -> str:
    """Whom a row is about: an attack, or a recommender."""
    return row.attack or words.value("recommender", row.recommender)


def _throughout(columns: Mapping[str, list[Row]], words: Words, factors: set[str]) -> str:
    """What is true of all rows, then what is of each column's."""
    varied = distinguishing(own[0] for own in columns.values())
    rows = [row for own in columns.values() for row in own]
    said = list({row.dataset for row in rows}) if len({row.dataset for row in rows}) == 1 else []
    said += [words.condition(row, (factors - varied) & {*row.factor_values}) for row in rows[:1]]
    for column, own in columns.items():
        if told := words.condition(own[0], factors & varied):
            said.append(f"{column}: {told}")
    return "; ".join(filter(None, said))


def _file_name(study: str, name: str) -> str:
    plain = re.sub(r"[,'%]", "", f"{study}-{name}".lower())  # a link to it means what it says
    return plain.replace(" ", "-")


def _key(row: Row, column: str, shown: Shown) -> tuple:
    if shown.across:
        return (getattr(row, shown.across),)
    return (column,) if shown.long else (column, row.metric)


def _heads(shown: Shown, columns: Mapping[str, list[Row]], words: Words) -> dict[tuple, str]:
    """Headings of the columns of numbers, in order, by the key of their rows."""
    if shown.across:
        values = {getattr(row, shown.across) for own in columns.values() for row in own}
        return {(v,): words.value(shown.across, v) for v in sorted(values - {None})}
    if shown.long:
        return {(column,): column or "Ours" for column in columns}
    found = {}
    for column, own in columns.items():
        there = {row.metric for row in own}
        for metric in shown.metrics or sorted(there):
            if metric in there:
                found[column, metric] = f"{column}: {metric}" if column else metric
    return found


def _cells(line: Mapping[str, Row], heads: Iterable[str], shown: Shown) -> Iterator[str]:
    """Ours under each heading, the paper's, the difference, its tested cause, and notes.

    Where the paper has several numbers for a line, each stands in the cell that it is of.
    """
    beside = [row for row in line.values() if row.paper_value is not None]
    several = len({row.paper_value for row in beside}) > 1
    for head in heads:
        row = line.get(head)
        yield _cell(row, shown, several) if row else "–"
    single = beside[0] if beside and not several else None
    yield from (paper_beside(single), difference(single)) if single else ("–", "–")
    yield "; ".join(dict.fromkeys(row.cause for row in line.values() if row.cause))
    yield "; ".join(dict.fromkeys(row.note for row in line.values() if row.note))


def _cell(row: Row, shown: Shown, with_paper: bool) -> str:
    said = with_state(number(row.value), row) if shown.across else with_interval(row)
    star = "★" if shown.star and matches(row, shown.star) else ""
    theirs = f" (paper {paper_beside(row)})" if with_paper and row.paper_value is not None else ""
    return said + star + theirs
