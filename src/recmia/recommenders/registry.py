"""Every recommender of this package, by name."""

from __future__ import annotations

from importlib import import_module

from recmia import recommenders
from recmia.registry import Registry

RECOMMENDERS = Registry(
    "recommender", recommenders, lambda module: import_module(f"recmia.recommenders.{module}")
)
