"""The files that preprocessing leaves: sessions, items and schema."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from recmia.sessions import FIRST_ITEM, Sessions

ROW_GROUP = 1 << 17


def write_sessions(
    path: Path,
    clicks: np.ndarray,
    sessions: pa.Table,
    advance: Callable[[int], object],
) -> None:
    """Write ``sessions.parquet``: row_id, session_id, start_time, length, item_id.

    Args:
        path: the file.
        clicks: int32 [n, L], item ids padded with 0, by row id.
        sessions: columns session_id (string), start (int64 ms, null where unknown) and length
            (int64), by row id.
        advance: called with the number of sessions written.
    """
    schema = pa.schema(
        [
            ("row_id", pa.int64()),
            ("session_id", pa.string()),
            ("start_time", pa.int64()),
            ("length", pa.int64()),
            ("item_id", pa.list_(pa.int64())),
        ]
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, len(clicks), ROW_GROUP):
            part = sessions.slice(start, ROW_GROUP)
            rows = np.arange(start, start + len(part))
            lengths = part["length"].to_numpy()
            tokens = Sessions(clicks[rows].astype(np.int64), lengths, rows).tokens()
            offsets = np.arange(len(part) + 1, dtype=np.int32) * tokens.shape[1]
            lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(tokens.ravel()))
            columns = [pa.array(rows), part["session_id"], part["start"], part["length"], lists]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=ROW_GROUP)
            advance(len(part))


def write_items(path: Path, catalogue: pa.Table) -> None:
    """Write ``items.parquet``: item_id (int64), item (the log's own id, string), clicks (int64).

    Args:
        path: the file.
        catalogue: columns item and clicks, by falling frequency.
    """
    ids = np.arange(FIRST_ITEM, FIRST_ITEM + len(catalogue), dtype=np.int64)
    items = pc.cast(catalogue["item"], pa.string())
    table = pa.table({"item_id": ids, "item": items, "clicks": catalogue["clicks"]})
    pq.write_table(table, path, compression="zstd")


def write_schema(path: Path, vocabulary_size: int, width: int) -> None:
    """Write a Merlin schema of ``sessions.parquet``'s item lists, for Transformers4Rec.

    Args:
        path: the file, in protobuf text format.
        vocabulary_size: V, the item ids being 0 to V - 1.
        width: tokens in each list.
    """
    from merlin.schema import ColumnSchema, Schema, Tags
    from merlin.schema.io.tensorflow_metadata import TensorflowMetadata

    column = ColumnSchema(
        "item_id",
        dtype=np.int64,
        dims=(None, width),
        tags=[Tags.CATEGORICAL, Tags.ITEM, Tags.ITEM_ID, Tags.LIST],
        properties={"domain": {"name": "item_id", "min": 0, "max": vocabulary_size - 1}},
    )
    text = TensorflowMetadata.from_merlin_schema(Schema([column])).to_proto_text()
    path.write_text(text, encoding="utf-8")
