"""Why ours differs from the paper's number, where that was tested: ``causes.yaml`` of a paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from recmia.errors import ArtifactError
from recmia.experiments.paper import Paper
from recmia.experiments.reproduced import NOT_EXPLAINED, comparable, within
from recmia.experiments.rows import Row
from recmia.experiments.selecting import matches
from recmia.section import Section
from recmia.yaml_files import read_yaml


class Cause(Section):
    """A tested cause, and the rows whose difference it explains."""

    rows: dict[str, Any] = Field(description="which, see `recmia.experiments.selecting`")
    cause: str = Field(min_length=1)


def causes_of(paper: Paper) -> list[Cause]:
    """A paper's causes, in order; none where it has no ``causes.yaml``.

    Raises:
        ArtifactError: the file does not hold what it should.
    """
    path = paper.folder / "causes.yaml"
    if not path.exists():
        return []
    try:
        read = read_yaml(path)
        return TypeAdapter(list[Cause]).validate_python(read)
    except (ValidationError, yaml.YAMLError) as error:
        raise ArtifactError(f"{path}: {error}") from error


def join_causes(rows: Iterable[Row], papers: Iterable[Paper]) -> list[Row]:
    """Put a cause on each row that the paper's number lies outside of.

    The first entry that covers the row counts. A row that stands beside the paper and that no entry
    covers is "not explained"; what was corrected on purpose needs no explanation, but may have one.

    Args:
        rows: with the papers' numbers (`recmia.experiments.results.join_paper_values`).
        papers: whose causes there are.
    """
    causes = {paper.name: causes_of(paper) for paper in papers}

    def cause(row: Row) -> str:
        if row.value is None or row.paper_value is None or within(row):
            return ""
        found = (one.cause for one in causes.get(row.study, ()) if matches(row, one.rows))
        return next(found, NOT_EXPLAINED if comparable(row) else "")

    return [replace(row, cause=cause(row)) for row in rows]
