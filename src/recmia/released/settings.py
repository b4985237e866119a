"""Choices of the reading "as released" that a profile makes."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from recmia.section import Section

AUTHORS = "released"  # the authors' files, in the registry


class Released(Section):
    """How often the recipe is drawn, and on what."""

    draws: int = Field(21, ge=2, description="random draws of item vectors and lists")
    more_draws: int = Field(0, ge=0, description="further ones, of the main cells alone")
    sweep_draws: int = Field(6, ge=2, description="of those, for curves and the ablation")
    least: dict[str, int] = Field(
        {}, description="letter of a data set to the records of a user who is kept; else 20"
    )
    authors: dict[str, Literal["amazon_music", "movielens"]] = Field(
        {}, description="letter of a data set to the authors' own files that stand for it"
    )
    top_k: int = Field(100, ge=2, description="items on a list; the code has 100")
    epochs: int = Field(20, ge=1, description="of the attack")
    ncf_epochs: int = Field(20, ge=1)

    def least_of(self, data: str) -> int:
        """Records of a user who is kept."""
        return self.least.get(data, 20)
