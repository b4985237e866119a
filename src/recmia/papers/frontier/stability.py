"""Notebook 22: whether the same sessions are accused again, under other targets and other seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from recmia.experiments.kept import Kept
from recmia.experiments.ranges import ranged
from recmia.experiments.rows import CONTROL, Row
from recmia.papers.frontier import names
from recmia.papers.frontier.attacking import Audit, attacks, list_attacks
from recmia.papers.frontier.between import (
    dispersion,
    jaccard,
    jaccard_by_chance,
    jaccard_of_members,
    own_rates,
)
from recmia.papers.frontier.reading import about, guesses_in, keys_of
from recmia.papers.frontier.scoring import ONE_PERCENT
from recmia.papers.frontier.target_arrays import guess_name
from recmia.storage import read_arrays

CALIBRATION, STABILITY, CHOSEN = "Calibration", "Stability", "RMIA's a"
DISPERSION = "dispersion of sessions' own false positives (1: alike)"
ACCUSED = "sessions called members by at least half of the targets that lack them"
JACCARD = "Jaccard overlap of the members found under two targets"
OVER_SEEDS = "Jaccard overlap of the members found with two seeds of the attack"
BY_CHANCE = "guesses that have nothing to do with each other"
A = "a, chosen on a shadow"


def stability_rows(audit: Audit, checkpoint: str, epoch: int) -> Iterator[Row]:
    """Overlaps over targets and seeds, calibration of single sessions, and RMIA's a."""
    whole = [attacks(audit, epoch, target) for target in audit.game.targets]
    few = audit.game.targets[: audit.game.study.settings.frontier.list_targets]
    lists = [list_attacks(audit, epoch, t) for t in few] if audit.on_lists else []
    for view, kept in ((names.SCORES, whole), (names.TOP_K, lists)):
        if kept:
            yield from _between_rows(audit, checkpoint, kept, view)
            yield from _seed_rows(audit, checkpoint, kept, view)
    for view in audit.views:
        found = [float(read_arrays(one.path, [f"{view}|a"])[f"{view}|a"]) for one in whole]
        serving = names.interface(view, audit.game.study.settings.frontier.top_k)
        columns = about(audit, checkpoint, CHOSEN, attack=names.RMIA_CHOSEN, serving=serving)
        if view == names.SUM:
            columns["variant"] = names.OVER_STEPS
        yield ranged(found, **columns, metric=A)


def _between_rows(audit: Audit, checkpoint: str, kept: Sequence[Kept], view: str) -> Iterator[Row]:
    """Whether targets accuse the same sessions, by attack."""
    wanted = [c for c in guesses_in(kept[0].path, view) if c.split("|")[2] == ONE_PERCENT]
    read = [read_arrays(one.path, ["membership", *wanted]) for one in kept]
    members = [arrays["membership"] for arrays in read]
    for column in wanted:
        called = [arrays[column] == 1 for arrays in read]
        facts = _facts(audit, column)
        found = jaccard_of_members(called, members, audit.game.targets[: len(kept)])
        yield from _overlaps(audit, checkpoint, facts, JACCARD, *found)
        lacking, accused = own_rates(np.stack(called, axis=1), np.stack(members, axis=1))
        columns = about(audit, checkpoint, CALIBRATION, **facts) | {"n_seeds": len(kept)}
        yield Row(**columns, metric=DISPERSION, value=dispersion(lacking, accused))
        often = (lacking >= 2) & (2 * accused >= lacking)
        yield Row(**columns, metric=ACCUSED, value=int(often.sum()))


def _seed_rows(audit: Audit, checkpoint: str, kept: Sequence[Kept], view: str) -> Iterator[Row]:
    """Whether an attack with another seed finds the same members of one target."""
    there = keys_of(kept[0].path)
    for attack in names.SEEDED:
        column = guess_name(view, attack, ONE_PERCENT)
        again = [key for key in there if key.startswith(f"{column}|")]
        found: tuple[list[float], list[float]] = [], []
        for one in kept if again else []:
            arrays = read_arrays(one.path, ["membership", column, *again])
            member = arrays.pop("membership")
            for first, second in combinations([own[member] == 1 for own in arrays.values()], 2):
                if (first | second).any():
                    found[0].append(jaccard(first, second))
                    found[1].append(jaccard_by_chance(first, second))
        yield from _overlaps(audit, checkpoint, _facts(audit, column), OVER_SEEDS, *found)


def _overlaps(
    audit: Audit,
    checkpoint: str,
    facts: dict[str, Any],
    metric: str,
    found: list[float],
    chance: list[float],
) -> Iterator[Row]:
    for case, values in ((None, found), (BY_CHANCE, chance)):
        if values:
            columns = about(audit, checkpoint, STABILITY, case=case, **facts)
            columns |= {"metric": metric} | ({"reading": CONTROL} if case else {})
            yield ranged(values, **columns)


def _facts(audit: Audit, column: str) -> dict[str, Any]:
    view, attack, *_ = column.split("|")
    serving = names.interface(view, audit.game.study.settings.frontier.top_k)
    return {"attack": attack, "serving": serving}
