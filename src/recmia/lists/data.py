"""A profile's data set of interactions, read once and kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recmia.data.clicks import open_files
from recmia.data.interactions import Interactions, read_interactions
from recmia.data.synthetic_interactions import synthetic_interactions
from recmia.storage import read_arrays, write_arrays


def keep_interactions(
    path: Path, source: str, files: Sequence[Path], *, least: int, known_times: bool
) -> None:
    """Read a registered data set and write it to ``path``.

    Args:
        path: of the result.
        source: name of the data set.
        files: its files.
        least: users and items with fewer interactions are left out, in one pass.
        known_times: leave out users whose times are not known.

    Raises:
        DataError: a file is wrong.
    """
    read = read_interactions(open_files(source, files), known_times=known_times)
    _write(path, read.frequent(least) if least > 1 else read)


def keep_synthetic(
    path: Path, *, users: int, items: int, mean_length: float, least: int, seed: int
) -> None:
    """Make interactions up and write them to ``path``; see `synthetic_interactions`."""
    made = synthetic_interactions(users=users, items=items, mean_length=mean_length, seed=seed)
    _write(path, made.frequent(least) if least > 1 else made)


def _write(path: Path, interactions: Interactions) -> None:
    # Ids that are text come as objects, which only pickle could write.
    ids = {name: getattr(interactions, name) for name in ("user_ids", "item_ids")}
    ids = {
        name: found.astype(str) if found.dtype == object else found for name, found in ids.items()
    }
    write_arrays(path, users=interactions.users, items=interactions.items, **ids)


def load_kept(path: Path) -> Interactions:
    """What one of the above wrote."""
    return Interactions(**read_arrays(path))
