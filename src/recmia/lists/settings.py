"""Choices that every attack on lists shares: data, recommenders, item vectors, cuts of users."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, model_validator

from recmia.section import Section

General = Literal["I", "L", "N"]
Sequential = Literal["B", "C", "G"]
# The papers' letters of recommenders, in their words and in ours. C means two things.
GENERAL = {"I": "item-neighbours", "L": "lfm", "N": "ncf", "C": "content-based"}
SEQUENTIAL = {"B": "bert4rec", "C": "caser", "G": "gru4rec"}
LETTERS = {name: letter for letter, name in [*GENERAL.items(), *SEQUENTIAL.items()]}


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


class LatentFactors(Section):
    """The latent factor model (L)."""

    dim: int = Field(100, ge=2)
    epochs: int = Field(20, ge=1)
    learning_rate: float = Field(0.01, gt=0)
    regularisation: float = Field(0.01, ge=0)


class NeuralCF(Section):
    """Neural collaborative filtering (N)."""

    epochs: int = Field(20, ge=1)
    batch_size: int = Field(256, ge=1)


class Epochs(Section):
    """How long a recommender is trained that has all else from its paper."""

    epochs: int = Field(..., ge=1)


class Lists(Section):
    """Data, recommenders and item vectors that an attack on lists needs; cuts of users."""

    datasets: dict[str, DataSet] = Field(..., description="letter to data set")
    algorithms: tuple[General | Sequential, ...] = ("I", "L", "N")
    min_interactions: int = Field(20, ge=2, description="of a shadow or target user")
    min_users: int = Field(
        300, ge=10, description="a side must have; min_interactions is lowered where it has not"
    )
    held_out_share: float = Field(0.2, gt=0, lt=1, description="of a history, the last, for HR")
    top_k: int = Field(100, ge=1, description="recommendations in a list")
    neighbours: int = Field(100, ge=1, description="similar items kept by algorithm I")
    latent_factors: LatentFactors = LatentFactors()
    neural_cf: NeuralCF = NeuralCF()
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
        return not set(self.algorithms).isdisjoint(get_args(Sequential))

    @property
    def names(self) -> dict[str, str]:
        """The paper's letter to the name of every recommender that it may have."""
        return SEQUENTIAL if self.sequential else GENERAL

    @property
    def recommenders(self) -> tuple[str, ...]:
        """Names of the recommenders of the grid."""
        return tuple(self.names[letter] for letter in self.algorithms)

    @property
    def cells(self) -> list[str]:
        """The paper's two letters of every data set and recommender."""
        return [letter + algorithm for letter in self.datasets for algorithm in self.algorithms]

    @model_validator(mode="after")
    def _one_kind(self) -> Lists:
        if any(len(letter) != 1 for letter in self.datasets):
            raise ValueError("a data set is named by one letter, as in the paper's Table 1")
        if self.sequential and not set(self.algorithms) <= set(get_args(Sequential)):
            raise ValueError("recommenders are all of I, L, N or all of B, C, G")
        return self
