"""Vectors of items from their texts, for data sets that have texts (section 6.2)."""

from __future__ import annotations

from functools import cache

import numpy as np

from recmia.attacks import text_vectors
from recmia.data import movie_metadata
from recmia.data.registry import find_files
from recmia.errors import SettingsError
from recmia.experiments.study import Study
from recmia.lists.serving import interactions_of
from recmia.sessions import FIRST_ITEM
from recmia.storage import content_hash, source_hash


def texts_of(study: Study, letter: str) -> list[str]:
    """A text of each item id, empty for padding, start and end: title, year and genres of movies.

    Made-up items have made-up texts, that name the shelf where they lie beside nine others.

    Raises:
        SettingsError: the data set has no texts.
        DataError: they are missing or wrong.
    """
    source, known = (
        study.settings.biased_mia.datasets[letter].source,
        interactions_of(study, letter),
    )
    if source == "synthetic":
        said = [
            f"item {n} on shelf {n // 10} of wall {n // 100}" for n in range(len(known.item_ids))
        ]
    elif source == "ml-1m":
        place = find_files(source, study.paths.data)[0]
        movies = movie_metadata.read_movies(place if place.suffix == ".zip" else place.parent)
        said = movies.texts(known.item_ids)
    else:
        raise SettingsError(f"The items of data set '{letter}' ({source}) have no texts.")
    return [""] * FIRST_ITEM + said


def text_vectors_of(study: Study, letter: str, dim: int) -> np.ndarray:
    """float32 [V, dim]."""
    return _encoded(tuple(texts_of(study, letter)), dim)


@cache
def _encoded(texts: tuple[str, ...], dim: int) -> np.ndarray:
    return text_vectors.tfidf_vectors(texts, dim=dim)


def texts_identity(study: Study, letter: str) -> str:
    """What the vectors depend on."""
    return content_hash(texts_of(study, letter), source_hash(text_vectors))
