"""Result rows: the only thing that tables, figures and the report are made from."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recmia.errors import ArtifactError
from recmia.storage import write_text

if TYPE_CHECKING:  # it brings libraries that the command line does not need
    from recmia.evaluation.intervals import Measurement
    from recmia.experiments.paper import Paper


@dataclass(frozen=True)
class ResultRow:
    """One number, what it is about, and how sure it is.

    Attributes:
        study: "proposal" or a paper's name.
        artefact: what it belongs to: "Table 1", "Table 2", "Leakage curve", "Ranking quality", ...
        dataset: name of the data set.
        setting: how the attack was set up ("target labels", "shadow model", "one model", ...).
        attack: attack, or recommender for ranking quality; "" where there is none.
        reading: "as published", "corrected" or "control"; "" where there is one reading only.
        condition: facts parted by "; ": the kind of non-members, "epoch 30", "unique sessions".
        metric: by its full name ("ROC AUC", "balanced accuracy", "TPR at 1% FPR", "NDCG@20").
        value: the number; None where the counts do not allow it (say why in the note).
        ci_low: lower end of the interval, or None.
        ci_high: upper end of the interval, or None.
        n_seeds: repetitions behind the number.
        paper_value: the paper's own number; joined from paper_values.csv by the report.
        note: the reason of a difference, or a caveat.
    """

    study: str
    artefact: str
    dataset: str
    setting: str
    attack: str
    reading: str
    condition: str
    metric: str
    value: float | int | None
    ci_low: float | int | None = None
    ci_high: float | int | None = None
    n_seeds: int = 1
    paper_value: float | int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("value", "ci_low", "ci_high", "paper_value"):
            object.__setattr__(self, name, _rounded(getattr(self, name)))
        object.__setattr__(self, "n_seeds", int(self.n_seeds))
        for name in (*KEY, "note"):
            text = getattr(self, name)
            if not isinstance(text, str) or "\n" in text or text != text.strip():
                raise ArtifactError(f"Result column '{name}' must be one clean line, got {text!r}.")
        if not self.study or not self.artefact or not self.metric:
            raise ArtifactError(f"A result needs study, artefact and metric: {self}")
        if self.ci_low is not None and self.ci_high is not None and self.ci_low > self.ci_high:
            raise ArtifactError(f"The interval's ends are swapped: {self}")

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell this row from every other."""
        return tuple(getattr(self, name) for name in KEY)

    @property
    def facts(self) -> tuple[str, ...]:
        """The condition's parts."""
        return tuple(part.strip() for part in self.condition.split(";") if part.strip())

    @property
    def epoch(self) -> int | None:
        """Training epoch named in the condition, if any."""
        for fact in self.facts:
            if match := re.fullmatch(r"epoch (\d+)", fact):
                return int(match[1])
        return None


KEY = ("study", "artefact", "dataset", "setting", "attack", "reading", "condition", "metric")
COLUMNS = tuple(field.name for field in fields(ResultRow))


def _rounded(value: Any) -> float | int | None:
    """At most 6 significant digits, whole numbers exact, so that files compare byte for byte."""
    if value is None or value == "":
        return None
    number = float(value)
    if not math.isfinite(number):
        return None
    if number.is_integer() and abs(number) < 2**53:
        return int(number)
    short = float(f"{number:.6g}")
    return int(short) if short.is_integer() else short


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts "epoch 5" before "epoch 30"."""
    parts = re.findall(r"\d+|\D+", text)
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)


def numbers_of(measured: Measurement) -> dict[str, float | int]:
    """The fields of a row that a measurement fills in."""
    return {
        "value": measured.value,
        "ci_low": measured.ci_low,
        "ci_high": measured.ci_high,
        "n_seeds": measured.n_seeds,
    }


def sort_rows(rows: Iterable[ResultRow]) -> list[ResultRow]:
    """Rows in their one order.

    Raises:
        ArtifactError: two rows are about the same thing.
    """
    ordered = sorted(rows, key=lambda row: tuple(map(_natural, row.key)))
    for first, second in zip(ordered, ordered[1:], strict=False):
        if first.key == second.key:
            raise ArtifactError(f"Two results have the same key: {first.key}")
    return ordered


def write_results(rows: Iterable[ResultRow], folder: str | Path) -> list[ResultRow]:
    """Write ``results.json`` and ``results.csv``, sorted; the same rows give the same bytes.

    Raises:
        ArtifactError: two rows are about the same thing.
    """
    ordered = sort_rows(rows)
    write_text(Path(folder) / "results.json", results_json(ordered))
    write_text(Path(folder) / "results.csv", results_csv(ordered))
    return ordered


def results_json(rows: Iterable[ResultRow]) -> str:
    """A JSON list, one row a line."""
    lines = [json.dumps(dict(zip(COLUMNS, astuple(row), strict=True))) for row in rows]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def results_csv(rows: Iterable[ResultRow]) -> str:
    """Comma-separated, a header, empty where there is no number."""
    return csv_text(COLUMNS, (astuple(row) for row in rows))


def csv_text(header: Iterable[str], lines: Iterable[Iterable[Any]]) -> str:
    """Comma-separated text with Unix line ends."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return buffer.getvalue()


def read_results(path: str | Path) -> list[ResultRow]:
    """Read rows from a folder's ``results.json``, or from a ``.json`` or ``.csv`` file.

    Raises:
        ArtifactError: the file is missing, is not such a file, or holds wrong columns.
    """
    path = Path(path)
    if path.is_dir() or not path.suffix:
        path = path / "results.json"
    try:
        text = path.read_text(encoding="utf-8")
        records = json.loads(text) if path.suffix == ".json" else csv.DictReader(io.StringIO(text))
        rows = [ResultRow(**record) for record in records]
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing. Remedy: run the step that writes it.") from None
    except (ValueError, TypeError) as error:
        raise ArtifactError(f"{path} is not a results file: {error}") from error
    return rows


def join_paper_values(rows: Iterable[ResultRow], papers: Iterable[Paper]) -> list[ResultRow]:
    """Put the paper's number on each row that it is comparable with.

    A number is comparable where study, artefact, attack and metric agree and the columns that
    paper_values.csv fills in beside them (setting, reading, condition) agree too. The data set may
    differ: the report says which.
    """
    filter_on = ("artefact", "setting", "attack", "reading", "condition", "metric")

    values = {paper.name: paper.values for paper in papers}

    def match(row: ResultRow) -> ResultRow:
        for entry in values.get(row.study, ()):
            if all(not entry[name] or getattr(row, name) == entry[name] for name in filter_on) and (
                entry["attack"] == row.attack
            ):
                return replace(row, paper_value=_rounded(entry["paper_value"]))
        return row

    return [match(row) for row in rows]


def collect_results(artifacts: str | Path, papers: Iterable[Paper]) -> list[ResultRow]:
    """Rows of all finished steps (``<artifacts>/<step>/results.json``), papers' numbers joined.

    Raises:
        ArtifactError: two steps wrote the same row, or a file is not a results file.
    """
    found = sorted(Path(artifacts).glob("[0-9]*/results.json"))
    rows = [row for path in found for row in read_results(path)]
    return sort_rows(join_paper_values(rows, papers))
