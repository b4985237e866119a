"""Users of several sides as points of one t-SNE."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recmia.embedding import tsne_embedding
from recmia.lists.views import Scene
from recmia.seeds import child_seed, generator
from recmia.storage import write_arrays


def keep_embedding(
    path: Path,
    scenes: Sequence[dict[str, Any]],
    *,
    users: int,
    perplexity: float,
    root_seed: int,
    names: tuple[str, ...],
) -> None:
    """Embed the features of users drawn from each scene.

    Args:
        path: of the result: "points" float64 [n, 2], "membership" bool [n] and "panel" int64 [n],
            the scene that a point comes from.
        scenes: parts of a `Scene` each.
        users: of a scene at most.
        perplexity: of t-SNE.
        root_seed: of the study.
        names: of the seed.
    """
    features, membership, panel = [], [], []
    for number, parts in enumerate(scenes):
        made, seen = Scene(**parts).features()
        rows = generator(root_seed, *names, number).permutation(len(made))[:users]
        features.append(made[rows])
        membership.append(seen.membership[rows])
        panel.append(np.full(len(rows), number))
    seed = child_seed(root_seed, *names)
    write_arrays(
        path,
        points=tsne_embedding(np.concatenate(features), perplexity=perplexity, seed=seed),
        membership=np.concatenate(membership),
        panel=np.concatenate(panel),
    )
