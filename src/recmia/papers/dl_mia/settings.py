"""Choices of notebook 12; the values are the paper's (section 4) where it gives any."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from recmia.lists.settings import Lists
from recmia.released.settings import Released
from recmia.section import Section


class Half(Lists):
    """One of the paper's two grids, with the settings of its other tables on these recommenders."""

    ablated: tuple[str, ...] = Field(..., description="settings of Table 2")
    described: tuple[str, ...] = Field(..., description="settings of Table 3")
    defended: tuple[str, ...] = Field(..., description="settings of Figure 4")
    texts: tuple[str, ...] = Field((), description="data sets whose items have texts")
    most_users: int = Field(
        600, ge=20, description="users of a side that are attacked, drawn where there are more"
    )

    @model_validator(mode="after")
    def _settings(self) -> Half:
        known = set(self.cells)
        for name in ("ablated", "described", "defended"):
            for setting in getattr(self, name):
                if len(setting) != 4 or not {setting[:2], setting[2:]} <= known:
                    raise ValueError(f"{name}: '{setting}' is not a setting of these recommenders")
        if not set(self.texts) <= set(self.datasets):
            raise ValueError("texts names data sets by their letters")
        return self


class DLMIAStudy(Section):
    """Every table and figure of DL-MIA (notebook 12)."""

    general: Half
    sequential: Half
    released: Released = Field(
        Released(), description="the reading as released of the general half"
    )
    text_model: Literal["tf-idf", "minilm"] = Field(
        "tf-idf", description="vectors of item texts: from shared words, or by a language model"
    )
    joint_draws: int = Field(
        20,
        ge=2,
        description="draws of the released joint stage in the grid; its controls have sweep_draws",
    )
    guessed_draws: int = Field(
        20, ge=2, description="of those, how many are made without the slip too"
    )
    pretrain_epochs: int = Field(200, ge=1)
    alternating_epochs: int = Field(100, ge=1, description="of both kinds together")
    turn_epochs: int = Field(10, ge=1)
    steps: int = Field(10, ge=1, description="steps an epoch, as far as each has 32 shadow users")
    pictured: str = Field(
        "ANML", description="general setting of Figures 1 and 5, its target an LFM"
    )
    planted_units: int = Field(1000, ge=40, description="units a side of the planted truths")
    planted_draws: int = Field(5, ge=2, description="independent draws of each planted truth")

    @model_validator(mode="after")
    def _pictures(self) -> DLMIAStudy:
        if unknown := {*self.released.authors, *self.released.least} - {*self.general.datasets}:
            raise ValueError(f"released: {', '.join(unknown)} is no general data set")
        if not {self.pictured[:2], self.pictured[2:]} <= set(self.general.cells):
            raise ValueError(f"pictured: '{self.pictured}' is not a general setting")
        if self.pictured[3] != "L":
            raise ValueError(f"pictured: the target of '{self.pictured}' is not an LFM")
        return self
