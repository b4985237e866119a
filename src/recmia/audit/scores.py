"""Audit of scores: likelihood-ratio attacks on exported log-probabilities of any recommender."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from recmia.audit.measures import FPRS
from recmia.audit.output import METRICS, check_out, folder_aside, write_ids
from recmia.audit.page import draw_histogram
from recmia.audit.provenance import provenance
from recmia.audit.riskiest import riskiest
from recmia.audit.score_files import MEMBERSHIP, RECORD, USER, ScoreFiles, read_score_files
from recmia.audit.score_measures import area_of, measure_attack
from recmia.audit.score_page import answer_of, draw_areas, draw_curves, write_page
from recmia.audit.score_thresholds import others, shadow_scores, twins
from recmia.audit.tables import find
from recmia.audit.ties import ties
from recmia.data.files import parts
from recmia.errors import DataError, SettingsError
from recmia.evaluation.metrics import fpr_is_measurable
from recmia.evaluation.predictive_value import PRIORS
from recmia.likelihood_ratio import quantile as regression
from recmia.likelihood_ratio.scores import (
    LOSS,
    NEEDS,
    QUANTILE,
    SOURCES,
    score_all,
)
from recmia.likelihood_ratio.shadow_thresholds import shadow_thresholds
from recmia.progress import track
from recmia.storage import file_hash, write_aside, write_json

KIND = "recmia audit scores"
SCORES, USERS = "scores.csv", "users.csv"
FIGURES = tuple(
    f"{stem}.{kind}" for stem in ("roc", "areas", "histogram") for kind in ("png", "svg")
)
FILES = (METRICS, SCORES, USERS, *FIGURES, "index.html")
# The verdict is about one attack, chosen by what there is and never by what it finds: the posterior
# of few shadows, records' own variances where there are enough, one-sided where none knew a record.
VERDICT = ("bavaria_t_online", "lira_offline", "base1_online", LOSS)
VERDICT_OF_MANY = ("lira_online", *VERDICT)


@dataclass(frozen=True)
class ScoreSettings:
    """How scores are audited.

    Attributes:
        level: coverage of the intervals.
        seed: root of every random choice.

    Raises:
        SettingsError: a value is not possible.
    """

    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise SettingsError(f"--level {self.level}: must lie between 0 and 1, such as 0.95.")


def audit_scores(
    folder: str | Path, out: str | Path, settings: ScoreSettings, *, force: bool = False
) -> dict[str, Any]:
    """Read a folder, run every attack that its shadows allow, and write what was found.

    Args:
        folder: see `recmia.audit.score_files.read_score_files`.
        out: folder to write: ``scores.csv`` and, where there are users, ``users.csv``, both by
            falling scores of the attack that the verdict is about; ``metrics.json``,
            ``index.html``, a histogram, and more figures where the target's membership is known.
        settings: how.
        force: replace an earlier audit there, at the end.

    Returns:
        What stands in ``metrics.json``.

    Raises:
        DataError: a file is wrong.
        ArtifactError: ``out`` holds something, or cannot be written.
    """
    folder, out = Path(folder), Path(out)
    check_out(out, KIND, FILES, force)
    if not folder.is_dir():
        raise DataError(
            "there is no such folder.", file=folder,
            remedy="name a folder as `recmia audit example scores` writes them.",
        )  # fmt: skip
    files = read_score_files(folder)
    if files.membership is not None and files.membership.all() | ~files.membership.any():
        raise DataError(
            f"{int(files.membership.sum()):,} members and {int((~files.membership).sum()):,} "
            "non-members; both are needed.",
            file=find(folder, MEMBERSHIP), column="target",
            remedy="export records of both kinds, or leave the column out: then records are "
            "scored only.",
        )  # fmt: skip
    scores = score_all(files.target, files.known, seed=settings.seed)
    turns = shadow_scores(files.known, seed=settings.seed) if files.names else {}
    thresholds = {
        name: shadow_thresholds(turns[name], FPRS) if name in turns else {} for name in scores
    }
    main = scores[_verdict_attack(files, scores)]
    found: dict[str, Any] = provenance(KIND, (folder,), {"out": out} | asdict(settings)) | {
        "settings": asdict(settings) | {"priors": list(PRIORS)},
        "counts": _counts(files),
        "skipped": _skipped(files, scores, thresholds),
        "thresholds": thresholds,
        "files": {
            part.path.relative_to(folder).as_posix(): file_hash(part.path)
            for path in files.files
            for part in parts(path)
        },
        "verdict_attack": _verdict_attack(files, scores),
        "degenerate": ties(main),
        "riskiest": riskiest(main, _traits(files), files.membership, **asdict(settings)),
    }
    if files.membership is not None:
        found |= _measured(files, scores, thresholds, settings)
    found["answer"] = answer_of(found)
    with folder_aside(out) as aside:
        _write_scores(aside, files, scores, found["verdict_attack"])
        write_json(aside / METRICS, found)
        if files.membership is not None:
            draw_curves(aside, scores, files.membership)
            draw_areas(aside, found)
        draw_histogram(aside, main, files.membership)
        write_page(aside, found)
    return found


def _measured(
    files: ScoreFiles,
    scores: dict[str, np.ndarray],
    thresholds: dict[str, dict[str, float | None]],
    settings: ScoreSettings,
) -> dict[str, Any]:
    """Metrics of every attack, of users, and of what tells members apart without the target."""
    how = {"level": settings.level, "seed": settings.seed}
    judged = {}
    if files.names:
        fewer = others(files.known, 0)
        judged = score_all(files.target, files.known, models=fewer, seed=settings.seed)
    records = np.arange(len(files))
    groups = records if files.users is None else files.users
    membership, measured = files.membership, {}
    with track(len(scores), "intervals") as bar:
        for name, values in scores.items():
            measured[name] = measure_attack(
                values, judged.get(name), membership, groups, thresholds[name], **how
            )
            bar.update()
    blind = _blind(files)
    found = {
        "attacks": measured,
        "hard_guesses_by_shadows": len(fewer) if files.names else 0,
        "baselines": {
            name: area_of(values, membership, groups, **how) for name, values in blind.items()
        },
        "memberships_alike": [
            name
            for number, name in enumerate(files.names)
            if twins(files.known, number, membership)
        ],
    }
    main = scores[_verdict_attack(files, scores)]
    found["by_steps"] = _areas_by_steps(files.steps, main, membership, groups, how)
    if QUANTILE in scores:
        found["quantile_rate"] = _quantile_rate(scores[QUANTILE][~membership])
    if files.users is not None:
        found["users"] = _user_areas(files, main, how)
    return found


def _areas_by_steps(
    steps: np.ndarray,
    scores: np.ndarray,
    membership: np.ndarray,
    groups: np.ndarray,
    how: dict[str, Any],
) -> list[dict[str, Any]]:
    """ROC AUC of short, middling and long records; nothing where all are equally long."""
    edges = np.unique(np.quantile(steps, [1 / 3, 2 / 3, 1], method="inverted_cdf"))
    part = np.searchsorted(edges, steps)
    found = []
    for number in range(len(edges) if len(edges) > 1 else 0):
        own = part == number
        area = area_of(scores[own], membership[own], groups[own], **how)
        if area is not None:
            span = {"least": int(steps[own].min()), "most": int(steps[own].max())}
            found.append({"steps": span, "records": int(own.sum())} | area)
    return found


def _quantile_rate(scores: np.ndarray) -> dict[str, Any]:
    """Whether the quantile's own threshold, 0, keeps the rate that it was fitted for."""
    scores = scores[~np.isnan(scores)]
    alpha, n = regression.ALPHA, len(scores)
    if not fpr_is_measurable(alpha, n):
        return {"aimed_fpr": alpha, "fpr": None}
    fpr, limit = float((scores > 0).mean()), 1.96 * float(np.sqrt(alpha * (1 - alpha) / n))
    return {"aimed_fpr": alpha, "fpr": fpr, "limit": limit, "holds": abs(fpr - alpha) <= limit}


