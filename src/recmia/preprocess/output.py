"""The files that preprocessing leaves: sessions, items and schema."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from recmia.sessions import FIRST_ITEM, Sessions

ROW_GROUP = 1 << 17


_SCHEMA = pa.schema(
    [
        ("row_id", pa.int64()),
        ("session_id", pa.string()),
        ("start_time", pa.int64()),
        ("length", pa.int64()),
        ("item_id", pa.list_(pa.int64())),
    ]
)


class SessionWriter:
    """Writes ``sessions.parquet``: row_id, session_id, start_time, length, item_id."""

    def __init__(self, path: Path, *, timed: bool) -> None:
        """Open the file; without times ``start_time`` is null."""
        self.timed, self.rows = timed, 0
        self._writer = pq.ParquetWriter(path, _SCHEMA, compression="zstd")

    def __enter__(self) -> SessionWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()

    def write(self, sessions: pl.DataFrame, clicks: np.ndarray) -> None:
        """Write the next row group.

        Args:
            sessions: columns session_id (String), start (ms) and length.
            clicks: int32 [n, L], their item ids padded with 0.
        """
        rows = np.arange(self.rows, self.rows + len(sessions))
        lengths = sessions["length"].to_numpy()
        tokens = Sessions(clicks.astype(np.int64), lengths, rows).tokens()
        offsets = np.arange(len(rows) + 1, dtype=np.int32) * tokens.shape[1]
        lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(tokens.ravel()))
        starts = sessions["start"].to_arrow() if self.timed else pa.nulls(len(rows), pa.int64())
        names = sessions["session_id"].to_arrow().cast(pa.string())
        columns = [pa.array(rows), names, starts, pa.array(lengths), lists]
        self._writer.write_table(pa.table(columns, schema=_SCHEMA), row_group_size=ROW_GROUP)
        self.rows += len(rows)


def write_items(path: Path, catalogue: pl.DataFrame) -> None:
    """Write ``items.parquet``: item_id (int64), item (the log's own id, string), clicks (int64).

    Args:
        path: the file.
        catalogue: columns item and clicks, by falling frequency.
    """
    ids = np.arange(FIRST_ITEM, FIRST_ITEM + len(catalogue), dtype=np.int64)
    items = catalogue["item"].cast(pl.String).to_arrow().cast(pa.string())
    clicks = catalogue["clicks"].cast(pl.Int64).to_arrow()
    pq.write_table(
        pa.table({"item_id": ids, "item": items, "clicks": clicks}), path, compression="zstd"
    )


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
    metadata = TensorflowMetadata.from_merlin_schema(Schema([column]))
    for feature in metadata.proto_schema.feature:
        feature.annotation.tag.sort()  # out of a set, whose order differs from process to process
    path.write_text(metadata.to_proto_text(), encoding="utf-8")
