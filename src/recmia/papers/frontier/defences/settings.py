"""Choices of notebook 24."""

from __future__ import annotations

from pydantic import Field

from recmia.recommenders.privacy import Private
from recmia.section import Count, Dropped, NotNegative, Positive, Section, Share


class Unlearning(Section):
    """Fine-tuning after removal, held against training anew."""

    targets: int = Field(3, ge=1, description="models that sessions are removed from")
    removed: Share = Field(0.1, description="of the units that a model was trained on")
    epochs: int = Field(2, ge=1, description="passes over what is left")


class Defences(Section):
    """Defences, each played as a game of its own on the pool of notebook 21."""

    models: int = Field(
        6, ge=4, multiple_of=2, description="of each game, the first ones of notebook 21's"
    )
    epochs: int = Field(12, ge=1, description="of each training, a recorded epoch of notebook 21's")
    dropout: tuple[Dropped, ...] = (0.2, 0.5)
    weight_decay: tuple[NotNegative, ...] = Field((1.0,), description="AdamW's")
    label_smoothing: tuple[Dropped, ...] = (0.2,)
    list_lengths: tuple[Count, ...] = Field((20, 5, 1), description="lists are all that is seen")
    decimals: tuple[Count, ...] = Field((2, 1), description="that probabilities are rounded to")
    epsilons: tuple[Positive, ...] = Field((2.0, 8.0, 50.0), description="of DP-SGD, by RDP")
    private: Private = Private(learning_rate=5e-3, epochs=6)
    unlearning: Unlearning = Unlearning()
    ndcg_sessions: int = Field(
        5000, ge=20, description="of the population at most, that ranking is measured on"
    )
