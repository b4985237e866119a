"""What the authors' files prove: that nothing was factorised, and who is who.

Each fact is measured in their files and, where a model says what it should be, in draws of the
recipe and in what training would have given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from recmia.evaluation.metrics import roc_auc
from recmia.released import noise
from recmia.released.authors import AMAZON, MOVIELENS, load_authors, served
from recmia.released.draws import Draw
from recmia.released.recipe import Recipe
from recmia.released.splits import SHADOW, TARGET
from recmia.released.world import FACTORS, ITEM, NCF, SIDES, World, world_of
from recmia.seeds import child_seed, generator
from recmia.storage import write_json

# Size in bytes of the Amazon vector file, which the repository keeps as a pointer with this number.
VECTOR_FILE, DIMENSIONS = 558_303_806, 100
NUMBERS = 1_000_000  # drawn to count their characters
CHARACTERS = "characters of a number in the vector file"
OVERLAP = "items that two members' lists share"
DISTINCT = "distinct items in every third member's list"
TOUCHED = "share of a list that some member has"
OWN = "share of a list that its member has"
SAME_PERSON = "items that shadow and target list of one person share"
RULE = "ROC AUC of the part of a defended list that is not popular"
DEFENDED = 1_000  # popular items that defended lists are drawn from
RELEASED = "the authors' files"
CASES = {
    "untrained": Recipe(),
    "trained from its start": Recipe(factors="trained from noise", vectors="trained from noise"),
}


@dataclass(frozen=True)
class Fact:
    """A number, or one a draw.

    Attributes:
        metric: what is counted.
        case: in the files, or in what is drawn.
        values: one, or one a draw.
        recommender: whose lists.
        data: data set of the authors.
        side: "shadow" or "target".
    """

    metric: str
    case: str
    values: tuple[float, ...]
    recommender: str | None = None
    data: str = AMAZON
    side: str | None = None


def keep_proofs(path: Path, files: Sequence[Path], *, draws: int, seed: int) -> None:
    """Write every fact.

    Args:
        path: of the result.
        files: of the data set ``released``.
        draws: of the recipe.
        seed: root seed.
    """
    world = load_authors(AMAZON, files, noise.TOP_K)
    facts = [*_characters(world, draws, seed), *_of_lists(world, draws, seed)]
    facts += [*_people(files), *_defended(files)]
    write_json(path, [vars(fact) for fact in facts])


def _characters(world: World, draws: int, seed: int) -> list[Fact]:
    """The text form of numbers: the file has 100 an item, a blank after each and a line's end."""
    n_items = world.split.shadow.n_items
    numbers = n_items * DIMENSIONS
    facts = [Fact(CHARACTERS, RELEASED, ((VECTOR_FILE - numbers - n_items) / numbers,))]
    for case, draw in {
        "N(0, 1)": lambda d: d.standard_normal(NUMBERS),
        "N(0.1, 1)": lambda d: 0.1 + d.standard_normal(NUMBERS),
        "U(0, 1)": lambda d: d.random(NUMBERS),
        "0.3 x N(0, 1)": lambda d: 0.3 * d.standard_normal(NUMBERS),
    }.items():
        lengths = [
            np.mean([len(repr(x)) for x in draw(generator(seed, case, number)).tolist()])
            for number in range(draws)
        ]
        facts.append(Fact(CHARACTERS, case, tuple(map(float, lengths))))
    return facts


def _of_lists(world: World, draws: int, seed: int) -> list[Fact]:
    """Members' lists of Item and LFM, theirs and drawn on the same records."""
    facts = []
    for kind, side in product((ITEM, FACTORS), SIDES):
        theirs = {s: world.users[kind, s].lists for s in SIDES}
        measured = _facts(world, side, theirs)
        facts += [Fact(m, RELEASED, (v,), kind, side=side) for m, v in measured.items()]
    bare = world_of(world.split, noise.TOP_K)
    for case, recipe in CASES.items():
        found: dict[tuple, list[float]] = {}
        for number in range(draws):
            draw = Draw(bare, seed, number)
            for kind in (ITEM, FACTORS):
                lists = {side: draw.lists(kind, side, recipe) for side in SIDES}
                for side in SIDES:
                    for metric, value in _facts(bare, side, lists).items():
                        found.setdefault((metric, kind, side), []).append(value)
        facts += [
            Fact(metric, case, tuple(values), kind, side=side)
            for (metric, kind, side), values in found.items()
        ]
    return facts


def _facts(world: World, side: str, lists: dict[str, np.ndarray]) -> dict[str, float]:
    own = lists[side]
    members = world.users[FACTORS, side].histories[: len(own)]
    touched = np.zeros(members.n_items, dtype=bool)
    touched[members.items] = True
    rows = np.repeat(np.arange(len(own)), own.shape[1])
    has = np.asarray(members.matrix[rows, own.ravel()])
    shadow, target = lists[SHADOW], lists[TARGET]
    return {
        OVERLAP: _overlap(own, np.roll(own, 1, axis=0)),
        DISTINCT: float(len(np.unique(own[::3]))),
        TOUCHED: float(touched[own].mean()),
        OWN: float(has.mean()),
        SAME_PERSON: _overlap(shadow, target),
    }


def _overlap(first: np.ndarray, second: np.ndarray) -> float:
    """Items that lists [n, k] of one row share, on average."""
    both = np.sort(np.concatenate([first, second], axis=1), axis=1)
    return float((both[:, 1:] == both[:, :-1]).sum(axis=1).mean())


def _people(files: Sequence[Path]) -> list[Fact]:
    """Shadow user i is target user i, with other records; shares of records of the two sides."""
    facts = []
    for data in (AMAZON, MOVIELENS):
        split = load_authors(data, files, noise.TOP_K).split
        shadow, target = split.shadow, split.target
        size = np.corrcoef(np.log1p(shadow.lengths), np.log1p(target.lengths))[0, 1]
        shared = np.asarray(shadow.matrix.multiply(target.matrix).sum(axis=1)).ravel()
        share = len(shadow.items) / (len(shadow.items) + len(target.items))
        facts += [
            Fact("users a side", RELEASED, (float(len(shadow)),), data=data),
            Fact("members a side", RELEASED, (float(split.n_members),), data=data),
            Fact(
                "correlation of one number's records on both sides",
                RELEASED,
                (float(size),),
                data=data,
            ),
            Fact(
                "records that one number has on both sides",
                RELEASED,
                (float(shared.mean()),),
                data=data,
            ),
            Fact("shadow's share of both sides' records", RELEASED, (share,), data=data),
        ]
    return facts


def _defended(files: Sequence[Path]) -> list[Fact]:
    """A rule without a model on their defended lists: the part outside the 1,000 popular items."""
    world = load_authors(AMAZON, files, noise.TOP_K)
    places = {path.name: path for path in files}
    popular, facts = noise.popular_items(world.split.target, DEFENDED), []
    for kind in (ITEM, FACTORS, NCF):
        lists = served(places, kind, TARGET)
        outside = 1 - np.isin(lists, popular).mean(axis=1)
        value = roc_auc(outside, np.arange(len(lists)) < world.split.n_members)
        facts.append(Fact(RULE, RELEASED, (value,), kind, side=TARGET))
    return facts


def seed_of(root: int) -> int:
    """Of the proofs."""
    return child_seed(root, "released", "proofs")
