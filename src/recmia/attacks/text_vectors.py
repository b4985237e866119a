"""Item vectors from item texts: the other generator of difference vectors ("BERT", section 6.2)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from recmia.device import resolve_device
from recmia.errors import DataError
from recmia.seeds import child_seed

WEIGHTS = "model.safetensors"
TOKENIZER_FILES = ("tokenizer.json", "vocab.txt", "spiece.model", "sentencepiece.bpe.model")


def tfidf_vectors(texts: Sequence[str], *, dim: int = 100, seed: int = 0) -> np.ndarray:
    """TF-IDF of the texts on its leading directions: no language model, only shared words.

    An offline stand-in for `language_model_vectors`, and called so wherever it is shown: two texts
    are near each other where they share rare words, whatever these mean.

    Args:
        texts: of each item, V of them; an empty one gives zeros.
        dim: length l of the vectors; those beyond the rank of the texts are zero.
        seed: root seed of the randomised decomposition.

    Returns:
        float32 [V, dim], rows of length at most 1.

    Raises:
        DataError: no text holds a word.
    """
    if not any(text.strip() for text in texts):
        raise DataError("No item has a text.", column="texts")
    try:
        weights = TfidfVectorizer().fit_transform(texts)
    except ValueError as error:  # the vocabulary is empty
        raise DataError(
            f"No text holds a word of two letters or digits ({error}).", column="texts"
        ) from error
    kept = min(dim, min(weights.shape) - 1)
    vectors = np.zeros((len(texts), dim), dtype=np.float32)
    if kept < 1:
        vectors[:, 0] = weights.toarray()[:, 0]
        return vectors
    draw = child_seed(seed, "text_vectors") % 2**32
    with threadpool_limits(1):
        vectors[:, :kept] = TruncatedSVD(kept, random_state=draw).fit_transform(weights)
    return vectors


def language_model_vectors(
    texts: Sequence[str],
    folder: str | Path,
    *,
    batch_size: int = 64,
    max_length: int = 128,
    device: str | torch.device = "cpu",
) -> np.ndarray:
    """The [CLS] vector of each text by a language model from a local folder.

    The paper takes the smallest BERT. Nothing is downloaded, and weights are read from
    safetensors only, never from a pickle.

    Args:
        texts: of each item, V of them; an empty one gives zeros.
        folder: a model as `save_pretrained` writes it: config.json, model.safetensors and the
            tokenizer's files.
        batch_size: texts a pass.
        max_length: tokens of a text that are looked at.
        device: "cpu", "cuda" or "auto".

    Returns:
        float32 [V, hidden size of the model].

    Raises:
        DataError: the folder or a file of it is not there.
    """
    folder = Path(folder)
    _check_model_folder(folder)
    from transformers import AutoModel, AutoTokenizer

    device = resolve_device(device)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModel.from_pretrained(folder, local_files_only=True).to(device).eval()
    vectors = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    rows = np.array([row for row, text in enumerate(texts) if text.strip()], dtype=np.int64)
    for start in range(0, len(rows), batch_size):
        chosen = rows[start : start + batch_size]
        tokens = tokenizer(
            [texts[row] for row in chosen],
            padding=True,
            truncation=True,
            max_length=max_length,
            return_tensors="pt",
        ).to(device)
        with torch.no_grad():
            vectors[chosen] = model(**tokens).last_hidden_state[:, 0].float().cpu().numpy()
    return vectors


def _check_model_folder(folder: Path) -> None:
    remedy = (
        "save a model there with transformers: model.save_pretrained(folder, "
        "safe_serialization=True) and tokenizer.save_pretrained(folder)"
    )
    if not folder.is_dir():
        raise DataError("there is no such folder of a language model.", file=folder, remedy=remedy)
    for name in ("config.json", WEIGHTS):
        if not (folder / name).is_file():
            raise DataError(f"the language model has no {name}.", file=folder, remedy=remedy)
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise DataError("the language model has no tokenizer.", file=folder, remedy=remedy)
