"""Choices about recommenders; those of one are called as it is in the registry."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from recmia.section import Section


class Target(Section):
    """The recommender under attack, and its shadow (notebook 03)."""

    architecture: Literal["gpt2", "xlnet"] = "gpt2"
    d_model: int = Field(128, ge=4)
    layers: int = Field(2, ge=1)
    heads: int = Field(2, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)
    batch_size: int = Field(128, ge=1)
    learning_rate: float = Field(2e-3, gt=0)
    weight_decay: float = Field(0.0, ge=0)
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of the loss that is held against all items alike"
    )
    sampled_negatives: int | None = Field(
        None, ge=1, description="Transformers4Rec's sampled softmax; the whole catalogue by default"
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="of the output layer in training on a CPU; a GPU always trains in bfloat16",
    )
    epochs: int = Field(..., ge=1)
    recorded_epochs: tuple[int, ...] = Field(
        (), description="checkpoints kept up to the last epoch, which always is; 0 is untrained"
    )

    @model_validator(mode="before")
    @classmethod
    def _up_to_the_last(cls, values: Any) -> Any:
        """A change of ``epochs`` alone leaves valid settings: checkpoints follow it."""
        if not isinstance(values, dict) or not isinstance(values.get("epochs"), int):
            return values  # the fields will say what is wrong
        last, kept = values["epochs"], values.get("recorded_epochs", ())
        if not isinstance(kept, (list, tuple)) or not all(isinstance(e, int) for e in kept):
            return values
        return values | {"recorded_epochs": (*(e for e in kept if e < last), last)}

    @model_validator(mode="after")
    def _recorded(self) -> Target:
        kept = self.recorded_epochs
        if list(kept) != sorted(set(kept)) or kept[0] < 0:
            raise ValueError("recorded_epochs must rise from 0 or more")
        if self.d_model % self.heads:
            raise ValueError("d_model must be a multiple of heads")
        return self

    def changed(self, **values: Any) -> Target:
        """The same settings but for some, checked anew.

        Raises:
            ValidationError: they do not go together.
        """
        return Target(**self.model_dump() | values)


class ItemNeighbours(Section):
    """Item-based neighbours."""

    neighbours: int = Field(100, ge=1, description="similar items kept of each item")
    last_clicks: int | None = Field(
        None, ge=1, description="clicks of a history that are used; all of them by default"
    )


class LatentFactors(Section):
    """The latent factor model."""

    dim: int = Field(100, ge=2)
    epochs: int = Field(20, ge=1)
    learning_rate: float = Field(0.01, gt=0)
    regularisation: float = Field(0.01, ge=0)


class NeuralCF(Section):
    """Neural collaborative filtering."""

    epochs: int = Field(20, ge=1)
    batch_size: int = Field(256, ge=1)


class Epochs(Section):
    """How long a recommender is trained that has all else from its paper."""

    epochs: int = Field(..., ge=1)
