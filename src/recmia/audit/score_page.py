"""What an audit of scores shows a person: two figures, the page, and the lines on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recmia.audit.answer import Words, answer, not_measured, said_of, told
from recmia.audit.page import TEMPLATES, draw_roc, pictures
from recmia.evaluation.predictive_value import PRIORS
from recmia.evaluation.verdict import LEAK, NONE_FOUND, OPEN
from recmia.likelihood_ratio.scores import SOURCES
from recmia.likelihood_ratio.shadow_thresholds import BALANCED
from recmia.pages import fill
from recmia.storage import write_text

NAMES = {
    "loss": "loss",
    "calibration": "calibrated loss",
    "lira_online": "LiRA",
    "lira_offline": "LiRA, offline",
    "base1_online": "BASE1",
    "base1_offline": "BASE1, offline",
    "base2_online": "BASE2",
    "base3_online": "BASE3",
    "base4_online": "BASE4",
    "rmia_online": "RMIA",
    "rmia_offline": "RMIA, offline",
    "bavaria_n_online": "BaVarIA-n",
    "bavaria_n_offline": "BaVarIA-n, offline",
    "bavaria_t_online": "BaVarIA-t",
    "bavaria_t_offline": "BaVarIA-t, offline",
    "quantile": "quantile regression",
}
BASELINES = {
    "steps": "number of steps of a record",
    "shadows": "mean log-probability under the shadows, without the target",
}
TRAITS = {
    "steps": "steps of the record",
    "shadows": "log-probability a step under the shadows: how usual it is",
    "records": "records of the record's user",
}
_UNEQUAL = (
    "Draw the records that the model is not trained on at random from the same population and the "
    "same time as the others, and run again."
)
_SMALLER = "To rule out a smaller leak take more records or more shadows: both narrow the interval."
WORDS = Words(
    many="records",
    outsiders="records that were not trained on",
    members="that were",
    rare="one record in a hundred was trained on",
    threshold="a threshold fixed on the shadows",
    blind={
        "steps": "the number of steps of a record (which no model is needed for)",
        "shadows": "the mean log-probability under the shadows (without the target)",
    },
    unequal=dict.fromkeys(("steps", "shadows"), _UNEQUAL),
    next_steps={
        LEAK: (
            "Try what makes the model remember less: fewer epochs, more records, dropout, or "
            "training with differential privacy. Audit again, and set the two side by side with "
            "recmia audit compare.",
            "Give out lists in place of probabilities; recmia audit lists says what is left.",
        ),
        NONE_FOUND: (_SMALLER, "Look at the other attacks below, and audit a later epoch too."),
        OPEN: (_SMALLER,),
    },
    tied="Look at the export first: the log-probabilities hardly differ.",
)
_DRAWN = ("loss", "calibration", "lira_online", "rmia_online", "bavaria_t_online", "quantile")
_LEFT_OUT = 0.1  # share of records without a score from which on it is told


def draw_curves(folder: Path, scores: dict[str, np.ndarray], membership: np.ndarray) -> None:
    """Draw ``roc.png`` and ``roc.svg`` of six attacks at most, so that lines can be told apart."""
    curves = {}
    for name in _DRAWN:
        if name not in scores:
            continue
        seen = ~np.isnan(scores[name])
        member = membership[seen]
        if member.any() and not member.all():
            curves[name] = scores[name][seen], member
    draw_roc(folder, curves, NAMES)


def draw_areas(folder: Path, found: dict[str, Any]) -> None:
    """Draw ``areas.png`` and ``areas.svg``: every attack's ROC AUC with its interval."""
    import pandas as pd

    from recmia.plots import dots, save_figure

    rows = [
        (NAMES[name], one["roc_auc"], *one["intervals"]["roc_auc"])
        for name, one in found["attacks"].items()
        if "roc_auc" in one
    ]
    frame = pd.DataFrame(rows, columns=["line", "value", "ci_low", "ci_high"])
    frame = frame.assign(series="target", panel="", paper_value=np.nan)
    save_figure(dots(frame, title="Every attack", xlabel="ROC AUC"), folder, "areas")


def write_page(folder: Path, found: dict[str, Any]) -> None:
    """Write ``index.html``, a page that needs no other file.

    Args:
        folder: holds the figures.
        found: what stands in ``metrics.json``.
    """
    values = {
        "found": found,
        "names": NAMES,
        "sources": SOURCES,
        "baselines": BASELINES,
        "balanced": BALANCED,
        "priors": PRIORS,
        "traits": TRAITS,
        "caveats": caveats(found),
        "pictures": pictures(folder, "roc", "areas", "histogram"),
    }
    write_text(folder / "index.html", fill(TEMPLATES / "scores.html.j2", values))


