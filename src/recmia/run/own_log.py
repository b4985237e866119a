"""What a report on somebody's own click log opens with: how much leaks, how sure, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from recmia.evaluation.predictive_value import predictive_value
from recmia.experiments import cells
from recmia.experiments.rows import Row
from recmia.experiments.selecting import only
from recmia.section import Section

LEAK, UNEQUAL, NONE_FOUND, OPEN = (
    "It leaks",
    "The cohorts differ by themselves",
    "No leak found",
    "Open",
)
CHANCE, RARE = 0.5, 0.01
ACCUSED = 0.01  # of sessions that were not trained on, at the threshold that is told of
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
    verdict, why = _judged(attack, blind)
    return Answer(
        verdict,
        why,
        "" if low is None else _severity(low),
        "" if last is None else f"At the last epoch ({last.epoch}) it is {_said(last)}.",
        _NEXT[verdict],
        attack,
        blind,
    )


def _judged(attack: Row, blind: Row) -> tuple[str, str]:
    """A verdict follows from intervals: above chance, and above what is told without a model."""
    low, high = attack.ci_low, attack.ci_high
    if low > max(CHANCE, blind.ci_high):
        return LEAK, (
            "The attack's interval lies above one half and above that of a classifier that sees "
            f"the sessions and no model, which has {_said(blind)}."
        )
    if blind.ci_low > CHANCE:
        return UNEQUAL, (
            f"A classifier that sees the sessions and no model has {_said(blind)} already, and the "
            "attack's interval does not lie above that. What is found is no evidence of membership."
        )
    if low <= CHANCE:
        missed = max(CHANCE, high)
        return NONE_FOUND, (
            "The attack's interval does not lie above one half, which is guessing. A leak with a "
            f"ROC AUC of up to {cells.number(missed)} would look the same."
        )
    return OPEN, (
        "The attack's interval lies above one half, but not above that of a classifier that sees "
        f"the sessions and no model, which has {_said(blind)}."
    )


def _severity(low: Row) -> str:
    found, worth = low.value, predictive_value(RARE, low.value, ACCUSED) or 0.0
    return (
        f"At a threshold that accuses {1000 * ACCUSED:.0f} of 1,000 sessions that were not trained "
        f"on, {1000 * found:.0f} [{1000 * low.ci_low:.0f}, {1000 * low.ci_high:.0f}] of 1,000 that "
        f"were are found. Where one session in a hundred was trained on, {worth:.0%} of those who "
        "are accused were."
    )


def _said(row: Row) -> str:
    return f"a {row.metric} of {cells.in_a_sentence(row)}"
