"""What the adversary sees of one side under one serving, and the features made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from recmia.attacks.difference_vectors import PositionWeights, difference_vectors
from recmia.attacks.user_features import user_features
from recmia.experiments.study import Study
from recmia.lists.cohorts import Side
from recmia.lists.letters import letter_of, seed_word
from recmia.lists.serving import Model, data_of, read_lists, read_vectors, side_of
from recmia.recommenders.popularity import Popularity
from recmia.recommenders.popularity_randomization import PopularityRandomization
from recmia.seeds import child_seed, generator
from recmia.sessions import Sessions

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
        letter: data set.
        algorithm: of the recommender, its name in the registry.
        epochs: that it is trained for; 0 for those of the settings.
        serving: who gets which lists, see `observe`.
        defence: ratio of Popularity Randomization in non-members' lists; 0 without it.
        generator: features of `user_features`, or "histories only".
        weights: position weights of the recommendations.
        k: recommendations that are seen.
        l: length of the item vectors.
        random_labels: labels drawn at random, as many members as there are.
        share: of the users that is kept (the data-size test).
    """

    letter: str
    algorithm: str
    epochs: int = 0
    serving: str = PUBLISHED
    defence: float = 0.0
    generator: str = "Origin"
    weights: PositionWeights = "mean"
    k: int = 100
    l: int = 100  # noqa: E741  the paper's letter
    random_labels: bool = False
    share: float = 1.0

    @property
    def name(self) -> str:
        """Two letters, as in the paper's Table 1."""
        return self.letter + letter_of(self.algorithm)

    @property
    def seed_words(self) -> tuple[str, ...]:
        """Names of the seed of an attack that learns from it."""
        fields = vars(self) | {"algorithm": seed_word(self.algorithm, self.epochs)}
        del fields["epochs"]
        return tuple(map(str, fields.values()))

    def model(self, side: str, seed: int) -> Model:
        """The recommender of one side and repetition."""
        return Model(self.letter, self.algorithm, side, seed, self.share, self.epochs)


@dataclass(frozen=True)
class Seen:
    """Histories, lists and membership of the users that a view shows; aligned by row.

    Attributes:
        histories: the users' seen histories.
        lists: int64 [n, k].
        membership: bool [n], what the labels say.
    """

    histories: Sessions
    lists: np.ndarray
    membership: np.ndarray


def observe(study: Study, view: View, side: str, seed: int) -> Seen:
    """Lists and labels of one side.

    - popularity lists for non-members: members get the recommender's lists, all others the most
      popular items among members, the same for everybody, for the recommender lacks their data
      (section 2.5); with the defence, a random part of more of them (section 4).
    - one model for everybody: everybody's history is folded into the trained model.
    - two algorithms, nobody a member: non-members only; one half is folded in and labelled member,
      the other gets popular items. What is found here is the algorithm, for nobody was trained on.
    - members only, halved at random: members' own lists; one half is labelled member.
    """
    model = view.model(side, seed)
    users, saved = side_of(study, model), read_lists(study, model)
    members, rest = users.seen[: users.n_members], users.seen[users.n_members :]
    if view.serving == PUBLISHED:
        lists = np.concatenate([saved["served"], unpersonalised(study, view, side, seed, rest)])
        seen = Seen(users.seen, lists, users.membership)
    elif view.serving == ONE_MODEL:
        seen = Seen(users.seen, saved["folded"], users.membership)
    elif view.serving == NOBODY:
        half = len(rest) // 2
        lists = np.concatenate(
            [
                saved["folded"][users.n_members :][:half],
                unpersonalised(study, view, side, seed, rest[half:]),
            ]
        )
        seen = Seen(rest, lists, np.arange(len(rest)) < half)
    else:
        seen = Seen(members, saved["served"], np.arange(len(members)) < len(members) // 2)
    if view.random_labels:
        draw = generator(study.settings.root_seed, "biased-mia", "labels", view.name, side, seed)
        seen = replace(seen, membership=draw.permutation(seen.membership))
    return replace(seen, lists=seen.lists[:, : view.k])


def unpersonalised(study: Study, view: View, side: str, seed: int, users: Sessions) -> np.ndarray:
    """Lists int64 [n, top_k] for users whose data the recommender lacks."""
    of: Side = side_of(study, view.model(side, seed))
    size, k = vocabulary_size(study, view.letter, seed), study.settings.biased_mia.top_k
    if view.defence:
        root = child_seed(study.settings.root_seed, "biased-mia", "defence", view.letter, side)
        server = PopularityRandomization(
            vocabulary_size=size, alpha=view.defence, seed=child_seed(root, seed)
        )
    else:
        server = Popularity(vocabulary_size=size)
    # Without their histories nothing can be left out for having been seen.
    unknown = Sessions(
        np.zeros((len(users), 1), dtype=np.int64),
        np.zeros(len(users), dtype=np.int64),
        users.row_ids,
    )
    return server.fit(of.members).recommend(unknown, k)


def vocabulary_size(study: Study, letter: str, seed: int) -> int:
    """V of a data set."""
    return data_of(study, letter, seed).vocabulary_size


def features(study: Study, view: View, side: str, seed: int) -> tuple[np.ndarray, Seen]:
    """Features float32 [n, width] of the users that a view shows, and the users."""
    seen = observe(study, view, side, seed)
    vectors = read_vectors(study, view.letter, seed, view.l)
    if view.generator == HISTORY:
        made = difference_vectors(seen.histories.clicks, np.zeros_like(seen.lists), vectors)
    else:
        made = user_features(
            view.generator, seen.histories.clicks, seen.lists, vectors, view.weights
        )
    return made, seen
