"""What an audit of ratings shows a person: the page, and the lines on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recmia.audit.answer import Words, answer, told
from recmia.audit.page import TEMPLATES
from recmia.evaluation.verdict import LEAK, NONE_FOUND, OPEN
from recmia.pages import fill
from recmia.storage import write_text

_SMALLER = "To rule out a smaller leak take a larger file or more --repeats."
WORDS = Words(
    many="users",
    outsiders="users who did not rate a sensitive item highest",
    members="who did",
    rare="one user in a hundred rated one highest",
    threshold="one decoy on a list",
    blind={"before": "the same count on the lists before anybody was injected"},
    unequal={
        "before": "The decoys happen to go with the sensitive items: take more --repeats, each of "
        "which draws others."
    },
    next_steps={
        LEAK: (
            "Limit how far a few new users can move the lists: hold back ratings of new accounts, "
            "or look for accounts that rate the same few items highest.",
            "Look in users.csv at who is listed.",
        ),
        NONE_FOUND: (_SMALLER, "Try a larger --share of injected users: it bounds the attacker."),
        OPEN: (_SMALLER,),
    },
    tied="Few users are shown a decoy at all, as in most such attacks; those who are stand in "
    "users.csv.",
)


def answer_of(found: dict[str, Any]) -> dict[str, Any]:
    """See `recmia.audit.answer.answer`; the threshold is one decoy."""
    return answer(
        found["roc_auc"],
        tuple(found["intervals"]["roc_auc"]),
        found["baselines"],
        found["degenerate"],
        {"one decoy": found["by_decoys"][0]},
        WORDS,
    )


def write_page(folder: Path, found: dict[str, Any]) -> None:
    """Write ``index.html``, a page that needs no other file.

    Args:
        folder: where to.
        found: what stands in ``metrics.json``.
    """
    values = {"found": found, "caveats": [], "blind": WORDS.blind}
    write_text(folder / "index.html", fill(TEMPLATES / "inversion.html.j2", values))


def summary(found: dict[str, Any], page: Path) -> str:
    """Lines for the terminal."""
    level = 100 * found["intervals"]["level"]
    lines = [
        f"{found['counts']['users']:,} users, {found['sensitive_users']:,} of whom rated a "
        f"sensitive item highest ({100 * found['guess']:.2f}% of all: what a guess gets right). "
        f"{found['settings']['repeats']} attacks.",
        "",
        *told(found["answer"]),
        "",
        f"{'decoys':>6}  {'listed':>7}  precision [{level:g}% interval]  "
        f"recall [{level:g}% interval]",
    ]
    for one in found["by_decoys"]:
        precision = "nobody is listed"
        if one["precision"] is not None:
            precision = _share(one["precision"], one["intervals"]["precision"])
        recall = _share(one["tpr"], one["intervals"]["tpr"])
        lines.append(f"{one['decoys']:>6}  {one['listed']:>7.1f}  {precision:<24}  {recall}")
    lines += ["", "Means over the attacks; each interval is the exact binomial one of one attack."]
    return "\n".join([*lines, "", f"Page: {page}"])


def _share(value: float, limits: list[float]) -> str:
    return f"{value:.3f} [{limits[0]:.3f}, {limits[1]:.3f}]"
