"""Recommenders trained on members, the lists that they serve, and how well these rank (Table 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recmia.experiments.letters import seed_word
from recmia.lists.cohorts import load_side, load_vocabulary_size
from recmia.recommenders.base import Recommender
from recmia.recommenders.ranking import hit_rate
from recmia.registry import accepted
from recmia.storage import write_arrays


@dataclass(frozen=True)
class Model:
    """One recommender of one side.

    Attributes:
        data: the data set's key in the profile.
        recommender: registered name.
        side: "shadow" or "target".
        seed: repetition.
        share: of the side's users that is kept (the data-size test).
        epochs: of its training, 0 for what the profile says.
    """

    data: str
    recommender: str
    side: str
    seed: int
    share: float = 1.0
    epochs: int = 0

    @property
    def seed_words(self) -> tuple[str | int | float, ...]:
        """Names of the seed of its recommender."""
        word = seed_word(self.recommender, self.epochs)
        return self.data, word, self.side, self.seed, self.share


def untrained(
    recommender: Callable[..., Recommender], options: dict[str, Any], split: Path
) -> Recommender:
    """A recommender of the items of a kept split, see `keep_lists`."""
    size = load_vocabulary_size(split)
    return recommender(**options, **accepted(recommender, vocabulary_size=size))


def keep_lists(
    path: Path,
    split: Path,
    recommender: Callable[..., Recommender],
    options: dict[str, Any],
    *,
    side: str,
    share: float,
    top_k: int,
) -> None:
    """Train a recommender on the members of a side and write what it serves.

    Args:
        path: of the result: "served", int64 [members, top_k], and "folded", int64 [users, top_k],
            where everybody's history is folded into the trained model; for each how often any, and
            the next, of the held-out items is among them.
        split: kept cohorts.
        recommender: called with the options, and ``vocabulary_size`` where it asks for it.
        options: of the recommender.
        side: "shadow" or "target".
        share: of the side's users that is kept.
        top_k: recommendations in a list.
    """
    users = load_side(split, side, share)
    model = untrained(recommender, options, split).fit(users.members)
    served = model.recommend(users.members, top_k, exclude_seen=True)
    folded = model.recommend_folded_in(users.seen, top_k, exclude_seen=True)
    held = users.held_out
    write_arrays(
        path,
        served=served,
        folded=folded,
        hit_any=hit_rate(served, held[: users.n_members], "any"),
        hit_next=hit_rate(served, held[: users.n_members], "next"),
        folded_hit_any=hit_rate(folded, held, "any"),
        folded_hit_next=hit_rate(folded, held, "next"),
    )
