"""Choices of notebooks 04 to 06."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from recmia.attacks.registry import ATTACKS
from recmia.section import Section

AttackName = Annotated[str, AfterValidator(ATTACKS.checked)]


class AttackTraining(Section):
    """The MLP attack (notebook 04)."""

    hidden: tuple[int, ...] = (64, 32)
    epochs: int = Field(60, ge=1)
    batch_size: int = Field(256, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    weight_decay: float = Field(1e-4, ge=0)
    folds: int = Field(2, ge=2, description="cross-fitting folds of the target-labelled attack")
    others: tuple[AttackName, ...] = Field(
        (), description="registered attacks on scores beside the study's own, from the shadow"
    )


class Baselines(Section):
    """Biased-MIA and DL-MIA (notebook 05)."""

    top_k: int = Field(100, ge=1, description="length of a recommendation list")
    item_vector_dim: int = Field(100, ge=2)
    item_vector_epochs: int = Field(30, ge=1)
    biased_epochs: int = Field(20, ge=1)
    dl_pretrain_epochs: int = Field(200, ge=1)
    dl_alternating_epochs: int = Field(100, ge=0)
    others: tuple[AttackName, ...] = Field(
        (), description="registered attacks on lists beside the study's own"
    )


class Sizes(Section):
    """Leakage against the number of training sessions (notebook 07)."""

    members: tuple[int, ...] = Field(
        ..., min_length=2, description="training sessions of each model, rising"
    )
    attacked: int = Field(
        5000, ge=20, description="members that are attacked, and as many held-out sessions, at most"
    )
    extrapolated_to: int = Field(
        6_756_575, ge=1, description="sessions of the whole log, where the trend is read off"
    )

    @field_validator("members")
    @classmethod
    def _rising(cls, members: tuple[int, ...]) -> tuple[int, ...]:
        if list(members) != sorted(set(members)) or members[0] < 20:
            raise ValueError("members must rise, from at least 20 sessions")
        return members


class Figures(Section):
    """Figures (notebook 06)."""

    tsne_sessions: int = Field(1500, ge=20, description="sessions a class in a t-SNE picture")
    perplexity: float = Field(30, gt=1)
