"""Audit of recommendation lists: how well an attack tells whose data a recommender learned from."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from recmia.audit import sides
from recmia.audit.guesses import guesses
from recmia.audit.measures import FPRS, REPEATS, measure, measure_baseline, noise_floor
from recmia.audit.output import METRICS, check_out, folder_aside
from recmia.audit.page import answer_of, draw_histogram, draw_roc, write_page
from recmia.audit.provenance import provenance
from recmia.audit.riskiest import riskiest
from recmia.audit.scoring import AuditSettings, Scored, attack_lists, popular_share
from recmia.audit.sides import Side, read_side
from recmia.audit.tables import find
from recmia.audit.ties import ties
from recmia.audit.vectors import ItemSpace, places, read_item_space
from recmia.data.files import parts
from recmia.errors import DataError
from recmia.likelihood_ratio.shadow_thresholds import BALANCED, shadow_thresholds
from recmia.progress import track
from recmia.spreadsheets import as_text
from recmia.storage import file_hash, write_aside, write_json

KIND = "recmia audit lists"
SCORES = "scores.csv"
FIGURES = ("roc.png", "roc.svg", "histogram.png", "histogram.svg")
FILES = (METRICS, SCORES, *FIGURES, "index.html")


def audit_lists(
    shadow: str | Path,
    target: str | Path,
    out: str | Path,
    settings: AuditSettings,
    *,
    vectors_from: str | Path | None = None,
    force: bool = False,
) -> dict[str, Any]:
    """Read both sides, attack the target's lists, and write what was found.

    Args:
        shadow: folder of the side whose membership is known: `recmia.audit.sides.read_side`.
        target: folder of the audited side; its ``membership.csv`` serves to score, and without it
            membership is predicted only.
        out: folder to write: ``scores.csv`` (the highest scores first), ``metrics.json``,
            ``index.html``, a histogram and, where there is membership, ROC curves.
        settings: how.
        vectors_from: interactions to factorise item vectors from.
        force: replace an earlier audit there, at the end.

    Returns:
        What stands in ``metrics.json``.

    Raises:
        DataError: a file is wrong.
        SettingsError: an option is not possible with these files.
        ArtifactError: ``out`` holds something, or cannot be written.
    """
    shadow, target, out = Path(shadow), Path(target), Path(out)
    vectors_from = None if vectors_from is None else Path(vectors_from)
    check_out(out, KIND, FILES, force)
    for folder in (shadow, target):
        if not folder.is_dir():
            raise DataError(
                "there is no such folder.", file=folder,
                remedy="name folders as `recmia audit example` writes them.",
            )  # fmt: skip
    space = read_item_space(shadow, target, vectors_from, dim=settings.dim, seed=settings.seed)
    files = [
        path
        for folder in (shadow, target)
        for name in (sides.INTERACTIONS, sides.RECOMMENDATIONS, sides.MEMBERSHIP)
        if (path := find(folder, name)).exists()
    ]
    with track(4, "reading") as bar:
        known = read_side(shadow, space, top_k=settings.top_k, labels=True, progress=bar.update)
        asked = read_side(target, space, top_k=settings.top_k, labels=False, progress=bar.update)
    _check_classes(known, shadow)
    if asked.membership is not None:
        _check_classes(asked, target)

    scored = attack_lists(known, asked, space.vectors, settings)
    scores = scored.target.mean(axis=0)
    thresholds: dict[str, float | None] = {BALANCED: scored.threshold}
    if scored.held_out is not None:
        # Of users that the attack did not learn from: of those that it did too few are accused.
        turns = [(scored.held_out, known.membership)]
        thresholds = shadow_thresholds(turns, FPRS) | thresholds
    sides_read = {"shadow": shadow, "target": target, "out": out, "vectors_from": vectors_from}
    found: dict[str, Any] = provenance(KIND, (), sides_read | asdict(settings)) | {
        "settings": asdict(settings)
        | {
            "threshold": scored.threshold,
            "item_vectors": space.source,
            "dim": space.vectors.shape[1],
        },
        "counts": _counts(known, asked, space),
        "skipped": {"shadow": known.skipped, "target": asked.skipped},
        "thresholds": thresholds,
        "files": {
            _label(part.path, shadow, target): file_hash(part.path)
            for path in (*files, *space.files)
            for part in parts(path)
        },
        "degenerate": ties(scores)
        | {"seeds": [ties(one)["most_common_share"] for one in scored.target]},
        "riskiest": riskiest(
            scores, _traits(asked), _known(asked), level=settings.level, seed=settings.seed
        ),
    }
    called = scores >= scored.threshold
    found["counts"]["target"]["predicted_members"] = int(called.sum())
    curves = {}
    if asked.membership is not None:
        measured, curves = _measured(known, asked, space.vectors, settings, scored, thresholds)
        found |= measured
    found["answer"] = answer_of(found)
    with folder_aside(out) as aside:
        _write_scores(aside / SCORES, asked, scores, called)
        write_json(aside / METRICS, found)
        if curves:
            draw_roc(aside, curves)
        draw_histogram(aside, *curves.get("attack", (scores, None)))
        write_page(aside, found)
    return found


def _measured(
    shadow: Side,
    target: Side,
    vectors: np.ndarray,
    settings: AuditSettings,
    scored: Scored,
    thresholds: dict[str, float | None],
) -> tuple[dict[str, Any], dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Metrics and blind baselines of the labelled users, and the scores and labels to draw."""
    labelled, membership = target.labelled, target.membership[target.labelled]
    histories = attack_lists(shadow, target, vectors, settings, lists=False).target
    blind = {
        "histories_only": histories.mean(axis=0)[labelled],
        "popular_share": popular_share(shadow, target)[labelled],
    }
    with track(REPEATS * (1 + len(blind)), "intervals") as bar:
        how = {"level": settings.level, "seed": settings.seed, "progress": bar.update}
        found = measure(scored.target[:, labelled], membership, scored.threshold, **how)
        found["baselines"] = {
            name: measure_baseline(values, membership, **how) for name, values in blind.items()
        }
    found["noise_floor"] = noise_floor(membership, settings.level)
    mean = scored.target.mean(axis=0)[labelled]
    found["hard"] = guesses(mean, membership, thresholds, settings.level)
    drawn = {"attack": mean, **blind}
    return found, {name: (values, membership) for name, values in drawn.items()}