def _user_areas(files: ScoreFiles, scores: np.ndarray, how: dict[str, Any]) -> dict[str, Any]:
    """ROC AUC of a user's mean and largest score; a user is a member by any record."""
    users = _by_user(files, {"score": scores})
    member = users["member_records"].to_numpy() > 0
    mixed = (users["member_records"] > 0) & (users["member_records"] < users["records"])
    areas = {
        kind: area_of(
            users[f"score_{kind}"].fill_null(float("nan")).to_numpy(),
            member,
            np.arange(len(member)),
            **how,
        )
        for kind in ("mean", "largest")
    }
    return {
        "users": len(member),
        "members": int(member.sum()),
        "with_records_of_both_kinds": int(mixed.sum()),
        **areas,
    }


def _by_user(files: ScoreFiles, scores: dict[str, np.ndarray]) -> pl.DataFrame:
    """A row a user, in the order of their first records: counts, mean and largest scores."""
    columns = {"user": files.users, "steps": files.steps}
    if files.membership is not None:
        columns["member_records"] = files.membership.astype(np.int64)
    frame = pl.DataFrame(columns | scores).with_columns(pl.col(*scores).fill_nan(None))
    kinds = [
        expression
        for name in scores
        for expression in (
            pl.col(name).mean().alias(f"{name}_mean"),
            pl.col(name).max().alias(f"{name}_largest"),
        )
    ]
    counted = [pl.len().alias("records"), pl.col("steps").sum()]
    if files.membership is not None:
        counted.append(pl.col("member_records").sum())
    return frame.group_by("user", maintain_order=True).agg(*counted, *kinds)


