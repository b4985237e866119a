"""Members and others as points of one t-SNE, from plain arguments (`recmia.experiments.kept`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recmia.embedding import tsne_embedding
from recmia.seeds import child_seed, generator
from recmia.storage import read_arrays, write_arrays


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
        path: of the result: "points" float64 [2 n, 2], members first.
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
    write_arrays(path, points=points)
