"""Two audits side by side, such as before and after a defence: what changed, how sure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recmia.audit import lists, scores
from recmia.audit.compare_page import answer_of, write_page
from recmia.audit.output import METRICS, check_out, folder_aside, read_metrics
from recmia.audit.provenance import provenance
from recmia.errors import ArtifactError, SettingsError
from recmia.evaluation.differences import evaluate_difference
from recmia.evaluation.measurement import ScoredUnits
from recmia.spreadsheets import WRITTEN
from recmia.storage import file_hash, write_json

KIND = "recmia audit compare"
FILES = (METRICS, "index.html")
REPEATS = 1000
SAME = 0.9  # share of the larger audit's users or records that both must hold to be paired


@dataclass(frozen=True)
class _Audit:
    """An audit's folder.

    Attributes:
        folder: where it lies.
        found: its ``metrics.json``.
        frame: ``id``, ``score``, ``member`` (0 or 1) and ``group``, those of known membership.
        attack: whose scores these are.
    """

    folder: Path
    found: dict[str, Any]
    frame: pl.DataFrame
    attack: str


def compare(
    before: str | Path,
    after: str | Path,
    out: str | Path,
    *,
    level: float = 0.95,
    seed: int = 0,
    force: bool = False,
) -> dict[str, Any]:
    """Compare the folders of two audits and write what changed.

    Where the two are about the same users or records, with the same membership, the difference is
    paired over them; else each is resampled by itself.

    Args:
        before: folder of `recmia audit lists` or `recmia audit scores`.
        after: folder of another audit of the same kind.
        out: folder to write: ``metrics.json`` and ``index.html``.
        level: coverage of the intervals.
        seed: root of the bootstrap.
        force: replace an earlier comparison there, at the end.

    Returns:
        What stands in ``metrics.json``.

    Raises:
        ArtifactError: a folder holds no audit that can be compared, or ``out`` holds something.
        SettingsError: the level is not possible.
    """
    before, after, out = Path(before), Path(after), Path(out)
    if not 0 < level < 1:
        raise SettingsError(f"--level {level}: must lie between 0 and 1, such as 0.95.")
    check_out(out, KIND, FILES, force)
    audits = _read(before, after)
    units, pairing = _units(*audits)
    paired = pairing["paired"]
    found = provenance(KIND, (before, after), {"out": out, "level": level, "seed": seed}) | {
        "settings": {"level": level, "seed": seed},
        "of": audits[0].found["kind"],
        "attacks": [audit.attack for audit in audits],
        "pairing": pairing,
        "files": {
            f"{role}/{name}": file_hash(audit.folder / name)
            for role, audit in zip(("before", "after"), audits, strict=True)
            for name in (METRICS, scores.SCORES)
        },
        "before": _summary(audits[0]),
        "after": _summary(audits[1]),
        "differences": [
            {"metric": one.metric, "value": one.value, "interval": [one.ci_low, one.ci_high]}
            for one in evaluate_difference(
                units[1], units[0], paired=paired, repeats=REPEATS, level=level, seed=seed
            )
        ],
    }
    found["answer"] = answer_of(found)
    with folder_aside(out) as aside:
        write_json(aside / METRICS, found)
        write_page(aside, found)
    return found


def _read(before: Path, after: Path) -> tuple[_Audit, _Audit]:
    metrics = []
    for folder in (before, after):
        found = read_metrics(folder / METRICS)
        if found.get("kind") not in (lists.KIND, scores.KIND) or "answer" not in found:
            raise ArtifactError(
                f"{folder} holds no audit of lists or of scores by this version. Remedy: name "
                "what recmia audit lists or recmia audit scores wrote with --out; audit again "
                "where that was long ago."
            )
        if not isinstance(found["answer"], dict) or "value" not in found["answer"]:
            raise ArtifactError(f"{folder / METRICS} was edited. Remedy: audit again.")
        if found["answer"]["value"] is None:
            raise ArtifactError(
                f"{folder}: the audit knows nobody's membership, so that nothing was measured. "
                "Remedy: audit again with the target's membership."
            )
        metrics.append(found)
    first, second = metrics
    if first["kind"] != second["kind"]:
        raise ArtifactError(
            f"{before} was written by {first['kind']}, {after} by {second['kind']}. Remedy: "
            "compare two audits of one kind."
        )
    return tuple(
        _Audit(folder, found, *_scores(folder, found))
        for folder, found in zip((before, after), metrics, strict=True)
    )


def _scores(folder: Path, found: dict[str, Any]) -> tuple[pl.DataFrame, str]:
    """The scores that the audit's verdict is about, and the attack's name."""
    path = folder / scores.SCORES
    if found["kind"] == lists.KIND:
        attack = found["settings"]["attack"]
        wanted = {"id": "user_id", "score": "score", "member": "member", "group": "user_id"}
    else:
        attack = found["verdict_attack"]
        group = "record_id" if found["counts"]["users"] is None else "user_id"
        wanted = {"id": "record_id", "score": attack, "member": "membership", "group": group}
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ArtifactError(f"{path} cannot be read. Remedy: audit again.") from error
    for column in wanted.values():
        if column not in frame.columns:
            raise ArtifactError(f"{path}, column '{column}': missing. Remedy: audit again.")
    frame = frame.select(pl.col(column).alias(name) for name, column in wanted.items())
    texts = pl.col("id", "group")
    try:
        frame = frame.with_columns(
            pl.col("score").cast(pl.Float64),
            pl.col("member").cast(pl.Int8, strict=False),
            pl.when(texts.str.contains(WRITTEN)).then(texts.str.slice(1)).otherwise(texts),
        )
    except pl.exceptions.PolarsError as error:
        raise ArtifactError(f"{path} was edited: {error}. Remedy: audit again.") from error
    return frame.drop_nulls("member"), attack


def _units(before: _Audit, after: _Audit) -> tuple[tuple[ScoredUnits, ScoredUnits], dict[str, Any]]:
    """What is compared, in the same order where it is paired, and how many that are."""
    both = before.frame.join(after.frame, on=["id", "member"], how="inner", suffix="_after")
    both = both.sort("id")
    most = max(len(before.frame), len(after.frame))
    kinds = both["member"].n_unique()
    pairing = {
        "paired": bool(len(both) >= SAME * most and kinds == 2),
        "shared": len(both),
        "before": len(before.frame),
        "after": len(after.frame),
    }
    if not pairing["paired"]:
        return tuple(_scored(one.frame, "score") for one in (before, after)), pairing
    return (_scored(both, "score"), _scored(both, "score_after")), pairing


def _scored(frame: pl.DataFrame, score: str) -> ScoredUnits:
    groups = np.unique(frame["group"].to_numpy(), return_inverse=True)[1]
    return ScoredUnits(
        frame[score].to_numpy(), frame["member"].to_numpy() == 1, groups, float("inf")
    )


def _summary(audit: _Audit) -> dict[str, Any]:
    """What an audit found, as far as it is set beside another's."""
    found = audit.found
    one = found if found["kind"] == lists.KIND else found["attacks"][audit.attack]
    return {
        "folder": str(audit.folder),
        "date": found["date"],
        "version": found["version"],
        "answer": found["answer"],
        "roc_auc": one["roc_auc"],
        "tpr_at_fpr": one["tpr_at_fpr"],
        "intervals": one["intervals"],
        "hard": one["hard"],
    }
