"""Rows by what their columns hold, as declarations ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from recmia.errors import ArtifactError
from recmia.experiments.rows import COLUMNS, Row

Wanted = Mapping[str, Any]


def matches(row: Row, wanted: Wanted) -> bool:
    """Whether a row's columns are as wanted.

    Args:
        row: the row.
        wanted: column to a value; to null for none, "*" for any, a text with "*" for texts like
            it ("HR@*"), or a list of these.

    Raises:
        ArtifactError: there is no such column.
    """
    if unknown := wanted.keys() - COLUMNS.keys():
        raise ArtifactError(f"Results have no column '{', '.join(sorted(unknown))}'.")
    return all(_is(getattr(row, name), value) for name, value in wanted.items())


def _is(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, (list, tuple)):
        return any(_is(value, one) for one in wanted)
    if value is None or value == "":
        return wanted is None
    if isinstance(wanted, str):
        return wanted == "*" or (isinstance(value, str) and fnmatchcase(value, wanted))
    return value == wanted


def select(rows: Iterable[Row], wanted: Wanted) -> list[Row]:
    """Rows whose columns are as wanted, in their order."""
    return [row for row in rows if matches(row, wanted)]


def only(rows: Iterable[Row], kinds: Iterable[Wanted]) -> Row | None:
    """The one row of the first description that one row answers to."""
    rows = list(rows)
    chosen = (select(rows, kind) for kind in kinds)
    return next((found[0] for found in chosen if len(found) == 1), None)


def first_kind(row: Row, kinds: Mapping[str, Wanted]) -> str | None:
    """Name of the first kind that a row is one of."""
    return next((name for name, wanted in kinds.items() if matches(row, wanted)), None)
