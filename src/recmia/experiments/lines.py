"""Attacks as lines of tables, and the claims that hold one line against another, as rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.measuring import Runs, differences, measure
from recmia.experiments.rows import AS_PUBLISHED, AS_RELEASED, CLAIMS, CORRECTED, Row, numbers_of
from recmia.experiments.scores import keep_metrics
from recmia.experiments.study import Study
from recmia.experiments.verdicts import verdict

# What a reading is judged by.
METRICS = {AS_PUBLISHED: HARD_LABEL_AUC, AS_RELEASED: HARD_LABEL_AUC, CORRECTED: ROC_AUC}
SETTING = ("half", "shadow_data", "shadow", "target_data", "target")


@dataclass(frozen=True, eq=False)
class Line:
    """One attack as one line of a table or figure.

    Attributes:
        columns: of its rows (`recmia.experiments.rows.Row`), all but metric and numbers.
        runs: where its scores are, a place a seed.
    """

    columns: dict[str, Any]
    runs: Runs

    def values(self, names: Iterable[str]) -> tuple:
        """Of some columns, None where it has none."""
        return tuple(self.columns.get(name) for name in names)

    def matches(self, wanted: Mapping[str, Any]) -> bool:
        """Whether its columns are as wanted.

        Args:
            wanted: column to a value, null for none at all, to a list of values, or to another
                column that has the same value, as ``{column: target}``.
        """
        return all(self.columns.get(name) in self._choices(value) for name, value in wanted.items())

    def _choices(self, value: Any) -> list[Any]:
        if isinstance(value, Mapping):
            value = self.columns.get(value["column"])
        return value if isinstance(value, list) else [value]


def line_rows(
    study: Study,
    folder: Path,
    lines: Iterable[Line],
    metrics: Container[str] | None = None,
    *,
    make: Callable = keep_metrics,
) -> list[Row]:
    """A row for each line and each of ``metrics`` (all where left out).

    Scores that several lines show are measured once; for ``make`` see
    `recmia.experiments.measuring.measure`.
    """
    lines = list(lines)
    found = measure(study, folder, {line.runs: line.runs for line in lines}, make=make)
    return [
        Row(**line.columns, metric=measured.metric, **numbers_of(measured))
        for line in lines
        for measured in found[line.runs]
        if metrics is None or measured.metric in metrics
    ]


def claim_rows(
    study: Study, folder: Path, lines: Sequence[Line], claims: Mapping[str, Mapping[str, Any]]
) -> list[Row]:
    """Paired differences of what a paper says of one attack against another, with verdicts.

    Args:
        study: the run.
        folder: where differences are kept.
        lines: of the paper's tables and figures.
        claims: key to the claim, of ``claims.yaml``: the ``artefact`` whose lines it is about (or
            a list), what these have in ``first`` and ``second`` (see `Line.matches`), what it
            ``says`` of first minus second, and the column by which the second ``differs``. It is
            judged in each setting under each reading that has both, or under its ``reading``; the
            two may differ in the parts of the setting that it ``varies``.
    """
    held = [
        (key, claim, *pair)
        for key, claim in claims.items()
        if "first" in claim
        for pair in pairs(claim, lines)
    ]
    found = differences(study, folder, [(first.runs, second.runs) for *_, first, second in held])
    rows = []
    for (key, claim, first, second), by_metric in zip(held, found, strict=True):
        measured = by_metric[METRICS[first.columns["reading"]]]
        columns = first.columns | {
            "artefact": CLAIMS,
            "claim": key,
            "against": str(second.columns[claim["differs"]]),
            "metric": f"difference of {measured.metric}",
            "verdict": verdict(
                measured.ci_low, measured.ci_high, claim["says"], measured.degenerate
            ),
            "note": "",
        }
        rows.append(Row(**columns, **numbers_of(measured)))
    return rows


def pairs(claim: Mapping[str, Any], lines: Iterable[Line]) -> Iterator[tuple[Line, Line]]:
    """The lines that a claim compares: of one reading and setting, but for what it ``varies``."""
    about = {"artefact": claim["artefact"], "reading": claim.get("reading", list(METRICS))}
    lines = [line for line in lines if line.matches(about)]
    place = ("reading", *(name for name in SETTING if name not in claim.get("varies", ())))
    seconds: dict[tuple, list[Line]] = defaultdict(list)
    for line in lines:
        if line.matches(claim["second"]):
            seconds[line.values(place)].append(line)
    for line in lines:
        if line.matches(claim["first"]):
            others = (other for other in seconds[line.values(place)] if other is not line)
            yield from ((line, other) for other in others)