def _check_classes(side: Side, folder: Path) -> None:
    members = side.membership[side.labelled]
    if members.any() and not members.all():
        return
    raise DataError(
        f"{int(members.sum()):,} members and {int((~members).sum()):,} non-members among the users "
        "that can be audited; both are needed.",
        file=folder / sides.MEMBERSHIP, column="member",
        remedy="label users of both kinds that have interactions and a list"
        "; without membership.csv in the target's folder, membership is predicted only.",
    )  # fmt: skip


def _counts(shadow: Side, target: Side, space: ItemSpace) -> dict[str, Any]:
    counts: dict[str, Any] = {"shadow": shadow.counts, "target": target.counts}
    counts["items_with_a_vector"] = len(space.items)
    counts["users_on_both_sides"] = _shared(target.users, shadow.users)
    if space.users is not None:
        counts["vectors_from"] = {
            "users": len(space.users),
            "users_also_in_shadow": _shared(space.users, shadow.users),
            "users_also_in_target": _shared(space.users, target.users),
        }
    return counts


def _shared(names: pa.Array, others: pa.Array) -> int:
    return int((places(names, others) >= 0).sum())


def _label(path: Path, shadow: Path, target: Path) -> str:
    """Name of an input that says its role and no machine's folders."""
    for role, folder in (("shadow", shadow), ("target", target)):
        if path.is_relative_to(folder):
            return f"{role}/{path.relative_to(folder).as_posix()}"
    return path.name


def _known(side: Side) -> np.ndarray | None:
    """int [n]: 1 for members, 0 for non-members, -1 where it is not known."""
    if side.membership is None:
        return None
    return np.where(side.labelled, side.membership.astype(int), -1)


def _traits(side: Side) -> dict[str, np.ndarray]:
    """float64 [n] each: how long histories are, and how many users share a history's items."""
    lengths = np.diff(side.history_offsets)
    owner = np.repeat(np.arange(len(side)), lengths)
    # Histories are sorted by user and item: what differs from the entry before it is new.
    first = np.ones(len(owner), dtype=bool)
    first[1:] = (np.diff(owner) != 0) | (np.diff(side.history_items) != 0)
    users = np.bincount(side.history_items[first])
    popularity = np.add.reduceat(users[side.history_items], side.history_offsets[:-1]) / lengths
    return {"history_length": lengths.astype(np.float64), "popularity": popularity}


def _write_scores(path: Path, side: Side, scores: np.ndarray, called: np.ndarray) -> None:
    """A row a user, the highest scores first, equal ones by id: no file's order shows."""
    order = np.argsort(-scores, kind="stable")
    columns = {
        "user_id": [as_text(user) for user in side.users.take(pa.array(order)).to_pylist()],
        "score": scores[order].tolist(),
        "member_predicted": called[order].astype(int).tolist(),
    }
    if (known := _known(side)) is not None:
        columns["member"] = ["" if one < 0 else one for one in known[order].tolist()]
    with write_aside(path) as aside, open(aside, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
