"""The content-based recommender with the metadata of MovieLens-1M (CCS 2021, section 3.5)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recmia.data.interactions import load_saved
from recmia.data.movie_metadata import read_demographics, read_movies
from recmia.recommenders.content import ContentBased, UserFeatures
from recmia.sessions import FIRST_ITEM


def movie_recommender(*, interactions: Path, metadata: Path) -> ContentBased:
    """The recommender, untrained.

    Args:
        interactions: the kept data set, which knows the ids of movies and users.
        metadata: the archive, or the folder with ``movies.dat`` and ``users.dat``.

    Raises:
        DataError: the metadata is missing or wrong.
    """
    known = load_saved(interactions)
    # Padding, start and end are no movies.
    movies = np.concatenate([np.full(FIRST_ITEM, -1), known.item_ids])
    return ContentBased(
        item_features=read_movies(metadata).features(movies),
        user_features=UserFeatures(
            np.arange(known.n_users), read_demographics(metadata).features(known.user_ids)
        ),
    )
