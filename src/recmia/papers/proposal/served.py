"""Who is served which lists in notebook 05, from plain arguments (`recmia.experiments.kept`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recmia.attacks.base import Observations
from recmia.attacks.item_vectors import factorise
from recmia.cohorts import SIDES, load_cohorts
from recmia.papers.proposal.names import HELDOUT, NEAR_MISS
from recmia.recommenders.epochs import load_record
from recmia.recommenders.popularity import Popularity
from recmia.recommenders.ranking import without_last_click
from recmia.recommenders.session_transformer import SessionTransformer
from recmia.sessions import concatenate
from recmia.storage import read_arrays, write_arrays

ONE_MODEL = "one model for everybody"
AFTER_THE_END = "one model for everybody, asked after the last click"
POPULARITY_LISTS = "popularity lists for non-members"
COHORTS = {HELDOUT: "heldout", NEAR_MISS: "near_misses"}
# Lists of members and of non-members under each serving, by their names in the kept file.
LISTS = {
    ONE_MODEL: ("served", "served"),
    AFTER_THE_END: ("after the end", "after the end"),
    POPULARITY_LISTS: ("served", "popular"),
}
POPULAR = "target|heldout|popular"


@dataclass(frozen=True)
class Serving:
    """How the lists of members and non-members are made, and who the non-members are."""

    serving: str
    nonmembers: str


def keep_lists(
    path: Path,
    cohorts: Path,
    target: Path,
    shadow: Path,
    *,
    epoch: int,
    top_k: int,
    vector_dim: int,
    vector_epochs: int,
    vocabulary_size: int,
    vector_seed: int,
    device: str,
) -> None:
    """Lists int64 [n, top_k] ``<side>|<cohort>|<how>`` of both models, and "item_vectors"."""
    drawn = load_cohorts(cohorts)
    arrays = {
        "item_vectors": factorise(
            drawn.reference.clicks,
            drawn.reference.lengths,
            vocabulary_size,
            dim=vector_dim,
            epochs=vector_epochs,
            seed=vector_seed,
        )
    }
    for side, folder in zip(SIDES, (target, shadow), strict=True):
        model = SessionTransformer.trained(load_record(folder), epoch, device)
        popular = Popularity(vocabulary_size=vocabulary_size).fit(drawn.members[side])
        for kind in ("members", *COHORTS.values()):
            sessions = getattr(drawn, kind)[side]
            before, _ = without_last_click(sessions)
            for how, asked in (("served", before), ("after the end", sessions)):
                arrays[f"{side}|{kind}|{how}"] = model.recommend(asked, top_k)
            arrays[f"{side}|{kind}|popular"] = popular.recommend(sessions, top_k)
    write_arrays(path, **arrays)


def observe(
    cohorts: Path, lists: Path, serving: Serving, side: str
) -> tuple[Observations, np.ndarray]:
    """What the adversary sees of one side, and who is a member (kept apart from it)."""
    drawn, kind = load_cohorts(cohorts), COHORTS[serving.nonmembers]
    members, others = drawn.members[side], getattr(drawn, kind)[side]
    both = concatenate(members, others)
    names = zip(("members", kind), LISTS[serving.serving], strict=True)
    served = read_arrays(lists, [f"{side}|{cohort}|{how}" for cohort, how in names])
    observed = Observations(
        both.row_ids,
        both.clicks,
        both.lengths,
        lists=np.concatenate(list(served.values())),
        # What the target serves to anybody is no secret, and the rule about it is fixed by it.
        popular=read_arrays(lists, [POPULAR])[POPULAR][0],
    )
    return observed, np.arange(len(both)) < len(members)
