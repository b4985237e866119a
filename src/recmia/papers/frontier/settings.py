"""Choices of notebooks 21 to 25."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from recmia.papers.frontier.defences.settings import Defences
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
    attack_seeds: int = Field(
        2, ge=2, description="of each attack that has one; are the same sessions accused again?"
    )
    list_targets: int = Field(3, ge=1, description="targets that ME-MIA extracts")
    list_sessions: int = Field(
        4000, ge=40, description="sessions whose lists a surrogate is extracted from"
    )
    extraction_epochs: int = Field(20, ge=1)
    item_vector_dim: int = Field(100, ge=2)
    item_vector_epochs: int = Field(30, ge=1)
    defences: Defences = Defences()

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
        if self.defences.models > self.shadows + 2:
            raise ValueError("defences.models: there are only shadows + 2 models")
        return self


class Checkpoint(Section):
    """A published recommender that is audited by its interactions."""

    source: Literal["sasrec-ml-1m"] = "sasrec-ml-1m"
    folds: int = Field(5, ge=2, description="of users, for what is learned without a network")


class Bounds(Section):
    """Canaries, lower bounds on ε, and extraction (notebook 23)."""

    sessions: int = Field(
        5000, ge=20, description="real sessions that every model with many canaries learns from"
    )
    canaries: int = Field(1000, ge=10, description="of each kind, each in or out by coin")
    models: int = Field(6, ge=6, multiple_of=2, description="with many canaries, in pairs")
    rare_share: float = Field(0.1, gt=0, le=1, description="of the items, those that are rare")
    trainings: int = Field(96, ge=4, description="with few canaries, all coins independent")
    trained_on: int = Field(500, ge=10, description="real sessions of each of these trainings")
    choices: int = Field(4, ge=1, description="canaries of each kind in each of them")
    fixed: int = Field(16, ge=2, description="the first of them, which choose canary and threshold")
    observed: int = Field(3, ge=2, description="targets whose next items are audited, at most all")
    steps: int = Field(4000, ge=20, description="sessions whose last click is shown, at most")
    samples: tuple[float, ...] = Field(
        (1, 10, 100, 1e3, 1e4, 1e5, 1e6), min_length=1, description="n: how often one samples"
    )
    probabilities: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (0.1, 0.5, 0.9), min_length=1, description="p: that a session appears at least once"
    )

    @model_validator(mode="after")
    def _counted(self) -> Bounds:
        if self.trainings - self.fixed < 2:
            raise ValueError("trainings: two at least have to be left after the fixed ones")
        if list(self.samples) != sorted(set(self.samples)) or self.samples[0] < 1:
            raise ValueError("samples must rise from 1 or more")
        return self
