"""Every attack of this package, by name."""

from __future__ import annotations

from importlib import import_module

from recmia import attacks
from recmia.registry import Registry

ATTACKS = Registry("attack", attacks, lambda module: import_module(f"recmia.attacks.{module}"))
