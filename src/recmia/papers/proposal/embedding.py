"""Members and others as points of one t-SNE, from plain arguments (`recmia.experiments.kept`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.neighbors import NearestNeighbors

from recmia.embedding import tsne_embedding
from recmia.evaluation.measurement import ScoredUnits
from recmia.experiments.scores import arrays_of
from recmia.seeds import child_seed, generator
from recmia.storage import read_arrays, write_arrays

NEIGHBOURS = 20
JUDGE = f"{NEIGHBOURS} nearest points of the picture"


def keep_embedding(
    path: Path,
    pictured: Path,
    *,
    what: str,
    nonmembers: str,
    sessions: int,
    perplexity: float,
    root_seed: int,
    name: str,
) -> None:
    """Embed an equal sample of members and non-members.

    Args:
        path: of the result: "points" float32 [2 n, 2], members first, and what a
            `recmia.experiments.measuring.Place` named `JUDGE` has: how they tell the two apart.
        pictured: arrays ``<cohort>|<what>`` (`recmia.papers.proposal.scoring.keep_features`).
        what: "features" or "correlation".
        nonmembers: their cohort.
        sessions: n at most.
        perplexity: of t-SNE.
        root_seed: of the study.
        name: of the picture, from which seeds are made.
    """
    saved = read_arrays(pictured, [f"{cohort}|{what}" for cohort in ("members", nonmembers)])
    draw = generator(root_seed, "tsne", name)
    count = min(sessions, *map(len, saved.values()))
    chosen = [part[draw.permutation(len(part))[:count]] for part in saved.values()]
    seed = child_seed(root_seed, "tsne", name, "start")
    points = tsne_embedding(np.concatenate(chosen), perplexity=perplexity, seed=seed)
    members = np.arange(len(points)) < count
    # A neighbourhood is what a picture shows; each point is left out of its own.
    around = NearestNeighbors(n_neighbors=NEIGHBOURS).fit(points).kneighbors(return_distance=False)
    told = ScoredUnits(members[around].mean(axis=1), members, np.arange(len(points)), 0.5)
    write_arrays(path, points=points, **arrays_of(JUDGE, told))
