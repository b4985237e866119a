"""What an audit shows a person: the ROC picture, the page, and the lines on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recmia.evaluation.metrics import roc_curve
from recmia.pages import data_address, fill
from recmia.storage import write_text

TEMPLATES = Path(__file__).with_name("templates")
NAMES = {
    "attack": "attack on the lists",
    "histories_only": "histories only",
    "popular_share": "share of popular items",
}
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


def write_page(folder: Path, found: dict[str, Any]) -> None:
    """Write ``index.html``, a page that needs no other file.

    Args:
        folder: holds ``roc.png`` where there are metrics.
        found: what stands in ``metrics.json``.
    """
    from recmia.attacks.registry import ATTACKS

    picture = folder / "roc.png"
    values = {
        "found": found,
        "source": ATTACKS[found["settings"]["attack"]].source,
        "names": NAMES,
        "metric_names": METRIC_NAMES,
        "verdict": verdict(found),
        "caveats": caveats(found),
        "picture": data_address(picture) if picture.exists() else None,
    }
    text = fill(TEMPLATES / "lists.html.j2", values)
    write_text(folder / "index.html", text)


def verdict(found: dict[str, Any]) -> str:
    """One sentence: what the attack found."""
    counts = found["counts"]["target"]
    if "roc_auc" not in found:
        return (
            f"{counts['predicted_members']:,} of {counts['users_audited']:,} users are called "
            "members. How often that is right is not known: the target's membership.csv is absent."
        )
    low, high = found["intervals"]["roc_auc"]
    area = f"ROC AUC {found['roc_auc']:.3f} [{low:.3f}, {high:.3f}]"
    if low > 0.5:
        return (
            f"The lists tell members from non-members: {area}. Of a member and a non-member, the "
            f"attack points at the right one {100 * found['roc_auc']:.0f} times in 100."
        )
    if high < 0.5:
        return (
            f"The attack is worse than a coin: {area}. The lists do tell the two apart, but not as "
            "on the shadow side; the shadow recommender does not stand for this one."
        )
    return (
        f"No leak was found: {area} includes 0.5, a coin. That is true of this attack, this shadow "
        "recommender and this many users; it is no proof that nothing leaks."
    )


def caveats(found: dict[str, Any]) -> list[str]:
    """What must be known to read the verdict right, in sentences."""
    notes = []
    baselines = found.get("baselines", {})
    if baselines and baselines["histories_only"]["excludes_half"]:
        notes.append(
            "Members and non-members differ by themselves: their histories alone, without any "
            f"list, give ROC AUC {_area(baselines['histories_only'])}. That part is no leak of the "
            "recommender; draw members and non-members at random from one population."
        )
    if baselines and baselines["popular_share"]["excludes_half"]:
        notes.append(
            "A rule that learns nothing, the share of popular items in a list, gives ROC AUC "
            f"{_area(baselines['popular_share'])}, as where the lists of two algorithms are told "
            "apart, such as popular items for newcomers and personal ones for the others. That "
            "still shows outsiders who was known to the system, but not what a model remembers."
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
    lines += ["", verdict(found)]
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
        lines.append(f"{'epsilon is at least':<36}{found['epsilon_lower_bound']:.2f}")
        for key, baseline in found["baselines"].items():
            lines.append(f"{'baseline: ' + NAMES[key]:<36}{_area(baseline)}")
    lines += [f"\nNote: {note}" for note in caveats(found)]
    return "\n".join([*lines, "", f"Page: {page}"])


def _area(baseline: dict[str, Any]) -> str:
    low, high = baseline["interval"]
    return f"{baseline['roc_auc']:.3f} [{low:.3f}, {high:.3f}]"
