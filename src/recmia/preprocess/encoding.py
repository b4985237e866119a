"""The NVTabular workflows: sessions' items to padded lists of continuous item ids.

The same workflows run on pandas and, where cudf is installed, on the GPU.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import nvtabular
import pandas as pd
import polars as pl
from merlin.io import Dataset
from nvtabular import ops


class Groupby(ops.Groupby):
    """NVTabular's ``Groupby``, for rows that are sorted by the one column they are grouped by.

    Its pandas path calls Python once a group: ten of the twelve microseconds that a session takes.
    """

    def transform(self, col_selector, df):
        """Lists of one column's values, a row a group; other frames than pandas' as they were."""
        if not isinstance(df, pd.DataFrame):
            return super().transform(col_selector, df)
        (key,), ((column, _),) = self.groupby_cols, self.list_aggs.items()
        groups, values = df[key].to_numpy(), df[column].tolist()
        starts = np.flatnonzero(np.diff(groups, prepend=-1))
        ends = [*starts[1:].tolist(), len(values)]
        lists = [values[a:b] for a, b in zip(starts.tolist(), ends, strict=True)]
        return pd.DataFrame({key: groups[starts], f"{column}{self.name_sep}list": lists})


class Encoder:
    """Items of sessions to padded rows of item ids."""

    def __init__(self, catalogue: pl.Series, max_length: int, folder: Path, *, gpu: bool) -> None:
        """Build and fit Categorify then Groupby, and ListSlice with padding.

        They are two workflows because a node with two children is run once for each of them.

        Rows are chosen before the workflow, not by ``Filter`` inside it: an item that only dropped
        sessions hold would otherwise take an id. The ids are given to ``Categorify`` as a
        vocabulary, because its own order of equally frequent items depends on how the library
        sorts, which differs between CPU and GPU.

        Args:
            catalogue: items by falling frequency, [V - 3]; they get the ids 3, 4, ...
            max_length: L.
            folder: where ``Categorify`` keeps its table.
            gpu: run on cudf.
        """
        vocabulary = {"item_id": pd.Series(catalogue.to_numpy(), name="item_id")}
        ids = ["item_id"] >> ops.Categorify(vocabs=vocabulary, out_path=str(folder))
        sessions = ids + ["session", "order"] >> Groupby(
            groupby_cols=["session"], sort_cols=["order"], aggs={"item_id": "list"}, name_sep="-"
        )
        lists = ["item_id-list"] >> ops.ListSlice(-max_length, pad=True, pad_value=0)
        self.workflows = (nvtabular.Workflow(sessions), nvtabular.Workflow(["session"] + lists))
        self.max_length, self.gpu = max_length, gpu
        # Fitting only learns types here, the vocabulary being given: one click does.
        sample = Dataset(_frame(catalogue[:1], np.ones(1, dtype=np.int64)), cpu=not gpu)
        for workflow in self.workflows:
            sample = workflow.fit(sample).transform(sample)

    def __call__(self, sessions: pl.DataFrame) -> np.ndarray:
        """int32 [n, L]: the ids of sessions' items, padded with 0.

        Args:
            sessions: columns ``items``, a list of at most L of the catalogue, and ``length``.

        Raises:
            AssertionError: the workflow returned sessions of another length.
        """
        lengths = sessions["length"].to_numpy()
        frame = _frame(sessions["items"].explode(), lengths)
        if self.gpu:
            import cudf

            frame = cudf.from_pandas(frame)
        with _uncollected():
            for workflow in self.workflows:
                frame = workflow.transform(frame)
            clicks = _rows(frame, self.max_length)
        if ((clicks > 0).sum(axis=1) != lengths).any():
            raise AssertionError("the workflow returned sessions of another length")
        return clicks


def _frame(items: pl.Series, lengths: np.ndarray) -> pd.DataFrame:
    """Clicks in order, with the place of their session."""
    session, order = np.repeat(np.arange(len(lengths)), lengths), np.arange(len(items))
    return pd.DataFrame({"session": session, "order": order, "item_id": items.to_numpy()})


def _rows(frame, max_length: int) -> np.ndarray:
    if isinstance(frame, pd.DataFrame):
        flat = np.array(frame["item_id-list"].tolist(), dtype=np.int32)
    else:  # cudf groups in no order
        flat = frame.sort_values("session")["item_id-list"].list.leaves.values.get()
    return flat.astype(np.int32).reshape(-1, max_length)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the cyclic garbage collector, which would go through millions of lists of ids."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
