"""Made-up sessions as notebook 01 writes them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recmia.sessions import END, START


def write_sessions(path: Path, clicks: np.ndarray, lengths: np.ndarray) -> Path:
    """A ``sessions.parquet``: of each row of ``clicks`` [n, longest] the first ``lengths`` [n]."""
    sessions, longest = clicks.shape
    tokens = np.zeros((sessions, longest + 2), dtype=np.int64)
    tokens[:, 0] = START
    tokens[:, 1:-1] = np.where(np.arange(longest) < lengths[:, None], clicks, 0)
    tokens[np.arange(sessions), lengths + 1] = END
    table = {"row_id": np.arange(sessions), "length": lengths, "item_id": list(tokens)}
    pq.write_table(pa.table(table), path)
    return path