def _blind(files: ScoreFiles) -> dict[str, np.ndarray]:
    """float64 [n] each: what is known of the records without the target."""
    blind = {"steps": files.steps.astype(np.float64)}
    if files.names:
        blind["shadows"] = files.known.log_likelihood.mean(axis=1)
    return blind


def _traits(files: ScoreFiles) -> dict[str, np.ndarray]:
    """float64 [n] each: length, how usual the steps are, and how many records a user has."""
    traits = _blind(files)
    if files.names:
        traits["shadows"] /= files.steps
    if files.users is not None:
        traits["records"] = np.bincount(files.users)[files.users].astype(np.float64)
    return traits


def _write_scores(
    folder: Path, files: ScoreFiles, scores: dict[str, np.ndarray], main: str
) -> None:
    """``scores.csv``, and ``users.csv`` where there are users; an empty place is no score.

    Both have the highest scores of ``main`` first, users by their largest.
    """
    columns: dict[str, Any] = {RECORD: pl.Series(pl.from_arrow(files.records), dtype=pl.String)}
    if files.users is not None:
        names = pl.Series(pl.from_arrow(files.user_names), dtype=pl.String)
        columns[USER] = names.gather(files.users)
    if files.membership is not None:
        columns["membership"] = files.membership.astype(np.int8)
    frame = pl.DataFrame(columns | scores).with_columns(pl.col(*scores).fill_nan(None))
    with write_aside(folder / SCORES) as aside:
        write_ids(frame.sort(main, descending=True, maintain_order=True), aside)
    if files.users is None:
        return
    users = _by_user(files, scores)
    named = users.select(names.gather(users["user"]).alias(USER), pl.all().exclude("user"))
    with write_aside(folder / USERS) as aside:
        write_ids(named.sort(f"{main}_largest", descending=True, maintain_order=True), aside)


def _verdict_attack(files: ScoreFiles, scores: dict[str, np.ndarray]) -> str:
    """The first of the list that scores every record."""
    from recmia.likelihood_ratio.evidence import OWN_VARIANCE_FROM

    many = len(files.names) >= OWN_VARIANCE_FROM
    order = VERDICT_OF_MANY if many else VERDICT
    return next(name for name in order if name in scores and not np.isnan(scores[name]).any())


def _counts(files: ScoreFiles) -> dict[str, Any]:
    known, membership = files.known.membership, files.membership
    return {
        "records": len(files),
        "rows": files.rows,
        "steps": {"least": int(files.steps.min()), "most": int(files.steps.max())},
        "shadows": len(files.names),
        "shadow_names": list(files.names),
        "shadow_members": {
            name: int(known[:, number].sum()) for number, name in enumerate(files.names)
        },
        "users": None if files.user_names is None else len(files.user_names),
        "members": None if membership is None else int(membership.sum()),
        "nonmembers": None if membership is None else int((~membership).sum()),
    }


def _skipped(
    files: ScoreFiles,
    scores: dict[str, np.ndarray],
    thresholds: dict[str, dict[str, float | None]],
) -> dict[str, Any]:
    """What is missing, and why."""
    unscored = {name: int(np.isnan(values).sum()) for name, values in scores.items()}
    why = "too few shadows to let each take the target's place among the others"
    if not files.names:
        why = "there is no shadow to fix a threshold on"
    return {
        "attacks": {name: f"needs {NEEDS[name]}" for name in SOURCES if name not in scores},
        "records_without_a_score": {
            name: {"records": n, "reason": f"needs {NEEDS[name]}"}
            for name, n in unscored.items()
            if n
        },
        "thresholds": {name: why for name, found in thresholds.items() if not found},
        "columns": files.ignored,
    }
