"""The first thing to read on an audit's page: one verdict, why, how severe, what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recmia.audit.guesses import FEW
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

UNKNOWN = "Not measured"  # the verdict where nobody's membership is known
# Of several blind baselines the one that leaves the least certain verdict counts.
_CAUTION = (LEAK, NONE_FOUND, OPEN, UNEQUAL)


@dataclass(frozen=True)
class Words:
    """What an audit calls things.

    Attributes:
        many: those who are scored, such as "users".
        outsiders: who is accused wrongly, such as "users that were not trained on".
        members: the others, such as "that were".
        rare: a prior of 1% in words.
        threshold: how the threshold of hard guesses was fixed.
        blind: by baseline, who tells without what the model learned.
        unequal: by baseline, what to do where it is above chance.
        next_steps: what to do, by verdict; `UNEQUAL` is answered by ``unequal``.
        tied: what to do where almost everybody has the same score.
    """

    many: str
    outsiders: str
    members: str
    rare: str
    threshold: str
    blind: Mapping[str, str]
    unequal: Mapping[str, str]
    next_steps: Mapping[str, tuple[str, ...]]
    tied: str


def answer(
    area: float,
    limits: tuple[float, float],
    baselines: Mapping[str, Mapping[str, Any] | None],
    tied: Mapping[str, Any],
    hard: Mapping[str, Mapping[str, Any]],
    words: Words,
) -> dict[str, Any]:
    """The answer as it stands in ``metrics.json``.

    Args:
        area: ROC AUC of the attack.
        limits: of its interval.
        baselines: ``roc_auc`` and ``interval`` of each blind baseline; None for one that was not
            measured.
        tied: of `recmia.audit.ties.ties`.
        hard: of `recmia.audit.guesses.guesses`; may be empty.
        words: what things are called.

    Returns:
        ``verdict``, ``value`` and ``interval``, ``why``, ``severity`` and ``degenerate`` (None
        where there is nothing to say), ``next_steps``, and ``baseline``, the one that decided.
    """
    verdict, name = _judged(limits, baselines)
    why = reason(verdict, limits, words.blind[name], said_of(baselines[name]))
    steps = (words.unequal[name],) if verdict == UNEQUAL else words.next_steps[verdict]
    degenerate = degenerate_sentence(tied, words.many)
    if degenerate is not None and verdict == NONE_FOUND:
        verdict, why = OPEN, "An attack that says the same of almost everybody rules nothing out."
        steps = ()
    return {
        "verdict": verdict,
        "value": area,
        "interval": list(limits),
        "baseline": name,
        "why": why,
        "severity": _severity(hard, words),
        "degenerate": degenerate,
        "next_steps": [*([] if degenerate is None else [words.tied]), *steps],
    }


def not_measured(why: str, tied: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """The answer where membership is not known, in the shape of `answer`."""
    degenerate = degenerate_sentence(tied, words.many)
    return {
        "verdict": UNKNOWN,
        "value": None,
        "interval": None,
        "baseline": None,
        "why": why,
        "severity": None,
        "degenerate": degenerate,
        "next_steps": [
            *([] if degenerate is None else [words.tied]),
            f"To learn how much the scores tell, audit {words.many} of known membership.",
        ],
    }


def degenerate_sentence(tied: Mapping[str, Any], many: str) -> str | None:
    """That almost everybody has the same score; None where that is not so."""
    if not tied["degenerate"]:
        return None
    share = tied["most_common_share"]
    return f"Degenerate: {100 * share:.3g}% of the {many} have one and the same score."


def told(found: Mapping[str, Any]) -> list[str]:
    """An answer's lines for the terminal."""
    lines = [f"{found['verdict']}. {found['why']}"]
    if found["value"] is not None:
        low, high = found["interval"]
        lines[0] = (
            f"{found['verdict']}: ROC AUC {found['value']:.3f} [{low:.3f}, {high:.3f}]. "
            f"{found['why']}"
        )
    lines += [found[key] for key in ("severity", "degenerate") if found[key] is not None]
    return [*lines, *(f"Next: {step}" for step in found["next_steps"])]


def folded(baseline: Mapping[str, Any]) -> tuple[float, float, float]:
    """ROC AUC and limits of a baseline, read the other way round where it is below one half.

    A rule that tells members by low values tells them as well.
    """
    area, (low, high) = baseline["roc_auc"], baseline["interval"]
    return (area, low, high) if area >= 0.5 else (1 - area, 1 - high, 1 - low)


def said_of(baseline: Mapping[str, Any]) -> str:
    """A baseline's ROC AUC with its interval, in words."""
    area, low, high = folded(baseline)
    turned = " (read the other way round)" if baseline["roc_auc"] < 0.5 < low else ""
    return f"a ROC AUC of {area:.3f} [{low:.3f}, {high:.3f}]{turned}"


def _judged(
    limits: tuple[float, float], baselines: Mapping[str, Mapping[str, Any] | None]
) -> tuple[str, str]:
    """The verdict, and the name of the baseline that it rests on."""
    judged = [
        (_CAUTION.index(judge(limits, folded(one)[1:])), folded(one)[2], name)
        for name, one in baselines.items()
        if one is not None
    ]
    caution, _, name = max(judged)
    return _CAUTION[caution], name


def _severity(hard: Mapping[str, Mapping[str, Any]], words: Words) -> str | None:
    if not hard:
        return None
    one = hard.get(FEW) or next(iter(hard.values()))
    aimed = one["aimed_fpr"]
    return severity(
        words.threshold + ("" if aimed is None else f" to accuse {100 * aimed:g}% of them"),
        words.outsiders,
        words.members,
        words.rare,
        Rate(one["fpr"], tuple(one["intervals"]["fpr"])),
        Rate(one["tpr"], tuple(one["intervals"]["tpr"])),
    )
