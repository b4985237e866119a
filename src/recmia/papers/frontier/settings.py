"""Choices of notebooks 21 and 22."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from recmia.recommenders.settings import Target
from recmia.section import Section


class Frontier(Section):
    """The membership game, and the attacks on it."""

    pool: int = Field(..., ge=40, description="sessions that a coin deals in or out")
    unit: Literal["session", "user"] = Field(
        "session", description="what has a coin; users where the log has them"
    )
    shadows: int = Field(
        16, ge=4, multiple_of=2, description="K, of each target; two models more are trained"
    )
    targets: int = Field(9, ge=2, description="models that take the target's place, at most K + 2")
    counts: tuple[int, ...] = Field(
        (1, 2, 4, 8, 16), description="numbers of shadows that attack, rising to K"
    )
    turns: int = Field(
        8, ge=1, description="shadows in the target's place, where thresholds are fixed"
    )
    top_k: int = Field(20, ge=2, description="length of a recommendation list")
    target: Target | None = Field(
        None, description="the model of the game; the profile's target where left out"
    )
    learned_from: int = Field(
        20_000, ge=40, description="sessions under shadows that the MLP learns from"
    )
    list_targets: int = Field(3, ge=1, description="targets that ME-MIA extracts")
    list_sessions: int = Field(
        4000, ge=40, description="sessions whose lists a surrogate is extracted from"
    )
    extraction_epochs: int = Field(20, ge=1)
    item_vector_dim: int = Field(100, ge=2)
    item_vector_epochs: int = Field(30, ge=1)

    @field_validator("target")
    @classmethod
    def _causal(cls, target: Target | None) -> Target | None:
        if target is not None and target.architecture != "gpt2":
            raise ValueError("the game is played with causal models: architecture gpt2")
        return target

    @model_validator(mode="after")
    def _counts(self) -> Frontier:
        counts = list(self.counts)
        if counts != sorted(set(counts)) or not counts or counts[-1] != self.shadows:
            raise ValueError("counts must rise and end at shadows")
        if any(count > 1 and count % 2 for count in counts) or counts[0] < 1:
            raise ValueError("counts are 1 or even: shadows come in pairs")
        if self.targets > self.shadows + 2:
            raise ValueError("targets: there are only shadows + 2 models")
        return self
