"""Every detail of the released recipe that can be changed, one by one; the defaults are released.

"Corrected" and the ablation are changes of these fields, so that each is a sentence: the base with
``vectors="noise x 0.1"`` is the released code with item vectors a tenth as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from recmia.released.difference_vectors import Weights
from recmia.released.perceptron import RELEASED, Training

Vectors = Literal[
    "noise",
    "noise x 0.3",
    "noise x 0.1",
    "uniform",
    "uniform / 10",
    "trained from noise",
    "trained from uniform",
    "trained from uniform / 10",
]
Factors = Literal[
    "untrained", "untrained, normal users", "trained from noise", "trained from uniform / 10"
]
Item = Literal["nearest vectors", "co-occurrence"]
Popular = Literal["members", "non-members", "everybody", "one list for both sides"]


@dataclass(frozen=True)
class Recipe:
    """What is drawn, served and seen, and how the attack learns.

    Attributes:
        vectors: item vectors.
        factors: LFM's.
        item: formula of the item-based recommender.
        popular: whose records the popular list is counted from.
        seen: items of the history may be listed.
        people: users, not records, are dealt out to shadow and target.
        dim: l, length of the item vectors.
        weights: of recommendations.
        k: recommendations seen.
        features: see `recmia.attacks.user_features`.
        ratio: of Popularity Randomization in non-members' lists; 0 without it.
        known: the attacker's shadow has the defence too.
        share: of the shadow's users that is kept, members and others alike.
        texts: the attack's item vectors are made from texts, whatever lists were made from.
        training: of the perceptron.
    """

    vectors: Vectors = "noise"
    factors: Factors = "untrained"
    item: Item = "nearest vectors"
    popular: Popular = "members"
    seen: bool = True
    people: bool = False
    dim: int = 100
    weights: Weights = "fixed"
    k: int = 100
    features: str = "Origin"
    ratio: float = 0.0
    known: bool = True
    share: float = 1.0
    texts: bool = False
    training: Training = RELEASED


@dataclass(frozen=True)
class Planned:
    """A recipe and how much of it is wanted.

    Attributes:
        recipe: what is drawn.
        draws: of a block of draws, the first so many.
        kinds: recommenders that are attacked; all where None.
        ranked: also hit rates, and K-Means.
    """

    recipe: Recipe
    draws: int
    kinds: tuple[str, ...] | None = None
    ranked: bool = False
