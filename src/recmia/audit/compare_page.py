"""What a comparison of two audits shows a person: the page, and the lines on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recmia.audit.page import TEMPLATES
from recmia.evaluation.predictive_value import PRIORS
from recmia.evaluation.verdict import LESS, MORE, NO_CHANGE, UNEQUAL, judge_change
from recmia.likelihood_ratio.shadow_thresholds import BALANCED
from recmia.pages import fill
from recmia.storage import write_text

_NEXT = {
    LESS: (
        "Look at what is left: the verdict on the second audit below is about that.",
        "Measure what the change costs in ranking quality; no audit sees that.",
    ),
    MORE: ("Take the change back, or look for what else differs between the two systems.",),
    NO_CHANGE: (
        "To rule out a smaller change audit more users or records, the same ones both times.",
    ),
}


def answer_of(found: dict[str, Any]) -> dict[str, Any]:
    """The verdict on the difference, in the shape of `recmia.audit.answer.answer`."""
    area = found["differences"][0]
    low, high = area["interval"]
    verdict = judge_change((low, high))
    why = (
        f"The interval of the difference lies {'below' if verdict == LESS else 'above'} zero: the "
        f"attack tells members {'worse' if verdict == LESS else 'better'} than before."
    )
    if verdict == NO_CHANGE:
        why = (
            "The interval of the difference includes zero. A change of ROC AUC from "
            f"{low:+.3f} to {high:+.3f} would look the same."
        )
    return {
        "verdict": verdict,
        "value": area["value"],
        "interval": area["interval"],
        "why": why,
        "next_steps": list(_NEXT[verdict]),
    }


def paired_sentence(found: dict[str, Any]) -> str:
    """Over whom the difference was taken."""
    pairing = found["pairing"]
    many = "users" if found["of"].endswith("lists") else "records"
    if pairing["paired"]:
        left = max(pairing["before"], pairing["after"]) - pairing["shared"]
        rest = f"; {left:,} that only one of them has are left out" if left else ""
        return f"The difference is paired over {pairing['shared']:,} {many} of both audits{rest}."
    return (
        f"The two audits are not about the same {many} ({pairing['before']:,} before, "
        f"{pairing['after']:,} after, {pairing['shared']:,} in both with the same membership), so "
        "that the difference is not paired and its interval is wider."
    )


def caveats(found: dict[str, Any]) -> list[str]:
    """What must be known to read the verdict right, in sentences."""
    notes = [paired_sentence(found)]
    first, second = found["attacks"]
    if first != second:
        notes.append(
            f"The attacks are not the same: {first} before, {second} after. Part of the difference "
            "may be theirs."
        )
    for role in ("before", "after"):
        answer = found[role]["answer"]
        if answer["verdict"] == UNEQUAL:
            notes.append(
                f"In the audit {role} the cohorts differ by themselves: what changed need not be "
                "memory."
            )
        if answer["degenerate"] is not None:
            notes.append(f"The audit {role} is degenerate. {answer['degenerate']}")
    notes.append(
        "The interval is over those who were audited, of these two models. Another training of "
        "the same systems may come out otherwise."
    )
    return notes


def write_page(folder: Path, found: dict[str, Any]) -> None:
    """Write ``index.html``, a page that needs no other file.

    Args:
        folder: where to.
        found: what stands in ``metrics.json``.
    """
    values = {
        "found": found,
        "caveats": caveats(found),
        "priors": PRIORS,
        "balanced": BALANCED,
    }
    write_text(folder / "index.html", fill(TEMPLATES / "compare.html.j2", values))


def summary(found: dict[str, Any], page: Path) -> str:
    """Lines for the terminal."""
    answer = found["answer"]
    low, high = answer["interval"]
    lines = [
        f"{answer['verdict']}: ROC AUC {answer['value']:+.3f} [{low:+.3f}, {high:+.3f}], after "
        f"minus before. {answer['why']}",
        *(f"Next: {step}" for step in answer["next_steps"]),
        "",
    ]
    for role in ("before", "after"):
        one = found[role]
        low, high = one["intervals"]["roc_auc"]
        lines.append(
            f"{role.capitalize():<8}ROC AUC {one['roc_auc']:.3f} [{low:.3f}, {high:.3f}]   "
            f"{one['answer']['verdict']}   {one['folder']}"
        )
    lines += [f"\nNote: {note}" for note in caveats(found)]
    return "\n".join([*lines, "", f"Page: {page}"])
