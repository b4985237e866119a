"""What a report on somebody's own click log opens with: how much leaks, how sure, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from recmia.evaluation.verdict import (
    LEAK,
    NONE_FOUND,
    OPEN,
    UNEQUAL,
    Rate,
    judge,
    reason,
    severity,
)
from recmia.experiments import cells
from recmia.experiments.rows import Row
from recmia.experiments.selecting import only
from recmia.section import Section

ACCUSED = 0.01  # of sessions that were not trained on, at the threshold that is told of
_OBSERVER = "a classifier that sees the sessions and no model"
_NEXT = {
    LEAK: (
        "Keep the weights of an earlier epoch, train with more sessions or with dropout, and run "
        "again: the curve over epochs below shows what ranking quality that costs.",
        "Give out lists in place of scores: the attacks on lists below say what is left.",
    ),
    UNEQUAL: (
        "Members and the others must be drawn from one population: look at the audit of the "
        "cohorts below, and whether the log's order, times or bots part them.",
    ),
    NONE_FOUND: (
        "To rule out a smaller leak take more sessions (cohorts) or more seeds (n_seeds): both "
        "narrow the interval.",
        "Look at the last epoch below before a model is trained for longer.",
    ),
    OPEN: ("Take more sessions (cohorts) or more seeds (n_seeds): both narrow the intervals.",),
}


class Asked(Section):
    """Which rows answer, each by the first of its descriptions that one row answers to."""

    attack: tuple[dict[str, Any], ...] = Field(description="at the epoch that would be deployed")
    last: tuple[dict[str, Any], ...] = Field(description="the same at the last epoch")
    low: tuple[dict[str, Any], ...] = Field(description="its TPR at 1% FPR")
    blind: tuple[dict[str, Any], ...] = Field(description="what is told without a model")


@dataclass(frozen=True)
class Answer:
    """The first thing to read.

    Attributes:
        verdict: `LEAK`, `UNEQUAL`, `NONE_FOUND` or `OPEN`.
        why: the verdict in a sentence or two, with intervals.
        severity: what an accusation is worth, "" where the non-members were too few to say.
        later: the same attack at the last epoch.
        next_steps: what to do.
        attack: the row of the attack.
        blind: the row of what is told without a model.
    """

    verdict: str
    why: str
    severity: str
    later: str
    next_steps: tuple[str, ...]
    attack: Row
    blind: Row


def answer(asked: Asked | None, rows: Iterable[Row]) -> Answer | None:
    """The answer; None where the run has none, as without the notebooks that attack."""
    rows = list(rows)
    attack = None if asked is None else only(rows, asked.attack)
    if attack is None:
        return None
    alike = [row for row in rows if row.subset == attack.subset]
    blind, last, low = (only(alike, kinds) for kinds in (asked.blind, asked.last, asked.low))
    if blind is None:
        return None
    limits = attack.ci_low, attack.ci_high
    verdict = judge(limits, (blind.ci_low, blind.ci_high))
    return Answer(
        verdict,
        reason(verdict, limits, _OBSERVER, _said(blind)),
        "" if low is None else _severity(low),
        "" if last is None else f"At the last epoch ({last.epoch}) it is {_said(last)}.",
        _NEXT[verdict],
        attack,
        blind,
    )


def _severity(low: Row) -> str:
    return severity(
        "a threshold set to accuse so few",
        "sessions that were not trained on",
        "that were",
        "one session in a hundred was trained on",
        Rate(ACCUSED, (ACCUSED, ACCUSED)),
        Rate(low.value, (low.ci_low, low.ci_high)),
    )


def _said(row: Row) -> str:
    return f"a {row.metric} of {cells.in_a_sentence(row)}"
