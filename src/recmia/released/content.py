"""The content-based recommender on the record split; no code of it was released."""

from __future__ import annotations

from pathlib import Path

from recmia.lists.movies import movie_recommender
from recmia.released.splits import load_split, plain_lists
from recmia.released.world import SIDES
from recmia.storage import write_arrays


def keep_lists(path: Path, split: Path, interactions: Path, metadata: Path, *, top_k: int) -> None:
    """Write members' lists, int64 [members, top_k] of "shadow" and "target"."""
    known = load_split(split)
    made = {}
    for side in SIDES:
        members = known.side(side)[: known.n_members]
        padded = members.padded(known.numbers[: known.n_members])
        model = movie_recommender(interactions=interactions, metadata=metadata).fit(padded)
        made[side] = plain_lists(model.recommend(padded, top_k, exclude_seen=True))
    write_arrays(path, **made)