def answer_of(found: dict[str, Any]) -> dict[str, Any]:
    """See `recmia.audit.answer.answer`; it is about the attack that was chosen beforehand."""
    if "attacks" not in found:
        return not_measured(
            f"{found['counts']['records']:,} records are scored. How well the scores tell members "
            "is not known: membership.csv has no column 'target'.",
            found["degenerate"],
            WORDS,
        )
    one = found["attacks"][found["verdict_attack"]]
    return answer(
        one["roc_auc"],
        tuple(one["intervals"]["roc_auc"]),
        found["baselines"],
        found["degenerate"],
        one["hard"],
        WORDS,
    )


def caveats(found: dict[str, Any]) -> list[str]:
    """What must be known to read the verdict right, in sentences."""
    counts, notes = found["counts"], []
    notes += _of_shadows(counts)
    if alike := found.get("memberships_alike"):
        notes.append(
            f"The membership of {_named(alike)} is exactly the target's or its opposite. Such a "
            "shadow gives the target's members away by itself; take its file out and run again."
        )
    attacks = found.get("attacks", {})
    if (limits := found["answer"]["interval"]) and limits[1] < 0.5:
        notes.append(
            "The attack is worse than a coin: scores do tell the two apart, but the wrong way "
            "round. Look whether the columns of membership.csv are those of their models."
        )
    if flat := [NAMES[name] for name, one in attacks.items() if one["degenerate"]]:
        notes.append(f"Degenerate, the same score for almost every record: {_named(flat)}.")
    for key, baseline in found.get("baselines", {}).items():
        # The one that decided is in the verdict's reason already.
        if baseline and baseline["excludes_half"] and key != found["answer"]["baseline"]:
            notes.append(
                f"Without the target: {WORDS.blind[key]} has {said_of(baseline)}. That part is no "
                "memory; draw members at random."
            )
    main = attacks.get(found["verdict_attack"], {})
    for one in main.get("hard", {}).values():
        if one["fpr_as_aimed"] is False:
            low, high = one["intervals"]["fpr"]
            notes.append(
                f"At the threshold that accuses {100 * one['aimed_fpr']:g}% of the shadows' "
                f"non-members, {100 * one['fpr']:.2f}% [{100 * low:.2f}, {100 * high:.2f}] of the "
                "target's are accused: the shadows do not stand for the target there."
            )
    for name, one in found["skipped"]["records_without_a_score"].items():
        if one["records"] > _LEFT_OUT * counts["records"] and name in _DRAWN:
            notes.append(
                f"{NAMES[name]} leaves {one['records']:,} of {counts['records']:,} records without "
                f"a score: it {one['reason']}."
            )
    if (rate := found.get("quantile_rate")) and rate["fpr"] is not None and not rate["holds"]:
        notes.append(
            f"Quantile regression accuses {100 * rate['fpr']:.2f}% of the non-members by its own "
            f"threshold where it aims at {100 * rate['aimed_fpr']:g}%: outside 1.96 standard "
            "errors, so it is not calibrated here."
        )
    if attacks:
        notes.append(
            "Intervals are over the records (whole users, where they are known) of this one target "
            "model. Another training of the same system may come out otherwise."
        )
    return notes


def _of_shadows(counts: dict[str, Any]) -> list[str]:
    if counts["shadows"] == 0:
        return [
            "There is no shadow. What remains is the loss alone: easy records look like members, "
            "no threshold can be fixed, and a small leak stays unseen. Train a shadow or more."
        ]
    if counts["shadows"] == 1:
        return [
            "With one shadow no record has been seen both with and without itself: attacks that "
            "compare the two are left out, and only the loss has a threshold. Eight shadows or "
            "more are usual."
        ]
    return []


def summary(found: dict[str, Any], page: Path) -> str:
    """Lines for the terminal."""
    counts = found["counts"]
    labels = "membership unknown"
    if counts["members"] is not None:
        labels = f"{counts['members']:,} members, {counts['nonmembers']:,} non-members"
    users = "" if counts["users"] is None else f" of {counts['users']:,} users"
    lines = [
        f"{counts['records']:,} records{users} ({labels}); {counts['rows']:,} steps; "
        f"{counts['shadows']} shadow{'' if counts['shadows'] == 1 else 's'}",
        "",
        *told(found["answer"]),
        "",
    ]
    for name, one in found.get("attacks", {}).items():
        if "roc_auc" not in one:
            continue
        low, high = one["intervals"]["roc_auc"]
        rate = one["tpr_at_fpr"]["0.01"]
        shown = "" if rate is None else f"   TPR at 1% FPR {rate:.3f}"
        flat = "   degenerate" if one["degenerate"] else ""
        lines.append(
            f"{NAMES[name]:<22}ROC AUC {one['roc_auc']:.3f} [{low:.3f}, {high:.3f}]{shown}{flat}"
        )
    if left := found["skipped"]["attacks"]:
        lines.append(f"Left out: {_named([NAMES[name] for name in left])}.")
    lines += [f"\nNote: {note}" for note in caveats(found)]
    return "\n".join([*lines, "", f"Page: {page}"])


def _named(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
