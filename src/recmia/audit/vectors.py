"""The adversary's item vectors: one space for both sides of an audit, given or factorised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits

from recmia.attacks.item_vectors import factorise
from recmia.audit.tables import AuditTable, find, read_table
from recmia.data.kinds import Number
from recmia.errors import DataError, SettingsError
from recmia.sessions import FIRST_ITEM

FILE = "item_vectors.csv"
# Columns of row numbers, as pandas, Spark and R name them.
_INDEX = re.compile(r"|index|level_\d+|Unnamed: ?\d+(\.\d+)?|__index_level_\d+__|rownames")
# A column that spreads so many times as far as the middle one decides all distances by itself; one
# of whole numbers among decimals (a count, a price, a year) sooner.
_FAR, _COUNTS = 100, 10
PAPER_DIM = 100  # l of Zhang et al. (CCS 2021), section 3.2


@dataclass(frozen=True)
class ItemSpace:
    """Items in one latent space.

    Attributes:
        items: strings [V], sorted by their bytes.
        vectors: float32 [V, l], a row an item.
        source: where they come from, in words.
        files: the files they come from.
        users: strings, whose interactions were factorised; None for vectors that were given.
    """

    items: pa.Array
    vectors: np.ndarray
    source: str
    files: tuple[Path, ...]
    users: pa.Array | None = None


def read_item_space(
    shadow: Path, target: Path, vectors_from: Path | None, *, dim: int | None, seed: int
) -> ItemSpace:
    """The item vectors of an audit.

    A difference vector learned on the shadow side means something on the target's only in the
    same space. So there is one table of vectors: the union of the two ``item_vectors.csv``, which
    must agree on every item that both hold; the one that is there, for both sides; or the
    factorisation of a third set of interactions (Zhang et al., CCS 2021, section 2.5).

    Args:
        shadow: folder of the shadow side.
        target: folder of the target side.
        vectors_from: interactions to factorise; None where vectors are given.
        dim: length l of the vectors: of factorised ones 100 unless told; given ones must have it.
        seed: root of the factorisation.

    Raises:
        DataError: vectors are missing, contradict each other or have another length.
        SettingsError: vectors are given and to be factorised as well.
    """
    given = [path for side in (shadow, target) if (path := find(side, FILE)).exists()]
    if vectors_from is not None:
        if given:
            raise SettingsError(
                f"{given[0]} gives item vectors and --vectors-from asks for others. Remedy: leave "
                "out the option, or take the file away (from both folders)."
            )
        return _factorised(vectors_from, dim or PAPER_DIM, seed)
    if not given:
        raise DataError(
            "there are no item vectors.", file=shadow / FILE,
            remedy="write one into either folder (item_id, then a column a dimension), or name "
            "interactions to factorise with --vectors-from FILE (user_id,item_id), best of users "
            "that are in neither folder.",
        )  # fmt: skip
    return _given(given, dim)


def sorted_ids(*names: pa.Array) -> pa.Array:
    """Distinct ids of all arrays, sorted by their bytes: the same whatever order they came in."""
    distinct = pc.unique(pa.concat_arrays(names))
    return distinct.take(pc.array_sort_indices(distinct))


def places(names: pa.Array, among: pa.Array) -> np.ndarray:
    """int64 [n]: place of each name among others, -1 where it is not there."""
    found = pc.fill_null(pc.index_in(names, value_set=among), -1)
    return found.to_numpy(zero_copy_only=False).astype(np.int64)


def _given(paths: list[Path], dim: int | None) -> ItemSpace:
    tables = [_read_vectors(path) for path in paths]
    for file, vectors in tables:
        for wanted, origin in ((dim, "--dim"), (tables[0][1].shape[1], str(paths[0]))):
            if wanted not in (None, vectors.shape[1]):
                raise DataError(
                    f"the vectors have {vectors.shape[1]} dimensions, {wanted} by {origin}.",
                    file=file.path, line=1,
                    remedy="give both sides vectors of one space, made together.",
                )  # fmt: skip
    items = sorted_ids(*(file.ids["item_id"].names for file, _ in tables))
    joined = np.zeros((len(items), tables[0][1].shape[1]), dtype=np.float32)
    filled = np.zeros(len(items), dtype=bool)
    for file, vectors in tables:
        ids = file.ids["item_id"]
        place = places(ids.names, items)[ids.codes]
        # Text rounds; beyond that, the same item in two places is two spaces.
        same = np.isclose(joined[place], vectors, rtol=1e-3, atol=1e-5).all(axis=1)
        wrong = np.flatnonzero(filled[place] & ~same)
        if len(wrong):
            name = ids.names[int(ids.codes[wrong[0]])].as_py()
            raise file.error(
                wrong[0], "item_id", f"item '{name}' has another vector than in {paths[0]}.",
                "make the vectors of both sides together, so that an item has one place, or keep "
                f"{FILE} in one folder only: it then serves both.",
            )  # fmt: skip
        joined[place], filled[place] = vectors, True
    _check_spread(joined, paths[0])
    source = f"{FILE} of {'both sides' if len(paths) == 2 else 'one side, used for both'}"
    return ItemSpace(items, joined, source, tuple(paths))


def _read_vectors(path: Path) -> tuple[AuditTable, np.ndarray]:
    file = read_table(path, ["item_id"], others=Number(pl.Float32))
    if not file.numbers:
        raise DataError(
            "there is no column beside item_id.", file=path, line=1,
            remedy="write one column a dimension after item_id.",
        )  # fmt: skip
    ids = file.ids["item_id"]
    if len(ids.names) < len(ids.codes):
        _, first = np.unique(ids.codes, return_index=True)
        row = np.setdiff1d(np.arange(len(ids.codes)), first)[0]
        name = ids.names[int(ids.codes[row])].as_py()
        raise file.error(row, "item_id", f"item '{name}' is there twice.", "keep one of its rows.")
    vectors = np.column_stack(list(file.numbers.values()))
    _check_dimensions(path, list(file.numbers), vectors)
    return file, vectors


def _check_dimensions(path: Path, names: list[str], vectors: np.ndarray) -> None:
    """Refuse a column that is an index, or whose numbers leave nothing for the others to say."""
    spread = vectors.std(axis=0, dtype=np.float64)
    middle = float(np.median(spread[spread > 0])) if (spread > 0).any() else 0.0
    whole = (vectors == np.rint(vectors)).all(axis=0)
    for place, name in enumerate(names):
        factor = _COUNTS if whole[place] and not whole.all() else _FAR
        if whole[place] and (_INDEX.fullmatch(name) or _counts_rows(vectors[:, place])):
            problem = "whole numbers that count the rows: an index, no dimension."
        elif len(names) > 2 and len(vectors) >= 10 and spread[place] > middle * factor:
            times = spread[place] / middle
            problem = f"it spreads {times:,.0f} times as far as the middle column: no dimension."
        else:
            continue
        raise DataError(
            problem, file=path, line=1, column=name,
            remedy="take the column out (in pandas: to_csv(index=False)), or, where it is a "
            "dimension, bring all of them to one scale.",
        )  # fmt: skip


def _counts_rows(column: np.ndarray) -> bool:
    """0, 1, 2 and so on in any order, or rising as they do where rows were dropped."""
    steps, n = np.diff(column), len(column)
    run = n >= 4 and np.array_equal(np.sort(column), column.min() + np.arange(n))
    return run or (n >= 10 and bool((steps > 0).all() or (steps < 0).all()))


def _check_spread(vectors: np.ndarray, path: Path) -> None:
    """Refuse vectors of which more than half are one and the same: nothing can be told by them."""
    distinct, counts = np.unique(
        np.round(vectors / max(float(np.abs(vectors).max()), 1e-30), 6), axis=0, return_counts=True
    )
    most = int(counts.max())
    if len(vectors) > 1 and 2 * most > len(vectors):
        zeros = "" if distinct[counts.argmax()].any() else ", all zeros"
        raise DataError(
            f"{most:,} of {len(vectors):,} items have the same vector{zeros}"
            ", so an attack cannot tell anything by them.",
            file=path,
            remedy="export the vectors again, after training and with their decimals; leave out "
            "items that have none.",
        )


def _factorised(path: Path, dim: int, seed: int) -> ItemSpace:
    file = read_table(path, ["user_id", "item_id"], checked=True)
    users, items = (file.ids[name] for name in ("user_id", "item_id"))
    all_users, all_items = sorted_ids(users.names), sorted_ids(items.names)
    user = places(users.names, all_users)[users.codes]
    item = places(items.names, all_items)[items.codes]
    # Distinct and sorted: the order of the file must not show in the vectors.
    pairs = np.unique(user * len(all_items) + item)
    user, item = np.divmod(pairs, len(all_items))
    lengths = np.bincount(user, minlength=len(all_users))
    histories = np.zeros((len(all_users), lengths.max()), dtype=np.int64)
    histories[np.arange(histories.shape[1]) < lengths[:, None]] = item + FIRST_ITEM
    n_items = FIRST_ITEM + len(all_items)
    # One thread: batches are too small for more, and sums come out the same everywhere.
    with threadpool_limits(1):
        vectors = factorise(histories, lengths, n_items, dim=dim, seed=seed)
    source = f"{path.name}, factorised ({len(all_users):,} users, {len(pairs):,} interactions)"
    return ItemSpace(all_items, vectors[FIRST_ITEM:], source, (path,), all_users)
