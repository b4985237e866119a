"""Choices that every attack on lists shares: data, recommenders, item vectors, cuts of users."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from recmia.experiments.letters import GENERAL, LISTED, SEQUENTIAL, letter_of
from recmia.path_names import PathName
from recmia.recommenders.registry import RECOMMENDERS
from recmia.recommenders.settings import Epochs, ItemNeighbours, LatentFactors, NeuralCF
from recmia.section import Section


class DataSet(Section):
    """A data set of interactions, or one that is made up."""

    source: Literal[
        "ml-1m", "lastfm-hetrec-2011", "amazon-digital-music", "amazon-beauty", "synthetic"
    ]
    title: str = Field(..., description="name in tables; says where a slice stands in for the file")
    least: int = Field(
        1, ge=1, description="users and items with fewer interactions are left out, in one pass"
    )
    users: int = Field(900, ge=30, description="of a synthetic data set")
    items: int = Field(600, ge=20, description="of a synthetic data set")
    mean_length: float = Field(40, ge=5, description="interactions a user, synthetic data set")


class Lists(Section):
    """Data, recommenders and item vectors that an attack on lists needs; cuts of users."""

    datasets: dict[PathName, DataSet] = Field(..., description="letter to data set")
    algorithms: tuple[str, ...] = Field(
        tuple(GENERAL.values()), description="recommenders, by letter or name"
    )
    min_interactions: int = Field(20, ge=2, description="of a shadow or target user")
    min_users: int = Field(
        300, ge=10, description="a side must have; min_interactions is lowered where it has not"
    )
    held_out_share: float = Field(0.2, gt=0, lt=1, description="of a history, the last, for HR")
    top_k: int = Field(100, ge=1, description="recommendations in a list")
    item_neighbours: ItemNeighbours = ItemNeighbours()
    lfm: LatentFactors = LatentFactors()
    ncf: NeuralCF = NeuralCF()
    bert4rec: Epochs = Epochs(epochs=60)
    caser: Epochs = Epochs(epochs=50)
    gru4rec: Epochs = Epochs(epochs=10)
    vector_dim: int = Field(100, ge=2, description="length l of item vectors")
    vector_epochs: int = Field(30, ge=1)
    attack_epochs: int = Field(20, ge=1)
    defence_ratio: float = Field(0.1, gt=0, le=1, description="recommendations to candidates")
    tsne_users: int = Field(800, ge=20, description="users of a side in a t-SNE picture")
    perplexity: float = Field(30, gt=1)

    @property
    def sequential(self) -> bool:
        """Whether the recommenders look at the order of a history."""
        return not set(self.algorithms).isdisjoint(SEQUENTIAL.values())

    @property
    def cells(self) -> list[str]:
        """The paper's two letters of every recommender."""
        return [
            letter + letter_of(algorithm)
            for letter in self.datasets
            for algorithm in self.algorithms
        ]

    def settings_of(self, algorithm: str) -> dict[str, Any]:
        """What a recommender is constructed with: the section of its name, if there is one."""
        section = getattr(self, algorithm.replace("-", "_"), None)
        return section.model_dump() if isinstance(section, Section) else {}

    @field_validator("algorithms")
    @classmethod
    def _names(cls, algorithms: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(LISTED.get(algorithm, algorithm) for algorithm in algorithms)
        for name in names:
            if name not in RECOMMENDERS:
                raise ValueError(
                    f"there is no recommender '{name}'; choose letters of {', '.join(LISTED)} or "
                    f"names of {', '.join(RECOMMENDERS)}"
                )
        return names

    @model_validator(mode="after")
    def _one_kind(self) -> Lists:
        if any(len(letter) != 1 for letter in self.datasets):
            raise ValueError("a data set is named by one letter, as in the paper's Table 1")
        if self.sequential and not set(self.algorithms).isdisjoint(GENERAL.values()):
            raise ValueError("I, L and N do not go with B, C and G, which need times of clicks")
        return self
