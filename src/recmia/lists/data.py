"""A profile's data set of interactions, read once and kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recmia.data.clicks import open_files
from recmia.data.interaction_logs import read_interactions
from recmia.data.interactions import save_interactions
from recmia.data.layouts import Layout
from recmia.data.synthetic_interactions import synthetic_interactions


def keep_interactions(
    path: Path, layout: Layout, files: Sequence[Path], *, least: int, known_times: bool
) -> None:
    """Read a registered data set and write it to ``path``.

    Args:
        path: of the result.
        layout: of the data set.
        files: its files.
        least: users and items with fewer interactions are left out, in one pass.
        known_times: leave out users whose times are not known.

    Raises:
        DataError: a file is wrong.
    """
    read = read_interactions(open_files(layout, files), known_times=known_times)
    save_interactions(read.frequent(least) if least > 1 else read, path)


def keep_synthetic(
    path: Path, *, users: int, items: int, mean_length: float, least: int, seed: int
) -> None:
    """Make interactions up and write them to ``path``; see `synthetic_interactions`."""
    made = synthetic_interactions(users=users, items=items, mean_length=mean_length, seed=seed)
    save_interactions(made.frequent(least) if least > 1 else made, path)
