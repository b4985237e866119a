"""The rows of notebook 24 read, in tables and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from recmia.evaluation.metrics import ROC_AUC
from recmia.experiments.cells import in_a_sentence, with_interval
from recmia.experiments.rows import Row
from recmia.experiments.selecting import select
from recmia.papers.frontier import names
from recmia.papers.frontier.defences import rows as kinds
from recmia.papers.frontier.defences.defences import RETRAINED
from recmia.papers.frontier.defences.plans import NONE, RANDOMISED


def frontier_table(rows: Iterable[Row]) -> pd.DataFrame:
    """NDCG@20 beside what the main attack and the loss threshold find, the most found first."""
    rows = select(rows, {"artefact": kinds.DEFENCES})
    about = {"attack": names.MAIN, "metric": ROC_AUC}
    area = {(row.case, row.checkpoint): row.value for row in select(rows, about)}
    rows.sort(key=lambda row: -area[row.case, row.checkpoint])
    found: dict[tuple, dict[str, str]] = {}
    for row in rows:
        head = row.metric if row.attack in ("", names.MAIN) else f"{row.metric}, {row.attack}"
        place = (row.case, row.serving, row.checkpoint, row.epoch)
        found.setdefault(place, {})[head] = with_interval(row)
    index = pd.MultiIndex.from_tuples(found, names=["defence", "seen", "checkpoint", "epoch"])
    return pd.DataFrame(list(found.values()), index=index).fillna("")


def budget_table(rows: Iterable[Row]) -> pd.DataFrame:
    """ε from above and from below, a defence a line."""
    found = select(rows, {"artefact": kinds.BUDGET})
    frame = pd.DataFrame(
        [(row.case, row.checkpoint, row.metric, row.value) for row in found],
        columns=["defence", "checkpoint", "metric", "value"],
    )
    return frame.pivot_table(
        index=["defence", "checkpoint"], columns="metric", values="value", sort=False
    )


def sentences(rows: Iterable[Row]) -> Iterator[str]:
    """What the defences do, each number with its interval, each verdict from one."""
    rows = list(rows)
    yield from _against_none(rows)
    yield from _private(rows)
    for row in select(rows, {"artefact": kinds.CONTROLS, "case": RANDOMISED}):
        yield (
            f"**Negative control, {row.checkpoint}.** Random lists of popular items leave the "
            f"attack a ROC AUC that differs from one half by {in_a_sentence(row)}: that they tell "
            f"nothing is {row.verdict}."
        )
    yield from _unlearning(rows)


def _one(rows: list[Row], **wanted: object) -> Row | None:
    return next(iter(select(rows, wanted)), None)


def _against_none(rows: list[Row]) -> Iterator[str]:
    """Defences that lower the attack's rate for certain, beside the last epoch without any."""
    main = {"artefact": kinds.DEFENCES, "attack": names.MAIN}
    plain = _one(rows, **main, case=NONE, metric=ROC_AUC)
    others = [row for row in select(rows, main | {"metric": ROC_AUC}) if row.case != NONE]
    apart = [row for row in others if row.ci_high < plain.ci_low and row.case != RANDOMISED]
    quality = {
        (row.case, row.checkpoint): row
        for row in select(rows, {"artefact": kinds.DEFENCES, "metric": kinds.NDCG})
    }
    yield (
        f"**Without a defence** the attack has a ROC AUC of {in_a_sentence(plain)} at epoch "
        f"{plain.epoch}, with NDCG@20 {in_a_sentence(quality[NONE, plain.checkpoint])}. Of "
        f"{len(others)} defences and checkpoints {len(apart)} have an interval that lies below."
    )
    keep = quality[NONE, plain.checkpoint]
    free = [row for row in apart if quality[row.case, row.checkpoint].ci_low >= keep.ci_low]
    told = "; ".join(
        f"{row.case} at the {row.checkpoint} checkpoint ({in_a_sentence(row)})" for row in free
    )
    yield f"**Without ranking worse** by their intervals do so: {told or 'none'}."


def _private(rows: list[Row]) -> Iterator[str]:
    for row in select(rows, {"artefact": kinds.BUDGET, "metric": kinds.SPENT["PRV"]}):
        below = _one(rows, artefact=kinds.BUDGET, case=row.case, metric=kinds.BOUND)
        control = _one(rows, artefact=kinds.CONTROLS, case=row.case, metric=kinds.EXCESS)
        about = {"artefact": kinds.DEFENCES, "case": row.case}
        area = _one(rows, **about, attack=names.MAIN, metric=ROC_AUC)
        quality = _one(rows, **about, metric=kinds.NDCG)
        yield (
            f"**{row.case}.** The accountants say ε ≤ {row.value:.3g} (PRV), the game's own coins "
            f"ε ≥ {below.value:.3g}; that the second does not exceed the first is "
            f"{control.verdict}. ROC AUC {in_a_sentence(area)}, NDCG@20 {in_a_sentence(quality)}."
        )


def _unlearning(rows: list[Row]) -> Iterator[str]:
    wanted = {"artefact": kinds.UNLEARNING, "attack": names.MAIN, "metric": kinds.LESS_ANEW}
    for row in select(rows, wanted):
        yield (
            f"**Unlearning, {row.case}.** The attack's ROC AUC on removed sessions differs from "
            f"that under models {RETRAINED} by {in_a_sentence(row)}: that nothing more is left "
            f"of them is {row.verdict}."
        )
