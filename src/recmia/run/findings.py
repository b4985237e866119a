"""A paper's findings: a few sentences whose numbers are rows, from its ``findings.yaml``."""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from recmia.errors import ArtifactError
from recmia.experiments import cells
from recmia.experiments.paper import Paper
from recmia.experiments.rows import Row
from recmia.experiments.selecting import select
from recmia.run.registry import read
from recmia.section import Section

MOST = 5


class Finding(Section):
    """A sentence, and the row that each name in its braces stands for."""

    text: str = Field(
        description="{name}: value and interval; {name.paper}, {name.value}, {name.low}, "
        "{name.high} and {name.draws} one number; {name.theirs} the paper's number in brackets, or "
        "nothing where it has none"
    )
    numbers: dict[str, dict[str, Any]] = Field(
        description="name to what its one row holds, see `recmia.experiments.selecting`"
    )


class Number:
    """A row in a sentence: itself value and interval, its attributes one number each."""

    def __init__(self, row: Row) -> None:
        self._said = cells.in_a_sentence(row)
        self.paper = cells.paper(row)
        self.theirs = "" if row.paper_value is None else f" (the paper: {self.paper})"
        self.value, self.low, self.high = map(cells.number, (row.value, row.ci_low, row.ci_high))
        self.draws = str(row.n_seeds)

    def __format__(self, form: str) -> str:
        return format(self._said, form)


def findings_of(paper: Paper) -> list[Finding]:
    """What a paper's file holds, in order; nothing where it has none.

    Raises:
        ArtifactError: an entry is no finding.
    """
    path = paper.folder / "findings.yaml"
    if not path.exists():
        return []
    try:
        found = TypeAdapter(list[Finding]).validate_python(read(path))
    except ValidationError as error:
        raise ArtifactError(f"{path}: {error}") from error
    for number, finding in enumerate(found, start=1):
        asked = {name for _, name, *_ in string.Formatter().parse(finding.text) if name}
        if wrong := {name.partition(".")[0] for name in asked} ^ finding.numbers.keys():
            raise ArtifactError(
                f"{path}, finding {number}: text and numbers differ in {', '.join(sorted(wrong))}."
            )
    return found


def sentences(paper: Paper, rows: Iterable[Row]) -> list[str]:
    """The findings with their numbers: the first `MOST` that any of the rows are about.

    Args:
        paper: the paper.
        rows: its rows.

    Raises:
        ArtifactError: a name stands for no row while another does, or for several.
    """
    rows = list(rows)
    findings = enumerate(findings_of(paper), start=1)
    said = [sentence(f"{paper.name}, finding {n}", finding, rows) for n, finding in findings]
    return [text for text in said if text][:MOST]  # more are read by nobody


def sentence(where: str, finding: Finding, rows: Iterable[Row]) -> str | None:
    """One finding with its numbers; None where the profile did not run what it is about.

    Args:
        where: what an error calls it.
        finding: one of `findings_of`.
        rows: of its paper.

    Raises:
        ArtifactError: as of `sentences`.
    """
    rows = list(rows)
    chosen = {name: select(rows, wanted) for name, wanted in finding.numbers.items()}
    if chosen and not any(chosen.values()):
        return None
    return _filled(where, finding.text, chosen)


def _filled(where: str, text: str, chosen: Mapping[str, list[Row]]) -> str:
    for name, found in chosen.items():
        if len(found) != 1:
            raise ArtifactError(
                f"{where}: '{name}' must stand for one result, and {len(found)} are like that. "
                "Remedy: name the columns in findings.yaml that tell it from the others."
            )
    try:
        return text.format_map({name: Number(row) for name, (row,) in chosen.items()})
    except AttributeError as error:
        raise ArtifactError(f"{where}: {error}") from error
