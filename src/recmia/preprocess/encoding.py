"""The NVTabular workflows: clicks of a shard to padded lists of continuous item ids.

The same workflows run on pandas partitions and, where cudf is installed, on the GPU.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recmia.preprocess.shards import read_shard

if TYPE_CHECKING:
    import nvtabular
    import pandas as pd


def build_workflows(
    catalogue: pa.Array, max_length: int, folder: Path
) -> tuple[nvtabular.Workflow, nvtabular.Workflow]:
    """Categorify then Groupby, and ListSlice with padding.

    They are two workflows because a node with two children is run once for each of them, and
    ``Groupby`` is what takes the time.

    Rows are chosen before the workflow, not by ``Filter`` inside it: an item that only dropped
    sessions hold would otherwise take an id, and ``Groupby`` after ``Filter`` corrupts rows. The
    ids are given to ``Categorify`` as a vocabulary, because its own order of equally frequent
    items depends on how the library sorts, which differs between CPU and GPU.

    Args:
        catalogue: items by falling frequency, [V - 3]; they get the ids 3, 4, ...
        max_length: L.
        folder: where ``Categorify`` keeps its table.
    """
    import nvtabular
    import pandas as pd
    from nvtabular import ops

    vocabulary = {"item_id": pd.Series(catalogue.to_pandas(), name="item_id")}
    ids = ["item_id"] >> ops.Categorify(vocabs=vocabulary, out_path=str(folder))
    sessions = ids + ["session", "order"] >> ops.Groupby(
        groupby_cols=["session"],
        sort_cols=["order"],
        aggs={"item_id": ["list", "count"]},
        name_sep="-",
    )
    lists = ["item_id-list"] >> ops.ListSlice(-max_length, pad=True, pad_value=0)
    padded = ["session", "item_id-count"] + lists
    return nvtabular.Workflow(sessions), nvtabular.Workflow(padded)


def partition(stem: Path, kept: np.ndarray) -> pd.DataFrame:
    """Clicks of a shard's kept sessions: columns session, order (int64) and item_id.

    Args:
        stem: path of the shard without suffix.
        kept: bool, which of its sessions to keep.
    """
    import pandas as pd

    clicks = read_shard(stem.with_suffix(".kept"))
    session = read_shard(stem.with_suffix(".sessions"))["session"].to_numpy()
    place = clicks["place"].to_numpy()
    chosen = kept[place]
    items = clicks["item"].filter(pa.array(chosen)).to_pandas().to_numpy()
    order = np.flatnonzero(chosen)
    return pd.DataFrame({"session": session[place[chosen]], "order": order, "item_id": items})


def encode(
    workflows: tuple[nvtabular.Workflow, ...],
    stems: list[Path],
    kept: list[np.ndarray],
    *,
    gpu: bool,
) -> list:
    """Delayed tasks, one a shard, that run the workflows and write ``<stem>.encoded``.

    Args:
        workflows: see :func:`build_workflows`.
        stems: shards, each of which holds at least one kept session.
        kept: bool for each of them, see :func:`partition`.
        gpu: run on cudf partitions.
    """
    import dask
    import dask.dataframe as dd
    from merlin.io import Dataset

    one_session = np.zeros_like(kept[0])
    one_session[np.flatnonzero(kept[0])[:1]] = True
    sample = partition(stems[0], one_session)
    # Fitting only learns types here, the vocabulary being given, yet it would run every step on
    # the first partition: one session does.
    fitting = Dataset(sample, cpu=not gpu)
    dataset = Dataset(dd.from_map(partition, stems, kept, meta=sample.iloc[:0]), cpu=not gpu)
    for workflow in workflows:
        fitting = workflow.fit(fitting).transform(fitting)
        dataset = workflow.transform(dataset)
    encoded = dataset.to_ddf()
    # One partition a shard, for Groupby sees one partition at a time.
    if encoded.npartitions != len(stems):
        raise AssertionError(f"{encoded.npartitions} partitions of {len(stems)} shards")
    parts = encoded.to_delayed()
    return [dask.delayed(_write)(part, stem) for part, stem in zip(parts, stems, strict=True)]


def _write(encoded, stem: Path) -> int:
    """Write a partition's sessions and id lists; return the number of sessions."""
    lists = encoded["item_id-list"]
    if hasattr(lists, "list"):  # cudf
        flat = lists.list.leaves.values.get()
        encoded = encoded[["session", "item_id-count"]].to_pandas()
    else:
        flat = np.array(lists.tolist(), dtype=np.int32).ravel()
    width = len(flat) // max(len(encoded), 1)
    arrays = [
        pa.array(encoded["session"].to_numpy()),
        pa.array(encoded["item_id-count"].to_numpy()),
        pa.FixedSizeListArray.from_arrays(pa.array(flat.astype(np.int32)), width),
    ]
    table = pa.Table.from_arrays(arrays, names=["session", "length", "clicks"])
    pq.write_table(table, stem.with_suffix(".encoded"))
    return len(table)
