"""Results on disk: ``results.csv`` to read and compare, ``results.parquet`` typed, same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recmia.errors import ArtifactError
from recmia.experiments.rows import COLUMNS, KEY, Row, rounded
from recmia.storage import write_aside, write_text

if TYPE_CHECKING:
    import pandas as pd

    from recmia.experiments.paper import Paper


def sort_rows(rows: Iterable[Row]) -> list[Row]:
    """Rows in their one order.

    Raises:
        ArtifactError: two rows are about the same thing.
    """
    ordered = sorted(rows, key=_order)
    for first, second in zip(ordered, ordered[1:], strict=False):
        if first.key == second.key:
            facts = ", ".join(f"{n} {v}" for n, v in zip(KEY, first.key, strict=True) if v)
            raise ArtifactError(f"Two results are about the same thing: {facts}")
    return ordered


def _order(row: Row) -> list[tuple]:
    """Nothing first, then numbers by their size and texts by their letters."""
    return [
        (value not in (None, ""), value if value else _empty(kind))
        for value, kind in zip(row.key, _KINDS, strict=True)
    ]


_KINDS = tuple(COLUMNS[name] for name in KEY)


def _empty(kind: type) -> Any:
    return "" if kind is str else 0


def write_results(rows: Iterable[Row], folder: str | Path) -> list[Row]:
    """Write ``results.csv`` and ``results.parquet``, sorted; the same rows give the same bytes.

    Raises:
        ArtifactError: two rows are about the same thing.
    """
    ordered = sort_rows(rows)
    write_text(Path(folder) / "results.csv", results_csv(ordered))
    with write_aside(Path(folder) / "results.parquet") as aside:
        frame(ordered).to_parquet(aside, index=False)
    return ordered


def frame(rows: Iterable[Row]) -> pd.DataFrame:
    """The table, a typed column each: text as str or None, numbers, nullable whole numbers."""
    import pandas as pd

    kinds = {str: object, bool: "boolean", int: "Int64", float: "float64"}
    rows = list(rows)
    return pd.DataFrame(
        {
            name: pd.Series([getattr(row, name) for row in rows], dtype=kinds[kind])
            for name, kind in COLUMNS.items()
        }
    )


def results_csv(rows: Iterable[Row]) -> str:
    """Comma-separated, a header, empty where there is nothing."""
    return csv_text(COLUMNS, ([_text(getattr(row, name)) for name in COLUMNS] for row in rows))


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def csv_text(header: Iterable[str], lines: Iterable[Iterable[Any]]) -> str:
    """Comma-separated text with Unix line ends."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return buffer.getvalue()


def read_results(path: str | Path) -> list[Row]:
    """Read rows from a folder's ``results.csv``, or from such a file.

    Raises:
        ArtifactError: the file is missing, is not such a file, or holds wrong columns.
    """
    path = Path(path)
    if path.is_dir() or not path.suffix:
        path = path / "results.csv"
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return [Row(**typed(record)) for record in csv.DictReader(file)]
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing. Remedy: run the step that writes it.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise ArtifactError(f"{path} is not a results file: {error}") from error


def typed(record: dict[str, str]) -> dict[str, Any]:
    """Columns of a text record that say something, as their types; "null" says that there is none.

    Raises:
        KeyError: there is no such column.
        ValueError: a text is not of its column's type.
    """
    return {name: _parsed(text, COLUMNS[name]) for name, text in record.items() if text != ""}


def _parsed(text: str, kind: type) -> Any:
    if text == "null":
        return None
    if kind is bool:
        return {"true": True, "false": False}[text]
    return rounded(float(text)) if kind is float else kind(text)


def join_paper_values(rows: Iterable[Row], papers: Iterable[Paper]) -> list[Row]:
    """Put the paper's number on each row that it is comparable with.

    A number is comparable where the attack agrees, and every other column that the paper's
    ``paper_values.csv`` fills in, with "null" for a column that must be empty. The data set may
    differ: the report says which. A number that a row had and that the paper's file no longer has
    is taken off it.
    """
    values: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for paper in papers:
        for entry in paper.values:
            wanted = {"attack": "", **typed(entry)}
            values.setdefault((paper.name, wanted["artefact"], wanted["metric"]), []).append(wanted)

    def match(row: Row) -> Row:
        for wanted in values.get((row.study, row.artefact, row.metric), ()):
            if all(getattr(row, n) == v for n, v in wanted.items() if n != "paper_value"):
                return replace(row, paper_value=wanted["paper_value"])
        return replace(row, paper_value=None) if row.paper_value is not None else row

    return [match(row) for row in rows]


def collect_results(artifacts: str | Path, papers: Iterable[Paper]) -> list[Row]:
    """Rows of all finished steps (``<artifacts>/<step>/results.csv``), papers' numbers joined.

    Raises:
        ArtifactError: two steps wrote the same row, or a file is not a results file.
    """
    found = sorted(Path(artifacts).glob("[0-9]*/results.csv"))
    rows = [row for path in found for row in read_results(path)]
    return sort_rows(join_paper_values(rows, papers))
