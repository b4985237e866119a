"""Recommenders trained on members, the lists that they serve, and how well these rank (Table 2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recmia.lists.cohorts import load_side, load_vocabulary_size
from recmia.recommenders.ranking import hit_rate
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


def keep_lists(
    path: Path,
    split: Path,
    recommender: Callable[..., Any],
    options: dict[str, Any],
    *,
    side: str,
    share: float,
    top_k: int,
    exclude_seen: bool,
) -> None:
    """Train a recommender on the members of a side and write what it serves.

    Args:
        path: of the result: "served", int64 [members, top_k], and "folded", int64 [users, top_k],
            where everybody's history is folded into the trained model; for each how often any, and
            the next, of the held-out items is among them.
        split: kept cohorts.
        recommender: called with ``vocabulary_size`` and the options.
        options: of the recommender.
        side: "shadow" or "target".
        share: of the side's users that is kept.
        top_k: recommendations in a list.
        exclude_seen: whether the recommender has to be told to leave out what somebody has.
    """
    users, size = load_side(split, side, share), load_vocabulary_size(split)
    model = recommender(vocabulary_size=size, **options).fit(users.members)
    told = {"exclude_seen": True} if exclude_seen else {}
    served = model.recommend(users.members, top_k, **told)
    folded = model.recommend_folded_in(users.seen, top_k, **told)
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
