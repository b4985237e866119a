"""Vectors of items from their texts, for data sets that have texts (section 6.2)."""

from __future__ import annotations

from pathlib import Path

from recmia.attacks.text_vectors import tfidf_vectors
from recmia.data.interactions import Interactions, load_saved
from recmia.data.movie_metadata import read_movies
from recmia.data.registry import find_files
from recmia.errors import SettingsError
from recmia.experiments.kept import Kept
from recmia.lists.world import ListWorld
from recmia.papers.dl_mia.language_model import MINILM, minilm_vectors, model_folder
from recmia.sessions import FIRST_ITEM
from recmia.storage import write_arrays


def text_vectors(world: ListWorld, name: str, dim: int) -> Kept:
    """ "vectors" float32 [V, dim] of a data set's items, by the study's ``text_model``.

    Raises:
        SettingsError: the data set has no texts.
        DataError: they are missing, or the language model is.
    """
    source, metadata = world.settings.datasets[name].source, None
    if source == "ml-1m":
        place = find_files(source, world.study.paths.data)[0]
        metadata = place if place.suffix == ".zip" else place.parent
    elif source != "synthetic":
        raise SettingsError(f"The items of data set '{name}' ({source}) have no texts.")
    path = world.folder / "vectors" / f"{name}-texts-{dim}.npz"
    model = model_folder() if world.study.settings.dl_mia.text_model == MINILM else None
    return Kept(path, keep_text_vectors, world.data(name), metadata, model, dim=dim)


def keep_text_vectors(
    path: Path, interactions: Path, metadata: Path | None, model: Path | None, *, dim: int
) -> None:
    """Write "vectors"; padding, start and end have no text.

    Args:
        path: of the result.
        interactions: kept data set.
        metadata: of its movies, see `item_texts`.
        model: folder of the language model; without one TF-IDF.
        dim: length of the vectors.
    """
    texts = [""] * FIRST_ITEM + item_texts(load_saved(interactions), metadata)
    if model is None:
        vectors = tfidf_vectors(texts, dim=dim)
    else:
        vectors = minilm_vectors(texts, model, dim=dim)
    write_arrays(path, vectors=vectors)


def item_texts(known: Interactions, metadata: Path | None) -> list[str]:
    """Title, year and genres of each movie; made-up items have made-up texts.

    These name the shelf where an item lies beside nine others.

    Raises:
        DataError: the metadata is wrong.
    """
    if metadata is not None:
        return read_movies(metadata).texts(known.item_ids)
    numbers = range(len(known.item_ids))
    return [f"item {n} on shelf {n // 10} of wall {n // 100}" for n in numbers]
