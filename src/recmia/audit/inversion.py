"""Audit of one's own ratings: what injected users would learn about named sensitive items."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from recmia.audit.tables import AuditTable, read_table
from recmia.data.kinds import Number
from recmia.errors import DataError, SettingsError
from recmia.evaluation.proportions import binomial_interval
from recmia.inversion.attack import HELD, Attacker, Recommender, draw_decoys, invert
from recmia.inversion.exposure import Exposure, measure_exposure
from recmia.inversion.ratings import Ratings, Scale, make_ratings
from recmia.seeds import child_seed

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


def audit_inversion(
    path: str | Path, sensitive: list[str], settings: InversionSettings
) -> list[list[Exposure]]:
    """Attack a system trained on a rating file, links held at the highest rating.

    Args:
        path: CSV with ``user_id``, ``item_id`` and ``rating`` (above zero), one line for each
            rating.
        sensitive: item ids; whoever rated any of them highest counts as exposed when listed.
        settings: how.

    Returns:
        For each repeat, the exposure at every threshold from 1 to the number of decoys.

    Raises:
        DataError: the file is wrong, an item is not in it, or nobody rated one highest.
    """
    table = read_table(path, (USER, ITEM), {RATING: Number(pl.Float32)})
    items = _positions(table, sensitive)
    ratings = _ratings(table, settings.zeros_observed)
    truth = ratings.high_raters(items)
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
    found = []
    for repeat in range(settings.repeats):
        seed = child_seed(settings.seed, "audit inversion", repeat)
        decoys = draw_decoys(ratings.shape[1], items, settings.decoys, seed)
        counts = invert(ratings, items, decoys, recommender, attacker, seed)
        found.append(
            [measure_exposure(counts, truth, least) for least in range(1, settings.decoys + 1)]
        )
    return found


def summary(found: list[list[Exposure]], level: float) -> str:
    """What an audit found, for a person at the terminal."""
    first = found[0][0]
    lines = [
        f"{first.users:,} users, {first.sensitive:,} of whom rated a sensitive item highest "
        f"({100 * first.baseline:.2f}% of all: what a guess gets right). {len(found)} attacks.",
        "",
        f"{'decoys':>6}  {'listed':>7}  precision [{100 * level:g}% interval]  "
        f"recall [{100 * level:g}% interval]",
    ]
    for least, repeats in enumerate(zip(*found, strict=True), 1):
        listed = float(np.mean([one.listed for one in repeats]))
        known = [one.precision for one in repeats if one.listed]
        recall = float(np.mean([one.recall for one in repeats]))
        precision = _share(float(np.mean(known)), listed, level) if known else "nobody is listed"
        lines.append(
            f"{least:>6}  {listed:>7.1f}  {precision:<24}  {_share(recall, first.sensitive, level)}"
        )
    lines += ["", "Means over the attacks; each interval is the exact binomial one of one attack."]
    return "\n".join(lines)


def _share(value: float, trials: float, level: float) -> str:
    low, high = binomial_interval(value * trials, trials, level)
    return f"{value:.3f} [{min(low, value):.3f}, {max(high, value):.3f}]"


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
