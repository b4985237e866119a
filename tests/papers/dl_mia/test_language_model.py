"""Item texts pass through the language model where it is asked for, and through nothing else."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from recmia.attacks.text_vectors import language_model_vectors
from recmia.errors import DataError
from recmia.experiments.kept import Kept
from recmia.lists.settings import DataSet
from recmia.papers.dl_mia import language_model
from recmia.papers.dl_mia.language_model import PACKAGE, minilm_vectors, model_folder
from recmia.papers.dl_mia.paper import source_files
from recmia.papers.dl_mia.texts import text_vectors
from recmia.run.settings import load_settings
from recmia.sessions import FIRST_ITEM
from recmia.storage import read_arrays

TEXTS = [
    "",
    "Toy Story (1995): Animation, Children's, Comedy",
    "Toy Story 2 (1999): Animation, Children's, Comedy",
    "Psycho (1960): Horror, Thriller",
    "Silence of the Lambs, The (1991): Drama, Thriller",
]
installed = pytest.mark.skipif(
    find_spec(PACKAGE) is None, reason="the language model of requirements-text.lock is missing"
)


def cosines(vectors: np.ndarray) -> np.ndarray:
    scaled = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled @ scaled.T


@installed
def test_what_is_alike_is_near() -> None:
    vectors = minilm_vectors(TEXTS, model_folder(), dim=100)
    assert vectors.dtype == np.float32 and vectors.shape == (5, 100)
    assert not vectors[0].any() and not vectors[:, 4:].any()  # four texts have four directions
    near = cosines(vectors[1:])
    assert near[0, 1] > near[0, 2] + 0.2 and near[2, 3] > near[2, 0] + 0.05
    assert np.array_equal(vectors, minilm_vectors(TEXTS, model_folder(), dim=100))
    # All directions keep the angles of [CLS], which are not those of shared words.
    whole = language_model_vectors(TEXTS[1:], model_folder())
    assert whole.shape == (4, 384)
    np.testing.assert_allclose(near, cosines(whole), atol=1e-4)
    # "killer" is a word of none of them.
    asked = language_model_vectors([*TEXTS[1:], "a film about a serial killer"], model_folder())
    kin = cosines(asked)[-1]
    assert min(kin[2:4]) > max(kin[:2])


@installed
def test_fewer_directions_keep_what_is_common() -> None:
    texts = [f"{text} {n}" for text in TEXTS[1:] for n in range(5)]
    vectors = minilm_vectors(texts, model_folder(), dim=4)
    assert vectors.shape == (20, 4) and vectors.any(axis=0).all()
    near = cosines(vectors)
    kind = np.repeat(np.arange(4), 5)
    assert near[kind[:, None] == kind].mean() > near[kind[:, None] != kind].mean()


@installed
def test_other_weights_are_refused(tmp_path: Path) -> None:
    for file in model_folder().iterdir():
        if file.is_file():
            (tmp_path / file.name).symlink_to(file)
    weights = tmp_path / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.unlink()
    weights.write_bytes(content)
    with pytest.raises(DataError, match="not the weights of all-MiniLM"):
        minilm_vectors(TEXTS, tmp_path, dim=4)


def test_items_without_texts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No item has a text"):
        minilm_vectors(["", " "], tmp_path, dim=4)


def world_of(text_model: str, folder: Path) -> SimpleNamespace:
    """What `text_vectors` asks of a world, of four made-up items."""
    made = DataSet(source="synthetic", title="made up")
    study = SimpleNamespace(settings=load_settings("tiny", {"dl_mia.text_model": text_model}))
    return SimpleNamespace(
        settings=SimpleNamespace(datasets={"D": made}),
        study=study,
        folder=folder,
        data=lambda name: Kept(folder / "data.npz", keep_items),
    )


def keep_items(path: Path) -> None:
    path.write_bytes(b"")


@pytest.fixture
def four_items(monkeypatch: pytest.MonkeyPatch) -> None:
    known = SimpleNamespace(item_ids=np.arange(4))
    monkeypatch.setattr("recmia.papers.dl_mia.texts.load_saved", lambda path: known)


def test_shared_words_where_no_model_is_asked_for(
    four_items, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language_model, "find_spec", lambda name: pytest.fail("asked for"))
    made = text_vectors(world_of("tf-idf", tmp_path), "D", 6)
    vectors = read_arrays(made.ensure())["vectors"]
    assert vectors.shape == (FIRST_ITEM + 4, 6)
    assert not vectors[:FIRST_ITEM].any() and vectors[FIRST_ITEM:].any(axis=1).all()


@installed
def test_the_study_reads_its_texts_with_the_model(four_items, tmp_path: Path) -> None:
    by_words = text_vectors(world_of("tf-idf", tmp_path / "words"), "D", 6)
    made = text_vectors(world_of("minilm", tmp_path), "D", 6)
    assert made.identity != by_words.identity
    vectors = read_arrays(made.ensure())["vectors"]
    assert not vectors[:FIRST_ITEM].any()
    texts = [f"item {n} on shelf 0 of wall 0" for n in range(4)]
    whole = language_model_vectors(texts, model_folder())
    np.testing.assert_allclose(cosines(vectors[FIRST_ITEM:]), cosines(whole), atol=1e-4)


def test_a_missing_model_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is made, and never TF-IDF in its place."""
    monkeypatch.setattr(language_model, "find_spec", lambda name: None)
    wanted = r"language model.*not installed.*requirements-text\.lock"
    with pytest.raises(DataError, match=wanted):
        text_vectors(world_of("minilm", tmp_path), "D", 6)
    settings = load_settings("tiny", {"dl_mia.text_model": "minilm"})
    with pytest.raises(DataError, match=wanted):
        source_files(settings, SimpleNamespace(data=tmp_path))
    assert source_files(load_settings("tiny"), SimpleNamespace(data=tmp_path)) == []
    assert list(tmp_path.iterdir()) == []
