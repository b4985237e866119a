"""Vectors of items, factorised from the histories of users of neither side."""

from __future__ import annotations

from pathlib import Path

from recmia.attacks import item_vectors
from recmia.lists.cohorts import load_cohorts
from recmia.storage import write_arrays


def keep_vectors(path: Path, split: Path, *, dim: int, epochs: int, seed: int) -> None:
    """Factorise the vector set and write "vectors", float32 [V, dim]."""
    known = load_cohorts(split)
    vectors = item_vectors.factorise(
        known.vectors.clicks,
        known.vectors.lengths,
        known.vocabulary_size,
        dim=dim,
        epochs=epochs,
        seed=seed,
    )
    write_arrays(path, vectors=vectors)
