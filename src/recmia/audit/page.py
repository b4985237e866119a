"""What an audit shows a person: the ROC picture, the page, and the lines on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recmia.audit.answer import Words, answer, not_measured, said_of, told
from recmia.evaluation.metrics import roc_curve
from recmia.evaluation.predictive_value import PRIORS
from recmia.evaluation.verdict import LEAK, NONE_FOUND, OPEN, UNEQUAL
from recmia.likelihood_ratio.shadow_thresholds import BALANCED
from recmia.pages import data_address, fill
from recmia.storage import write_text

TEMPLATES = Path(__file__).with_name("templates")
NAMES = {
    "attack": "attack on the lists",
    "histories_only": "histories only",
    "popular_share": "share of popular items",
}
TRAITS = {
    "history_length": "interactions in the history",
    "popularity": "users who share an item of the history, on average",
}
_SMALLER = "To rule out a smaller leak take more users or more --seeds: both narrow the interval."
WORDS = Words(
    many="users",
    outsiders="users that were not trained on",
    members="that were",
    rare="one user in a hundred was trained on",
    threshold="a threshold fixed on the shadow side",
    blind={
        "histories_only": "the same attack on the histories alone (no lists)",
        "popular_share": "the share of popular items in a list (a rule that learns nothing)",
    },
    unequal={
        "histories_only": "Draw members and non-members at random from one population, and run "
        "again: their histories differ whatever the recommender does.",
        "popular_share": "Serve members and non-members by the same model, and run again. As it "
        "is, lists of two kinds are told apart, such as popular items for newcomers and personal "
        "ones for the others: outsiders see who was known to the system, not what a model "
        "remembers.",
    },
    next_steps={
        LEAK: (
            "Try what makes the model remember less: fewer epochs, more users, stronger "
            "regularisation, shorter lists. Audit again, and set the two side by side with "
            "recmia audit compare.",
            "Look in scores.csv at the users with the highest scores.",
        ),
        NONE_FOUND: (
            _SMALLER,
            "Try another --attack, and recmia audit scores where probabilities can be had: they "
            "tell more than lists.",
        ),
        OPEN: (_SMALLER,),
    },
    tied="Train the attack for longer (--epochs) or on item vectors of another length (--dim).",
)
METRIC_NAMES = {
    "roc_auc": "ROC AUC",
    "hard_label_auc": "hard-label AUC (balanced accuracy)",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
}
_PLACES = 1000  # of each axis at which a drawn curve is looked at


def draw_roc(
    folder: Path,
    curves: dict[str, tuple[np.ndarray, np.ndarray]],
    names: dict[str, str] = NAMES,
) -> None:
    """Draw ``roc.png`` and ``roc.svg`` on logarithmic axes.

    Args:
        folder: where to.
        curves: scores float [n] and membership bool [n] by name.
        names: what the figure calls them.
    """
    import pandas as pd

    from recmia.plots import roc_curves, save_figure

    frames = []
    for name, (scores, membership) in curves.items():
        fpr, tpr = roc_curve(scores, membership)
        # 200,000 users have as many corners; a picture shows where the curve is at each place.
        grid = np.concatenate(
            [np.linspace(0, 1, _PLACES), np.geomspace(1 / len(scores), 1, _PLACES)]
        )
        kept = np.unique(np.searchsorted(fpr, grid, side="right") - 1)
        frames.append(pd.DataFrame({"fpr": fpr[kept], "tpr": tpr[kept], "attack": names[name]}))
    frame = pd.concat(frames).assign(condition="target")
    save_figure(roc_curves(frame, title="Members found against false alarms"), folder, "roc")


def draw_histogram(folder: Path, scores: np.ndarray, membership: np.ndarray | None) -> None:
    """Draw ``histogram.png`` and ``histogram.svg``.

    Args:
        folder: where to.
        scores: float64 [n] of the attack.
        membership: bool [n], or None where it is not known.
    """
    from recmia.plots import save_figure
    from recmia.plots.histogram import histogram

    title = "Scores of everybody" if membership is None else "Scores of members and non-members"
    save_figure(histogram(scores, membership, title=title), folder, "histogram")


def pictures(folder: Path, *names: str) -> dict[str, str]:
    """Addresses that hold the pictures of these names, of those that were drawn."""
    paths = {name: folder / f"{name}.png" for name in names}
    return {name: data_address(path) for name, path in paths.items() if path.exists()}


def write_page(folder: Path, found: dict[str, Any]) -> None:
    """Write ``index.html``, a page that needs no other file.

    Args:
        folder: holds the figures.
        found: what stands in ``metrics.json``.
    """
    from recmia.attacks.registry import ATTACKS

    values = {
        "found": found,
        "source": ATTACKS[found["settings"]["attack"]].source,
        "names": NAMES,
        "metric_names": METRIC_NAMES,
        "traits": TRAITS,
        "priors": PRIORS,
        "balanced": BALANCED,
        "unequal": UNEQUAL,
        "caveats": caveats(found),
        "pictures": pictures(folder, "roc", "histogram"),
    }
    text = fill(TEMPLATES / "lists.html.j2", values)
    write_text(folder / "index.html", text)


def answer_of(found: dict[str, Any]) -> dict[str, Any]:
    """See `recmia.audit.answer.answer`."""
    if "roc_auc" not in found:
        counts = found["counts"]["target"]
        return not_measured(
            f"{counts['predicted_members']:,} of {counts['users_audited']:,} users are called "
            "members. How often that is right is not known: the target's membership.csv is absent.",
            found["degenerate"],
            WORDS,
        )
    return answer(
        found["roc_auc"],
        tuple(found["intervals"]["roc_auc"]),
        found["baselines"],
        found["degenerate"],
        found["hard"],
        WORDS,
    )


def caveats(found: dict[str, Any]) -> list[str]:
    """What must be known to read the verdict right, in sentences."""
    notes = []
    if "roc_auc" in found and found["intervals"]["roc_auc"][1] < 0.5:
        notes.append(
            "The attack is worse than a coin: the lists do tell the two apart, but not as on the "
            "shadow side. The shadow recommender does not stand for this one."
        )
    alike = sum(share == 1 for share in found["degenerate"]["seeds"])
    if alike and not found["degenerate"]["degenerate"]:
        notes.append(
            f"{alike} of {len(found['degenerate']['seeds'])} seeds of the attack are degenerate, "
            f"the same score for everybody, and widen the interval. {WORDS.tied}"
        )
    for name, baseline in found.get("baselines", {}).items():
        # The one that decided is in the verdict's reason already.
        if baseline["excludes_half"] and name != found["answer"]["baseline"]:
            notes.append(
                f"Without the attack: {WORDS.blind[name]} has {said_of(baseline)}. That part is no "
                f"memory. {WORDS.unequal[name]}"
            )
    counts = found["counts"]
    if counts["users_on_both_sides"]:
        notes.append(
            f"{counts['users_on_both_sides']:,} user ids are on both sides. If they are the same "
            "people, the attack has seen them in training and its result is too good."
        )
    if overlap := counts.get("vectors_from"):
        shadow, target = overlap["users_also_in_shadow"], overlap["users_also_in_target"]
        if shadow or target:
            notes.append(
                f"The item vectors were made from interactions that include {shadow:,} audited "
                f"users of the shadow side and {target:,} of the target's. The paper keeps the "
                "three sets apart."
            )
    lengths = [counts[side]["list_length"]["most"] for side in ("shadow", "target")]
    if lengths[0] != lengths[1]:
        notes.append(
            f"The longest lists have {lengths[0]:,} items on the shadow side and {lengths[1]:,} on "
            "the target's; --top-k makes them alike."
        )
    for side in ("shadow", "target"):
        left_out = sum(found["skipped"][side]["users"].values())
        if left_out > 0.1 * counts[side]["users"]:
            notes.append(
                f"{left_out:,} of {counts[side]['users']:,} users of the {side} side were skipped."
            )
        for kind in ("interactions", "recommendations"):
            unknown = found["skipped"][side][f"{kind}_without_a_vector"]
            if unknown > 0.01 * counts[side][kind]:
                notes.append(
                    f"{unknown:,} of {counts[side][kind]:,} {kind} of the {side} side are of items "
                    "without a vector and were left out."
                )
    return notes


def summary(found: dict[str, Any], page: Path) -> str:
    """Lines for the terminal."""
    counts, skipped = found["counts"], found["skipped"]
    lines = []
    for side in ("shadow", "target"):
        n = counts[side]
        left_out = sum(skipped[side]["users"].values())
        labels = f"{n['members']:,} members, {n['nonmembers']:,} non-members"
        if side == "target" and "roc_auc" not in found:
            labels = "membership unknown"
        lines.append(
            f"{side.capitalize():<8}{n['users_audited']:,} users ({labels}); {left_out:,} skipped"
        )
    lines += ["", *told(found["answer"])]
    if "roc_auc" in found:
        lines.append("")
        for key, name in METRIC_NAMES.items():
            low, high = found["intervals"][key]
            lines.append(f"{name:<36}{found[key]:.3f} [{low:.3f}, {high:.3f}]")
        for fpr, value in found["tpr_at_fpr"].items():
            name = f"TPR at {100 * float(fpr):g}% FPR"
            if value is None:
                lines.append(f"{name:<36}not measured: {found['tpr_at_fpr_reason'][fpr]}")
            else:
                low, high = found["intervals"]["tpr_at_fpr"][fpr]
                lines.append(f"{name:<36}{value:.3f} [{low:.3f}, {high:.3f}]")
        if found["answer"]["verdict"] != UNEQUAL:
            lines.append(f"{'epsilon is at least':<36}{found['epsilon_lower_bound']:.2f}")
        for key, baseline in found["baselines"].items():
            lines.append(f"{'baseline: ' + NAMES[key]:<36}{_area(baseline)}")
    lines += [f"\nNote: {note}" for note in caveats(found)]
    return "\n".join([*lines, "", f"Page: {page}"])


def _area(baseline: dict[str, Any]) -> str:
    low, high = baseline["interval"]
    return f"{baseline['roc_auc']:.3f} [{low:.3f}, {high:.3f}]"
