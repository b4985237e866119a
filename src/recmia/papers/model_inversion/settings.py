"""Choices of notebook 13; the values are the paper's (section 4) where it gives any."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from recmia.path_names import PathName
from recmia.section import Section

# Data sets of `sources.yaml` that a source is read from.
FILES = {"foursquare": ("foursquare",), "movielens": ("ml-latest-small", "ml-1m", "ml-10m-tags")}


class RatingData(Section):
    """A data set of ratings or visits, or one that is made up."""

    source: Literal["foursquare", "movielens", "synthetic"]
    title: str = Field(..., description="name in tables; says where it is not the paper's data")
    least: int = Field(10, ge=1, description="check-ins or ratings of a user, and of an item")
    latest: int = Field(100_000, ge=100, description="ratings kept of MovieLens")
    decoys: int = Field(3, ge=1, description="decoys |Y|; thresholds l' go from 1 to this")
    camouflages: tuple[float, ...] = Field(..., description="μ of figure 6, 0 not among them")
    gamma: float | None = Field(None, gt=0, description="γ of the detector that the paper states")
    visits: bool = Field(True, description="synthetic: visits, else ratings of half stars")
    users: int = Field(400, ge=50, description="synthetic")
    items: int = Field(600, ge=50, description="synthetic")


class System(Section):
    """A recommender under attack: a reading of section 4.1."""

    data: str = Field(..., description="name of its data set")
    title: str = Field(..., description="reading of the objective, in tables")
    zeros_observed: bool = Field(..., description="missing ratings count as observed zeros")
    factors: int | None = Field(None, ge=1, description="k; by the paper's rule where null")
    regularisation: float | None = Field(None, gt=0, description="λ; null together with k")
    length: int | None = Field(None, ge=1, description="l, items on a list; null together with k")

    @model_validator(mode="after")
    def _all_or_none(self) -> System:
        if len({value is None for value in (self.factors, self.regularisation, self.length)}) > 1:
            raise ValueError("give factors, regularisation and length, or none of them")
        return self


class ModelInversionStudy(Section):
    """Every figure of the model-inversion paper, and ours (notebook 13)."""

    datasets: dict[PathName, RatingData]
    systems: dict[PathName, System]
    repeats: int = Field(20, ge=1, description="attacks with other trainings, Ũ and decoys")
    training_share: float = Field(0.8, gt=0, lt=1, description="of each user's ratings")
    sweeps: int = Field(15, ge=1, description="most sweeps of least squares")
    tolerance: float = Field(1e-4, ge=0, description="relative fall of the objective that ends it")
    shares: tuple[float, ...] = Field((0.01, 0.02, 0.03, 0.04, 0.05), description="α of figure 5")
    descent_steps: int = Field(30, ge=1, description="most steps of Algorithm 2")
    search_moves: tuple[float, ...] = Field(
        (0.01, 0.05, 0.2), description="first steps that are tried, as shares of Λ"
    )
    search_steps: tuple[int, ...] = Field((3, 10, 30), description="numbers of steps of each")
    search_repeats: int = Field(4, ge=1, description="attacks that the first reading is chosen by")
    known_shares: tuple[float, ...] = Field((0.0, 0.2, 0.4, 0.6, 0.8), description="β of figure 7")
    known_poisoning: tuple[float, ...] = Field((0.02, 0.05), description="α of figure 7")
    grid_factors: tuple[int, ...] = Field((10, 20, 30), description="k that the rule chooses from")
    grid_regularisation: tuple[float, ...] = Field(
        (0.01, 0.02, 0.1, 1.0, 5.0, 10.0, 20.0), description="λ that the rule chooses from"
    )
    grid_lengths: tuple[int, ...] = Field((1, 5, 10, 20, 50), description="l to choose from")
    grid_repeats: int = Field(2, ge=1, description="trainings at each point of the grid")
    other_items: int = Field(8, ge=1, description="sensitive items attacked one by one")
    epsilons: tuple[float, ...] = Field(..., description="ε of the defence curve")
    posterior_sweeps: int = Field(30, ge=1, description="sweeps of the Gibbs sampler")
    control_repeats: int = Field(5, ge=1, description="repeats of what the paper does not show")
    more_factors: tuple[int, ...] = Field((10, 30, 60), description="k of the search for reasons")
    more_poisoning: tuple[float, ...] = Field((0.1, 0.2), description="α of the same")
    path: tuple[int, ...] = Field(
        (0, 2, 5, 10, 20, 40, 80, 160), description="short steps along a descent"
    )

    @model_validator(mode="after")
    def _names(self) -> ModelInversionStudy:
        for name, system in self.systems.items():
            if system.data not in self.datasets:
                raise ValueError(f"system '{name}' has data '{system.data}', which is not listed")
        if unread := self.datasets.keys() - {system.data for system in self.systems.values()}:
            raise ValueError(f"no system has the data '{sorted(unread)[0]}'")
        return self
