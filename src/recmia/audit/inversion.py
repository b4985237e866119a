"""Audit of one's own ratings: what injected users would learn about named sensitive items."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from recmia.audit.inversion_page import answer_of, write_page
from recmia.audit.output import METRICS, check_out, folder_aside, write_ids
from recmia.audit.provenance import provenance
from recmia.audit.score_measures import area_of
from recmia.audit.tables import AuditTable, read_table
from recmia.audit.ties import ties
from recmia.data.files import parts
from recmia.data.kinds import Number
from recmia.errors import DataError, SettingsError
from recmia.evaluation.proportions import binomial_interval
from recmia.inversion.attack import (
    HELD,
    Attacker,
    Recommender,
    craft,
    draw_decoys,
    poisoned_lists,
)
from recmia.inversion.exposure import Exposure, decoys_recommended, measure_exposure
from recmia.inversion.ratings import Ratings, Scale, make_ratings
from recmia.inversion.recommending import top_items
from recmia.progress import track
from recmia.seeds import child_seed
from recmia.storage import file_hash, write_aside, write_json

KIND = "recmia audit inversion"
USERS = "users.csv"
FILES = (METRICS, USERS, "index.html")
USER, ITEM, RATING = "user_id", "item_id", "rating"


@dataclass(frozen=True)
class InversionSettings:
    """How the audited system recommends, and what the attacker can do.

    Attributes:
        share: α, injected users for each honest one.
        decoys: decoys, and the largest threshold.
        factors: k.
        regularisation: λ.
        length: l, items on a list.
        zeros_observed: whether the system counts missing ratings as observed zeros.
        repeats: attacks, each with other decoys and another training.
        level: coverage of the intervals.
        seed: root of every random choice.
    """

    share: float
    decoys: int
    factors: int
    regularisation: float
    length: int
    zeros_observed: bool
    repeats: int
    level: float
    seed: int

    def __post_init__(self) -> None:
        limits = {
            "share": 0 < self.share <= 1,
            "decoys": self.decoys >= 1,
            "factors": self.factors >= 1,
            "regularisation": self.regularisation > 0,
            "length": self.length >= self.decoys,
            "repeats": self.repeats >= 1,
            "level": 0.5 < self.level < 1,
        }
        for name, fits in limits.items():
            if not fits:
                raise SettingsError(
                    f"--{name.replace('_', '-')} cannot be {getattr(self, name)}: share, level and "
                    "regularisation are fractions above 0, the others whole numbers from 1, and a "
                    "list holds at least as many items as there are decoys."
                )


@dataclass(frozen=True)
class Attacked:
    """What attacks on m users made of a rating file.

    Attributes:
        users: strings [m].
        truth: bool [m], who rated a sensitive item highest.
        decoys: int64 [repeats, m], decoys recommended to each user after the poisoning.
        before: the same for the lists before anybody was injected.
        shape: users, items and ratings.
    """

    users: pa.Array
    truth: np.ndarray
    decoys: np.ndarray
    before: np.ndarray
    shape: tuple[int, int, int]

    def exposures(self, least: int) -> list[Exposure]:
        """Of each repeat, where users with so many decoys are listed."""
        return [measure_exposure(counts, self.truth, least) for counts in self.decoys]


def audit_inversion(
    path: str | Path,
    sensitive: list[str],
    out: str | Path,
    settings: InversionSettings,
    *,
    force: bool = False,
) -> dict[str, Any]:
    """Attack a system trained on a rating file, and write what was found.

    Args:
        path: see `attack_ratings`.
        sensitive: item ids.
        out: folder to write: ``users.csv`` (those with most decoys first), ``metrics.json`` and
            ``index.html``.
        settings: how.
        force: replace an earlier audit there, at the end.

    Returns:
        What stands in ``metrics.json``.

    Raises:
        DataError: the file is wrong, an item is not in it, or nobody rated one highest.
        ArtifactError: ``out`` holds something, or cannot be written.
    """
    out = Path(out)
    check_out(out, KIND, FILES, force)
    attacked = attack_ratings(path, sensitive, settings)
    options = asdict(settings)
    zeros = "--zeros" if options.pop("zeros_observed") else "--no-zeros"
    words = [path, *(f"--sensitive={item}" for item in sensitive), zeros]
    found = provenance(KIND, words, {"out": out} | options) | {
        "settings": asdict(settings) | {"sensitive": sensitive},
        "counts": dict(zip(("users", "items", "ratings"), attacked.shape, strict=True)),
        "files": {part.path.name: file_hash(part.path) for part in parts(Path(path))},
    }
    found |= measured(attacked, settings)
    found["answer"] = answer_of(found)
    order = np.lexsort((np.arange(len(attacked.users)), -attacked.decoys.mean(axis=0)))
    frame = pl.DataFrame(
        {
            USER: pl.Series(pl.from_arrow(attacked.users), dtype=pl.String),
            "decoys": attacked.decoys.mean(axis=0),
            "decoys_without_injection": attacked.before.mean(axis=0),
            "rated_sensitive_highest": attacked.truth.astype(np.int8),
        }
    )
    with folder_aside(out) as aside:
        with write_aside(aside / USERS) as file:
            write_ids(frame[order], file)
        write_json(aside / METRICS, found)
        write_page(aside, found)
    return found


def attack_ratings(path: str | Path, sensitive: list[str], settings: InversionSettings) -> Attacked:
    """Attack a system trained on a rating file, links held at the highest rating.

    Args:
        path: CSV with ``user_id``, ``item_id`` and ``rating`` (above zero), one line for each
            rating.
        sensitive: item ids; whoever rated any of them highest counts as exposed when listed.
        settings: how.

    Raises:
        DataError: the file is wrong, an item is not in it, or nobody rated one highest.
    """
    table = read_table(path, (USER, ITEM), {RATING: Number(pl.Float32)}, command="inversion")
    items = _positions(table, sensitive)
    ratings = _ratings(table, settings.zeros_observed)
    truth = ratings.high_raters(items)
    if truth.all() or not truth.any():
        raise DataError(
            f"{int(truth.sum())} of {len(truth)} users rated a sensitive item highest.",
            file=path, column=RATING,
            remedy="Choose items that some users rated highest, and some did not.",
        )  # fmt: skip
    recommender = Recommender(settings.factors, settings.regularisation, settings.length, sweeps=15)
    attacker = Attacker(
        settings.share,
        max(round(ratings.mean_items()), len(items) + settings.decoys),
        choice=HELD,
    )
    if not attacker.users(ratings.shape[0]):
        raise DataError(
            f"{ratings.shape[0]} users, so that a share of {settings.share:g} injects nobody.",
            file=path, remedy="Raise --share, or use a larger file.",
        )  # fmt: skip
    counts, before = [], []
    with track(settings.repeats, "attacks") as bar:
        for repeat in range(settings.repeats):
            seed = child_seed(settings.seed, "audit inversion", repeat)
            decoys = draw_decoys(ratings.shape[1], items, settings.decoys, seed)
            honest = recommender.train(ratings, seed)
            poison = craft(ratings, honest.items, items, decoys, recommender, attacker, seed)
            _, lists = poisoned_lists(ratings, poison.ratings, recommender, seed)
            counts.append(decoys_recommended(lists, decoys))
            own = top_items(honest, ratings, recommender.length)
            before.append(decoys_recommended(own, decoys))
            bar.update()
    return Attacked(
        table.ids[USER].names,
        truth,
        np.stack(counts),
        np.stack(before),
        (*ratings.shape, len(table)),
    )


def measured(attacked: Attacked, settings: InversionSettings) -> dict[str, Any]:
    """Metrics of all attacks together, as they stand in ``metrics.json``.

    The score of a user is the mean number of decoys on his lists; the blind baseline is the same
    before anybody was injected. Rates by decoys are means over the attacks, and their intervals
    those of one attack: attacks on the same users do not make more users.
    """
    level = settings.level
    how = {"level": level, "seed": settings.seed}
    groups = np.arange(len(attacked.truth))
    scores = attacked.decoys.mean(axis=0)
    area = area_of(scores, attacked.truth, groups, **how)
    sensitive = int(attacked.truth.sum())
    return {
        "roc_auc": area["roc_auc"],
        "intervals": {"level": level, "roc_auc": area["interval"]},
        "baselines": {
            "before": area_of(attacked.before.mean(axis=0), attacked.truth, groups, **how)
        },
        "degenerate": ties(scores),
        "sensitive_users": sensitive,
        "guess": sensitive / len(attacked.truth),
        "by_decoys": [
            _rates(attacked.exposures(least), least, level)
            for least in range(1, settings.decoys + 1)
        ],
    }


def _rates(repeats: list[Exposure], least: int, level: float) -> dict[str, Any]:
    users, sensitive = repeats[0].users, repeats[0].sensitive
    listed = float(np.mean([one.listed for one in repeats]))
    found = float(np.mean([one.found for one in repeats]))
    known = [one.precision for one in repeats if one.listed]
    precision = float(np.mean(known)) if known else None
    others = users - sensitive
    return {
        "decoys": least,
        "listed": listed,
        "precision": precision,
        "tpr": found / sensitive,
        "fpr": (listed - found) / others,
        "aimed_fpr": None,
        "intervals": {
            "precision": None if precision is None else _limits(precision, listed, level),
            "tpr": _limits(found / sensitive, sensitive, level),
            "fpr": _limits((listed - found) / others, others, level),
        },
    }


def _limits(share: float, trials: float, level: float) -> list[float]:
    low, high = binomial_interval(share * trials, trials, level)
    return [min(low, share), max(high, share)]


def _positions(table: AuditTable, names: list[str]) -> np.ndarray:
    known = {name: place for place, name in enumerate(table.ids[ITEM].names.to_pylist())}
    for name in names:
        if name not in known:
            raise DataError(
                f"no line is about the sensitive item '{name}'.", file=table.path, column=ITEM,
                remedy="Name items as the file does; every character counts.",
            )  # fmt: skip
    if not names:
        raise SettingsError("Name at least one sensitive item: --sensitive ITEM.")
    return np.array(sorted({known[name] for name in names}))


def _ratings(table: AuditTable, zeros_observed: bool) -> Ratings:
    """The rating matrix; its scale is the highest rating and the smallest gap between two."""
    users, items, values = table.ids[USER], table.ids[ITEM], table.numbers[RATING]
    low = np.flatnonzero(values <= 0)
    if len(low):
        raise table.error(
            int(low[0]), RATING, f"{values[low[0]]:g} is not above zero; zero is no rating",
            "Shift the scale, or drop the line.",
        )  # fmt: skip
    pairs = users.codes.astype(np.int64) * len(items.names) + items.codes
    _, first = np.unique(pairs, return_index=True)
    if len(first) < len(pairs):
        twice = np.setdiff1d(np.arange(len(pairs)), first)[0]
        raise table.error(
            int(twice), ITEM, "the user has rated this item on an earlier line",
            "Keep one rating for each user and item.",
        )  # fmt: skip
    distinct = np.unique(values.astype(np.float64))
    step = float(min(np.diff(distinct, prepend=0.0)))
    shape = (len(users.names), len(items.names))
    return make_ratings(
        users.codes, items.codes, values, shape, Scale(float(distinct[-1]), step), zeros_observed
    )
