"""Choices about intervals."""

from __future__ import annotations

from pydantic import Field

from recmia.section import Section


class Intervals(Section):
    """Bootstrap over seeds, then over groups of identical sessions."""

    repeats: int = Field(1000, ge=50)
    level: float = Field(0.95, gt=0.5, lt=1)
