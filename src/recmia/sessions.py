"""Sessions: padded item sequences with their lengths and row ids, the study's common currency."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from recmia.errors import ArtifactError
from recmia.seeds import spread
from recmia.storage import content_hash

PADDING = 0
# Categorify keeps 1 for nulls and 2 for unknown items. The checked readers let neither through,
# so the two ids carry the proposal's start and end tokens and item ids stay continuous from 3.
START = 1
END = 2
FIRST_ITEM = 3


@dataclass(frozen=True)
class Sessions:
    """Click sessions in time order.

    Attributes:
        clicks: int64 [n, L], item ids from 3, padded on the right with 0; no start or end tokens.
        lengths: int64 [n], clicks in each session.
        row_ids: int64 [n], the session's row in the preprocessed file; replaced (augmented)
            sessions carry the row id of their original.
    """

    clicks: np.ndarray
    lengths: np.ndarray
    row_ids: np.ndarray

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows) -> Sessions:
        """Select sessions by position: a slice, a boolean mask or an index array."""
        return Sessions(self.clicks[rows], self.lengths[rows], self.row_ids[rows])

    @property
    def max_length(self) -> int:
        """L, the largest number of clicks that a session may have."""
        return self.clicks.shape[1]

    def tokens(self) -> np.ndarray:
        """int64 [n, L + 2]: start token, clicks, end token, padding (proposal, section 3)."""
        n, width = self.clicks.shape
        tokens = np.zeros((n, width + 2), dtype=np.int64)
        tokens[:, 0] = START
        tokens[:, 1:-1] = self.clicks
        tokens[np.arange(n), self.lengths + 1] = END
        return tokens

    def hashes(self) -> np.ndarray:
        """uint64 [n]: equal exactly where the click sequences are equal (64-bit, seed-free)."""
        # Polynomial hash modulo 2**64 over mixed ids; 10**7 sessions collide with p < 1e-5.
        mixed = spread(self.clicks.astype(np.uint64))
        value = np.full(len(self), 0x9E3779B97F4A7C15, dtype=np.uint64)
        for column in range(self.clicks.shape[1]):
            step = (value ^ mixed[:, column]) * np.uint64(0x100000001B3)
            step ^= step >> np.uint64(29)
            value = np.where(self.clicks[:, column] != PADDING, step, value)
        return value

    def content_hash(self) -> str:
        """SHA-256 over clicks and row ids, in order."""
        return content_hash(self.clicks, self.row_ids)


def concatenate(*parts: Sessions) -> Sessions:
    """Join sessions of equal width, in order."""
    return Sessions(
        np.concatenate([p.clicks for p in parts]),
        np.concatenate([p.lengths for p in parts]),
        np.concatenate([p.row_ids for p in parts]),
    )


def load_sessions(path: str | Path) -> Sessions:
    """Read ``sessions.parquet`` as written by :mod:`recmia.preprocess`.

    Raises:
        ArtifactError: the file is missing.
    """
    path = Path(path)
    if not path.exists():
        raise ArtifactError(f"{path} is missing. Run notebook 01_preprocess (or `recmia run`).")
    table = pq.read_table(path, columns=["row_id", "length", "item_id"])
    lengths = table["length"].to_numpy().astype(np.int64)
    flat = table["item_id"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    tokens = flat.reshape(len(lengths), -1).astype(np.int64)
    clicks = tokens[:, 1:-1].copy()
    clicks[np.arange(clicks.shape[1]) >= lengths[:, None]] = PADDING
    return Sessions(clicks, lengths, table["row_id"].to_numpy().astype(np.int64))
