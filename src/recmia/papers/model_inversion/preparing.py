"""The rating matrices of notebook 13 (section 4.1), made once and read by every job."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recmia.data import ratings as rating_files
from recmia.data import synthetic_ratings
from recmia.data.ratings import RatingTable
from recmia.data.registry import find_files
from recmia.errors import DataError
from recmia.experiments.stamped import stamped
from recmia.experiments.study import Study
from recmia.inversion import ratings as matrices
from recmia.inversion.ratings import HALF_STARS, VISITS, Ratings, make_ratings, split_ratings
from recmia.papers.model_inversion.settings import FILES, RatingData
from recmia.seeds import child_seed
from recmia.storage import content_hash, file_hash, read_arrays, source_hash, write_arrays

STEP = "13_model_inversion"
SENSITIVE_CATEGORY = "Medical Center"
SENSITIVE_TAG = "adultery"


@dataclass(frozen=True)
class World:
    """A data set as the attack finds it.

    Attributes:
        training: the rating matrix M.
        testing: ratings kept out of it.
        barred: int64, items of the sensitive kind, never decoys.
        sensitive: int64, those that somebody rated highest in M, most often rated so first.
    """

    training: Ratings
    testing: Ratings
    barred: np.ndarray
    sensitive: np.ndarray


def world_path(study: Study, name: str) -> Path:
    """Where a data set's matrices are kept."""
    return study.folder(STEP) / "data" / f"{name}.npz"


def world_identity(study: Study, name: str) -> str:
    """Hash of everything that a data set's matrices depend on."""
    settings = study.settings.model_inversion
    data = settings.datasets[name]
    files = [
        file_hash(path)
        for source in FILES.get(data.source, ())
        for path in find_files(source, study.paths.data)
    ]
    return content_hash(
        data.model_dump(mode="json"),
        settings.training_share,
        study.settings.root_seed,
        files,
        source_hash(rating_files, synthetic_ratings, matrices, sys.modules[__name__]),
    )


def prepare(study: Study, name: str) -> None:
    """Read a data set, cut it as the paper does, split it and save it; a finished one is kept.

    Raises:
        DataError: a file is missing or wrong, or nobody rated a sensitive item highest.
    """
    path = world_path(study, name)
    stamped(path, world_identity(study, name), lambda: _prepare(study, name, path))


def read_world(study: Study, name: str, *, zeros_observed: bool) -> World:
    """A prepared data set under one reading of what is observed."""
    arrays, data = read_arrays(world_path(study, name)), study.settings.model_inversion.datasets
    scale = VISITS if _visits(data[name]) else HALF_STARS
    shape = tuple(arrays["shape"])

    def part(which: str) -> Ratings:
        users, items, values = (arrays[f"{which} {c}"] for c in ("users", "items", "values"))
        return make_ratings(users, items, values, shape, scale, zeros_observed)

    return World(part("training"), part("testing"), arrays["barred"], arrays["sensitive"])


def _prepare(study: Study, name: str, path: Path) -> None:
    settings = study.settings.model_inversion
    data = settings.datasets[name]
    seed = child_seed(study.settings.root_seed, "model inversion", name)
    table, barred = _read(data, study.paths.data, seed)
    shape = (len(table.user_names), len(table.item_names))
    scale = VISITS if _visits(data) else HALF_STARS
    everything = make_ratings(table.users, table.items, table.values, shape, scale)
    training, testing = split_ratings(everything, settings.training_share, seed)
    highest = np.array([training.high_raters(np.array([item])).sum() for item in barred])
    sensitive = barred[np.argsort(-highest, kind="stable")][: (highest > 0).sum()]
    if not len(sensitive):
        raise DataError(
            f"{data.title}: nobody rated an item of the sensitive kind highest.",
            remedy="Use more of the data.",
        )
    arrays = {"shape": np.array(shape), "barred": barred, "sensitive": sensitive}
    for which, part in (("training", training), ("testing", testing)):
        entries = part.matrix.tocoo()
        arrays |= {
            f"{which} users": entries.row,
            f"{which} items": entries.col,
            f"{which} values": entries.data,
        }
    write_arrays(path, **arrays)


def _visits(data: RatingData) -> bool:
    return data.source == "foursquare" or (data.source == "synthetic" and data.visits)


def _read(data: RatingData, folder: Path, seed: int) -> tuple[RatingTable, np.ndarray]:
    """The table as it goes into the matrix, and its items of the sensitive kind."""
    if data.source == "foursquare":
        table, category = rating_files.read_check_ins(folder)
        table = table.active(data.least).visits()
        kinds = np.array([category[venue] for venue in table.item_names])
        return table, np.flatnonzero(kinds == SENSITIVE_CATEGORY)
    if data.source == "movielens":
        table = rating_files.read_movielens(folder).latest(data.latest).active(data.least)
        tagged = rating_files.read_tagged(folder, SENSITIVE_TAG)
        return table, np.flatnonzero(np.isin(table.item_names, tagged))
    table = synthetic_ratings.draw_ratings(data.users, data.items, visits=data.visits, seed=seed)
    return table, np.flatnonzero(table.item_names < synthetic_ratings.SENSITIVE)
