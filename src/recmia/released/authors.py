"""The files that the authors of the list papers released, as a world of the recipe.

They lie in the public repository of the KDD 2022 paper and are never redistributed here. What they
hold is said in ``recmia data list``: interactions of shadow and target, the lists that members got
(Amazon: Item, LFM, NCF; MovieLens: NCF), popular lists, and lists under the defence. Item vectors,
and MovieLens' lists of Item and LFM, are not among them.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from recmia.errors import DataError
from recmia.released.noise import TOP_K, popular_items
from recmia.released.splits import TARGET, Histories, Split, histories_of
from recmia.released.world import FACTORS, ITEM, NCF, SIDES, Users, World, world_of

AMAZON, MOVIELENS = "amazon_music", "movielens"
TITLES = {
    AMAZON: "Amazon Digital Music (the authors' files)",
    MOVIELENS: "MovieLens-1M (the authors' files)",
}
IN_FILES = {ITEM: "itembase", FACTORS: "lfm", NCF: "ncf"}
ALREADY = "The data set 'released' is described by `recmia data list`; fetch this file again."


def load_authors(
    name: str, files: Sequence[Path], candidates: int, *, drawn: bool = False
) -> World:
    """The world of one of their data sets.

    On Amazon all lists are theirs, and NCF's numbers are taken for an item space of its own, with
    one popular list for both sides, as in the MovieLens script: only so the published cells with
    NCF come out (its dense numbers mean other items than Item's and LFM's). On MovieLens NCF's
    lists are theirs; Item's and LFM's are drawn, for they are not there.

    Args:
        name: "amazon_music" or "movielens".
        files: of the data set ``released`` (`recmia.data.registry.find_files`).
        candidates: popular items that are kept.
        drawn: Item's and LFM's lists are drawn on Amazon as well, on these records.

    Raises:
        DataError: a file is missing, or is not what it should be.
    """
    places = {path.name: path for path in files}
    split = _split(name, places)
    if name == MOVIELENS:
        lists = _movielens_lists(_place(places, "movielens_ncf_lists.json.gz"), len(split.shadow))
        popular = popular_items(split.target, candidates)
        return world_of(split, candidates, ncf={"lists": lists, "popular": popular})
    users, ranked = dict(world_of(split, candidates).users), {}
    m, one_list = split.n_members, popular_items(split.target, candidates)
    for side in SIDES:
        known = users[ITEM, side]
        for kind in () if drawn else (ITEM, FACTORS):
            users[kind, side] = replace(known, lists=served(places, kind, side)[:m])
        own = _histories(_place(places, f"{name}_{side}_ncf.tsv.gz"), split.shadow.n_items)
        if side == TARGET:  # one member more than there are lists
            own = own[:m].joined(own[m + 1 :])
        lists = served(places, NCF, side)[:m]
        users[NCF, side] = Users(own, m, lists, one_list, own_space=True)
        # Only with the histories of the other recommenders does the published HR@100 come out.
        ranked[NCF, side] = replace(known, lists=lists)
    return World(split, users, ranked)


def served(places: dict[str, Path], kind: str, side: str) -> np.ndarray:
    """Amazon's lists int64 [2635, 100]: members' own, then everybody else's under the defence."""
    return _lists(_place(places, f"{AMAZON}_topk_{side}_random_{IN_FILES[kind]}.tsv.gz"))


def popular_list(places: dict[str, Path], side: str) -> np.ndarray:
    """Amazon's popular list int64 [100] of one side."""
    return _lists(_place(places, f"{AMAZON}_topk_{side}_popular.tsv.gz"))[-1]


def _split(name: str, places: dict[str, Path]) -> Split:
    pairs = {side: _pairs(_place(places, f"{name}_{side}.tsv.gz")) for side in SIDES}
    n_items = 1 + max(int(found[:, 1].max()) for found in pairs.values())
    parts = [_grouped(pairs[side], n_items) for side in SIDES]
    if len(parts[0]) != len(parts[1]):
        raise DataError("Shadow and target have other users.", file=name, remedy=ALREADY)
    # Their third part is not there. What would be factorised is then made of the other two.
    n = len(parts[0])
    return Split(*parts, parts[0].joined(parts[1]), n // 2, np.arange(n))


def _histories(path: Path, n_items: int) -> Histories:
    return _grouped(_pairs(path), n_items)


def _grouped(pairs: np.ndarray, n_items: int) -> Histories:
    users, items = pairs.T
    return histories_of(users, items, int(users.max()) + 1, max(n_items, int(items.max()) + 1))


def _lists(path: Path) -> np.ndarray:
    pairs = _pairs(path)
    if len(pairs) % TOP_K or (pairs[:, 0] != np.repeat(pairs[::TOP_K, 0], TOP_K)).any():
        raise DataError(
            f"not {TOP_K} rows a user, one user after the other.", file=path, remedy=ALREADY
        )
    return pairs[:, 1].reshape(-1, TOP_K)


def _pairs(path: Path) -> np.ndarray:
    """int64 [m, 2]: users and items; further columns are left."""
    try:
        text = pl.read_csv(
            path, separator="\t", has_header=False, columns=[0, 1], infer_schema=False
        )
        table = text.cast(pl.Int64)
    except (OSError, pl.exceptions.PolarsError) as error:  # the first of a damaged archive
        raise DataError(
            f"not two columns of whole numbers: {error}", file=path, remedy=ALREADY
        ) from None
    pairs = table.to_numpy()
    if not len(pairs) or table.null_count().sum_horizontal().item() or pairs.min() < 0:
        raise DataError("users or items are missing or negative.", file=path, remedy=ALREADY)
    return pairs


def _movielens_lists(path: Path, n_users: int) -> np.ndarray:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            numbers = np.array(json.load(file), dtype=np.int64)
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise DataError(f"not a JSON list of numbers: {error}", file=path, remedy=ALREADY) from None
    if numbers.shape != (n_users * TOP_K,):
        raise DataError(
            f"{numbers.size} numbers where {n_users} users have {TOP_K} each.",
            file=path,
            remedy=ALREADY,
        )
    return numbers.reshape(n_users, TOP_K)


def _place(places: dict[str, Path], name: str) -> Path:
    if name not in places:
        raise DataError(f"{name} is missing.", remedy=ALREADY)
    return places[name]
