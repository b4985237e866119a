"""The papers that registered themselves: every package below `recmia.papers` has one."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module

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
