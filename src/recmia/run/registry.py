"""The papers that registered themselves: every package below `recmia.papers` has one."""

from __future__ import annotations

import pkgutil
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import recmia.papers
from recmia.experiments.paper import Paper
from recmia.yaml_files import read_yaml

if TYPE_CHECKING:
    from recmia.experiments.figures import DeclaredFigures


@lru_cache(maxsize=1)
def papers() -> tuple[Paper, ...]:
    """Every paper, in the order of their first notebooks."""
    found = [
        import_module(f"recmia.papers.{module.name}.paper").PAPER
        for module in pkgutil.iter_modules(recmia.papers.__path__)
        if module.ispkg
    ]
    return tuple(sorted(found, key=lambda paper: paper.steps[0].name))


def figure_sets() -> list[DeclaredFigures]:
    """What papers have declared of figures: ``FIGURES`` of every module ``figures``."""
    names = [
        module.name
        for module in pkgutil.walk_packages(recmia.papers.__path__, "recmia.papers.")
        if module.name.endswith(".figures")
    ]
    modules = [import_module(name) for name in names]
    return [module.FIGURES for module in modules if hasattr(module, "FIGURES")]


def deviations_of(paper: Paper) -> list[dict[str, str]]:
    """Where we depart from it or had to choose: where, paper, ours, why."""
    return read(paper.folder / "deviations.yaml")


def claims_of(paper: Paper) -> dict[str, str]:
    """Key of each claim to the paper's words, after the table or figure that shows it."""
    return {
        key: f"{', '.join(_listed(about['artefact']))}: {about['words']}"
        for key, about in paper.claims.items()
    }


def says() -> dict[tuple[str, str], str]:
    """Paper and key of a claim to what it says of a difference: "more", "less" or "equal"."""
    return {
        (paper.name, key): about["says"]
        for paper in papers()
        for key, about in paper.claims.items()
        if "says" in about
    }


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


@cache
def read(path: Path) -> Any:
    """A YAML file of a paper, read once."""
    return read_yaml(path)
