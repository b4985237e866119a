"""Vectors of texts: shared words bring items together, and no model is loaded but a local one."""

import numpy as np
import pytest
import torch

from recmia.attacks.text_vectors import language_model_vectors, tfidf_vectors
from recmia.data.movie_metadata import read_movies
from recmia.errors import DataError

TEXTS = [
    "",
    "Heat (1995): Crime, Thriller",
    "Heat (1986): Crime, Thriller",
    "Toy Story (1995): Animation, Comedy",
    "Toy Story 2 (1999): Animation, Comedy",
]


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_shared_words_bring_texts_together():
    vectors = tfidf_vectors(TEXTS, dim=4)
    assert vectors.dtype == np.float32 and vectors.shape == (5, 4)
    assert not vectors[0].any()
    assert cosine(vectors[1], vectors[2]) > 0.6 and cosine(vectors[3], vectors[4]) > 0.6
    assert abs(cosine(vectors[1], vectors[4])) < 0.2
    assert np.array_equal(vectors, tfidf_vectors(TEXTS, dim=4))


def test_all_directions_keep_the_cosines_of_tf_idf():
    """Two of four texts hold a word that both have, weight 1 + ln(5/3), and one of their own,
    1 + ln(5/2) (scikit-learn's smooth inverse document frequency)."""
    vectors = tfidf_vectors(["red car", "red boat", "", ""], dim=10)
    rare = (1 + np.log(5 / 2)) / (1 + np.log(5 / 3))
    assert cosine(vectors[0], vectors[1]) == pytest.approx(1 / (1 + rare**2), rel=1e-5)
    assert not vectors[:, 3:].any()  # directions beyond the rank


def test_texts_without_words_are_refused():
    with pytest.raises(DataError, match="No item has a text"):
        tfidf_vectors(["", " "])
    with pytest.raises(DataError, match="two letters"):
        tfidf_vectors(["a", "!"])


@pytest.fixture
def folder(tmp_path):
    """A BERT of random weights and fourteen words, saved as a trained one is."""
    from transformers import BertConfig, BertModel, BertTokenizer

    words = "[PAD] [UNK] [CLS] [SEP] [MASK] heat toy story crime thriller animation comedy ( )"
    (tmp_path / "vocab.txt").write_text(words.replace(" ", "\n"))
    BertTokenizer(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertModel(
            BertConfig(
                vocab_size=14, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
                intermediate_size=16, max_position_embeddings=32, initializer_range=1.0,
            )
        )  # fmt: skip
    model.save_pretrained(tmp_path, safe_serialization=True)
    return tmp_path


def test_vectors_of_a_language_model_are_its_first_token(folder):
    from transformers import BertModel

    vectors = language_model_vectors(TEXTS, folder, batch_size=2, max_length=32)
    assert vectors.dtype == np.float32 and vectors.shape == (5, 8) and not vectors[0].any()
    # [CLS] heat ( [UNK] ) [UNK] crime [UNK] thriller [SEP], by hand.
    ids = torch.tensor([[2, 5, 12, 1, 13, 1, 8, 1, 9, 3]])
    model = BertModel.from_pretrained(folder).eval()
    with torch.no_grad():
        first = model(ids).last_hidden_state[0, 0].numpy()
    # Padding in a batch changes nothing beyond rounding; years are not in the vocabulary.
    np.testing.assert_allclose(vectors[1], first, atol=1e-5)
    np.testing.assert_allclose(vectors[2], first, atol=1e-5)
    assert np.abs(vectors[3] - first).max() > 1e-3


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "vocab.txt"])
def test_an_unfinished_model_is_refused(folder, missing):
    (folder / missing).unlink()
    (folder / "pytorch_model.bin").write_bytes(b"a pickle that nobody may open")
    with pytest.raises(DataError, match=r"tokenizer" if missing == "vocab.txt" else missing):
        language_model_vectors(TEXTS, folder)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.*save_pretrained"):
        language_model_vectors(TEXTS, tmp_path / "nowhere")


def test_texts_of_movies(tmp_path):
    (tmp_path / "movies.dat").write_text("6::Heat (1995)::Crime|Thriller\n", encoding="latin-1")
    texts = read_movies(tmp_path).texts(np.array([6, 7]))
    assert texts == ["Heat (1995): Crime, Thriller", ""]
