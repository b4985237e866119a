"""What the adversary sees of one side under one serving, and the features made of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from recmia.attacks.base import Observations
from recmia.attacks.difference_vectors import PositionWeights, difference_vectors
from recmia.attacks.user_features import user_features
from recmia.experiments.letters import seed_word
from recmia.lists.cohorts import Side, load_side, load_vocabulary_size
from recmia.lists.serving import Model
from recmia.recommenders.popularity import Popularity
from recmia.recommenders.popularity_randomization import PopularityRandomization
from recmia.seeds import child_seed, generator
from recmia.sessions import Sessions
from recmia.storage import read_arrays

if TYPE_CHECKING:
    from recmia.lists.settings import Lists

SEEDS = "biased-mia"  # the first word of every seed in this package
Serving = Literal[
    "popularity lists for non-members",
    "one model for everybody",
    "two algorithms, nobody a member",
    "members only, halved at random",
]
PUBLISHED, ONE_MODEL, NOBODY, MEMBERS_ONLY = Serving.__args__
HISTORY = "histories only"  # the blind baseline: no list is looked at


@dataclass(frozen=True, order=True)
class View:
    """One way to look at the users of a recommender, whatever the side and seed.

    Attributes:
        data: the data set's key in the profile.
        recommender: registered name.
        serving: who gets which lists, see `Scene.observe`.
        defence: ratio of Popularity Randomization in non-members' lists; 0 without it.
        features: how users' features are made, see `user_features`, or "histories only".
        weights: position weights of the recommendations.
        k: recommendations that are seen.
        l: length of the item vectors.
        random_labels: labels drawn at random, as many members as there are.
        share: of the users that is kept (the data-size test).
        epochs: of the recommender's training, 0 for what the profile says.
    """

    data: str
    recommender: str
    serving: str = PUBLISHED
    defence: float = 0.0
    features: str = "Origin"
    weights: PositionWeights = "mean"
    k: int = 100
    l: int = 100  # noqa: E741  the paper's letter
    random_labels: bool = False
    share: float = 1.0
    epochs: int = 0

    @property
    def name(self) -> str:
        """Two letters, as in the paper's Table 1, and the epochs where these are chosen."""
        return self.data + seed_word(self.recommender, self.epochs)

    def model(self, side: str, seed: int) -> Model:
        """The recommender that is looked at."""
        return Model(self.data, self.recommender, side, seed, self.share, self.epochs)

    @property
    def seed_words(self) -> tuple[str, ...]:
        """Names of the seed of an attack that learns from it."""
        return (
            *(self.data, seed_word(self.recommender, self.epochs), self.serving, str(self.defence)),
            *(self.features, self.weights, str(self.k), str(self.l)),
            *(str(self.random_labels), str(self.share)),
        )


def view_of(settings: Lists, data: str, recommender: str, **fields: Any) -> View:
    """A view with whole lists and vectors of the usual length, but for ``fields``."""
    return View(data, recommender, **{"k": settings.top_k, "l": settings.vector_dim} | fields)


@dataclass(frozen=True)
class Seen:
    """What the adversary sees of the users that a view shows, and what the labels say.

    Attributes:
        observations: histories and lists.
        membership: bool [n].
    """

    observations: Observations
    membership: np.ndarray


@dataclass(frozen=True)
class Scene:
    """A view of one side for one seed, with what it is made from.

    Attributes:
        split: kept cohorts.
        lists: kept lists of the recommender.
        vectors: kept item vectors.
        view: what is looked at, and how.
        side: "shadow" or "target".
        seed: repetition.
        top_k: recommendations in a list.
        root_seed: of the study.
    """

    split: Path
    lists: Path
    vectors: Path
    view: View
    side: str
    seed: int
    top_k: int
    root_seed: int

    @cached_property
    def users(self) -> Side:
        """Everybody on this side."""
        return load_side(self.split, self.side, self.view.share)

    def observe(self) -> Seen:
        """Lists and labels.

        - popularity lists for non-members: members get the recommender's lists, all others the
          most popular items among members, the same for everybody, for the recommender lacks their
          data (section 2.5); with the defence, a random part of more of them (section 4).
        - one model for everybody: everybody's history is folded into the trained model.
        - two algorithms, nobody a member: non-members only; one half is folded in and labelled
          member, the other gets popular items. What is found here is the algorithm, for nobody was
          trained on.
        - members only, halved at random: members' own lists; one half is labelled member.
        """
        users, saved = self.users, read_arrays(self.lists, ("served", "folded"))
        rest, m = users.seen[users.n_members :], users.n_members
        if self.view.serving == PUBLISHED:
            lists = np.concatenate([saved["served"], self.unpersonalised(rest)])
            shown, membership = users.seen, users.membership
        elif self.view.serving == ONE_MODEL:
            shown, lists, membership = users.seen, saved["folded"], users.membership
        elif self.view.serving == NOBODY:
            half = len(rest) // 2
            lists = np.concatenate([saved["folded"][m:][:half], self.unpersonalised(rest[half:])])
            shown, membership = rest, np.arange(len(rest)) < half
        else:
            shown, lists, membership = users.members, saved["served"], np.arange(m) < m // 2
        if self.view.random_labels:
            names = (SEEDS, "labels", self.view.name, self.side, self.seed)
            membership = generator(self.root_seed, *names).permutation(membership)
        lists, popular = lists[:, : self.view.k], self.unpersonalised(users.seen[:1])[0]
        observed = Observations(
            shown.row_ids, shown.clicks, shown.lengths, lists=lists, popular=popular
        )
        return Seen(observed, membership)

    def unpersonalised(self, users: Sessions) -> np.ndarray:
        """Lists int64 [n, top_k] for users whose data the recommender lacks."""
        size = load_vocabulary_size(self.split)
        if self.view.defence:
            root = child_seed(self.root_seed, SEEDS, "defence", self.view.data, self.side)
            server = PopularityRandomization(
                vocabulary_size=size, alpha=self.view.defence, seed=child_seed(root, self.seed)
            )
        else:
            server = Popularity(vocabulary_size=size)
        # Without their histories nothing can be left out for having been seen.
        unknown = Sessions(
            np.zeros((len(users), 1), dtype=np.int64),
            np.zeros(len(users), dtype=np.int64),
            users.row_ids,
        )
        return server.fit(self.users.members).recommend(unknown, self.top_k)

    def features(self) -> tuple[np.ndarray, Seen]:
        """Features float32 [n, width] of the users that the view shows, and the users."""
        seen, vectors = self.observe(), read_arrays(self.vectors)["vectors"]
        histories, lists = seen.observations.histories, seen.observations.lists
        if self.view.features == HISTORY:
            return difference_vectors(histories, np.zeros_like(lists), vectors), seen
        made = user_features(self.view.features, histories, lists, vectors, self.view.weights)
        return made, seen
