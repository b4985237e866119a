"""Choices about cleaning and padding."""

from __future__ import annotations

from pydantic import Field

from recmia.section import Section


class Preprocess(Section):
    """Cleaning and padding (notebook 01)."""

    max_length: int = Field(20, ge=2, description="clicks kept of a session, the last ones")
    min_length: int = Field(2, ge=2, description="shorter sessions are dropped")
    partitions: int | None = Field(None, ge=1, description="shards; by size where null")
