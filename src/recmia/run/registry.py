"""The papers that registered themselves: every package below `recmia.papers` has one."""

from __future__ import annotations

import pkgutil
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml

import recmia.papers
from recmia.experiments.paper import Paper


@lru_cache(maxsize=1)
def papers() -> tuple[Paper, ...]:
    """Every paper, in the order of their first notebooks."""
    found = [
        import_module(f"recmia.papers.{module.name}.paper").PAPER
        for module in pkgutil.iter_modules(recmia.papers.__path__)
        if module.ispkg
    ]
    return tuple(sorted(found, key=lambda paper: paper.steps[0].name))


def report_of(paper: Paper) -> dict[str, Any]:
    """How the report shows it: title, source, question, artefacts in the order of the page."""
    return _read(paper.folder / "report.yaml")


def deviations_of(paper: Paper) -> list[dict[str, str]]:
    """Where we depart from it or had to choose: where, paper, ours, why."""
    return _read(paper.folder / "deviations.yaml")


@cache
def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
