"""Choices of notebook 11; the values are the paper's (section 3.1) where it gives any."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from recmia.lists.settings import Lists
from recmia.released.settings import Released

Generator = Literal["Origin", "Concat10", "Concat20", "Concat100", "Hadamard", "Similarity"]


class BiasedMIAStudy(Lists):
    """Every table and figure of Biased-MIA (notebook 11)."""

    released: Released = Field(Released(), description="the reading as released")
    content_based: str | None = Field(
        None, description="letter of the data set with metadata for section 3.5"
    )
    longer_lfm: dict[str, tuple[int, ...]] = Field(
        {}, description="letter to further epochs of LFM: why its attack is weak"
    )
    list_lengths: tuple[int, ...] = Field(
        (10, 20, 30, 40, 50, 60, 70, 80, 90, 100), description="k of figures 8a and 9"
    )
    vector_lengths: tuple[int, ...] = Field(
        (10, 20, 30, 40, 50, 60, 70, 80, 90, 100), description="l of figures 8b and 9"
    )
    crossed_list_lengths: tuple[int, ...] = Field(
        (20, 50, 100), description="k of figure 9a, a curve each"
    )
    crossed_vector_lengths: tuple[int, ...] = Field(
        (20, 50, 100), description="l of figure 9b, a curve each"
    )
    crossed_cell: str = Field("MIMI", description="setting of figure 9")
    generators: tuple[Generator, ...] = (
        *("Origin", "Concat10", "Concat20", "Concat100", "Hadamard", "Similarity"),
    )
    shadow_shares: tuple[float, ...] = Field((0.7, 0.8, 0.9), description="data-size test")
    size_dataset: str = Field("L", description="data set of the data-size test")
    defence_ratios: tuple[float, ...] = Field(
        (0.5, 0.2, 0.1, 0.05), description="of the curve beside the paper's single ratio"
    )

    @model_validator(mode="after")
    def _letters(self) -> BiasedMIAStudy:
        for name in ("content_based", "size_dataset"):
            letter = getattr(self, name)
            if letter is not None and letter not in self.datasets:
                raise ValueError(f"{name} '{letter}' is none of {', '.join(self.datasets)}")
        if self.crossed_cell not in [cell + cell for cell in self.cells]:
            raise ValueError(f"crossed_cell '{self.crossed_cell}' is not one of the settings")
        if max((*self.list_lengths, *self.crossed_list_lengths), default=0) > self.top_k:
            raise ValueError("no list can be longer than top_k")
        if max((*self.vector_lengths, *self.crossed_vector_lengths), default=0) > self.vector_dim:
            raise ValueError("vector_dim is the longest l")
        if self.defence_ratio not in self.defence_ratios:
            raise ValueError("defence_ratio must be one of defence_ratios")
        return self
