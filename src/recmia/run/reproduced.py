"""The papers' numbers found again and the claims that outlast chance, over several reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from recmia.errors import ArtifactError
from recmia.experiments import discoveries, reproduced
from recmia.experiments.results import read_results
from recmia.experiments.rows import Row
from recmia.run.manifest import made_up, read_manifest
from recmia.run.papers import counted
from recmia.run.registry import says


def real_reports(reports: Path) -> list[Path]:
    """Folders of the reports that are about real data, by name."""
    return [
        path.parent
        for path in sorted(reports.glob("*/manifest.json"))
        if (path.parent / "results.csv").exists() and not made_up(read_manifest(path.parent))
    ]


def summary(folders: Sequence[Path], by_metric: bool = True) -> str:
    """Markdown: a table with a line a paper and metric, and what both counts come to.

    Only the reports' ``results.csv`` are read.

    Args:
        folders: of the reports.
        by_metric: False for a line a paper.

    Raises:
        ArtifactError: a report has no results, or none has a number beside a paper's.
    """
    reports = {folder.name: read_results(folder) for folder in folders}
    counts = list(_counts(reports))
    if not counts:
        raise ArtifactError(
            "No report has numbers beside a paper's. Remedy: `recmia run --profile NAME` first."
        )
    claims = discoveries.assessed([row for rows in reports.values() for row in rows], says())
    told = [reproduced.sentence(counts), *([discoveries.sentence(claims)] if claims else [])]
    return "\n".join(
        [reproduced.table(counts, by_metric).markdown(), *(f"{text}\n" for text in told)]
    )


def _counts(reports: dict[str, list[Row]]) -> Iterable[reproduced.Count]:
    """Each report's; a paper that several are about is told apart by their names."""
    studies = Counter(study for rows in reports.values() for study in {row.study for row in rows})
    for name, rows in reports.items():
        for study in dict.fromkeys(row.study for row in rows):
            own = [row for row in rows if row.study == study]
            yield from counted(own, f", {name}" if studies[study] > 1 else "")
