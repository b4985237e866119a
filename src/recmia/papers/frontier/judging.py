"""Notebook 22: what hard guesses at the shadows' thresholds are worth, and who is at risk."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from recmia.evaluation.measurement import Measurement
from recmia.evaluation.metrics import ROC_AUC
from recmia.evaluation.predictive_value import PRIORS
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place
from recmia.experiments.rows import Row, numbers_of
from recmia.experiments.shared_scores import keep_shared_metrics
from recmia.likelihood_ratio.shadow_thresholds import BALANCED
from recmia.papers.frontier import names
from recmia.papers.frontier.attacking import Audit, attacks, list_attacks
from recmia.papers.frontier.parts import PARTS
from recmia.papers.frontier.rates import (
    BALANCED_ACCURACY,
    FPR,
    TPR,
    keep_rates,
    predictive_values,
)
from recmia.papers.frontier.reading import about, guesses_in, keys_of
from recmia.papers.frontier.scoring import ONE_PERCENT
from recmia.papers.frontier.stability import stability_rows
from recmia.papers.frontier.target_arrays import guess_name, place_name
from recmia.storage import read_json

GUESSES, RISK = "Guesses", "Risk"


def threshold_words(key: str) -> str:
    """A threshold in a metric's name."""
    if key == BALANCED:
        return "at the shadows' threshold"
    return f"at the shadows' threshold for {100 * float(key):g}% FPR"


@cache
def _rates(audit: Audit, epoch: int, view: str, lists: bool) -> Kept:
    """Rates of all guesses through one interface."""
    study = audit.game.study
    targets, make = audit.game.targets, list_attacks if lists else attacks
    targets = targets[: study.settings.frontier.list_targets] if lists else targets
    files = [make(audit, epoch, target) for target in targets]
    return Kept(
        audit.folder / "rates" / f"epoch{epoch}_{view}{'_lists' if lists else ''}.json",
        keep_rates,
        files,
        columns=guesses_in(files[0].path, view),
        level=study.settings.intervals.level,
    )


@cache
def _risks(audit: Audit, epoch: int) -> Kept:
    """Rates of the main attack's guesses in each part of the sessions."""
    files = [attacks(audit, epoch, target) for target in audit.game.targets]
    return Kept(
        audit.folder / "rates" / f"epoch{epoch}_parts.json",
        keep_rates,
        files,
        columns=[guess_name(names.SCORES, names.MAIN, ONE_PERCENT)],
        parts=_parts(files[0].path),
        level=audit.game.study.settings.intervals.level,
    )


def _parts(file: Path) -> list[str]:
    return [name for name in PARTS if name in keys_of(file)]


def judge(audit: Audit) -> list[Row]:
    """Rows of guesses, risk, calibration and stability; what is current is kept."""
    kept = [
        _rates(audit, epoch, view, lists) for epoch in audit.epochs for view, lists in _views(audit)
    ]
    risks = [_risks(audit, epoch) for epoch in audit.epochs if _has_main(audit, epoch)]
    make_all(audit.game.study, [*kept, *risks], label="hard guesses")
    return [
        row
        for checkpoint, epoch in audit.checkpoints.items()
        for rows in (_guess_rows, _risk_rows, stability_rows)
        for row in rows(audit, checkpoint, epoch)
    ]


def _views(audit: Audit) -> list[tuple[str, bool]]:
    """Interfaces, and whether the attacks are those on lists."""
    return [*((view, False) for view in audit.views), *([(names.TOP_K, True)] * audit.on_lists)]


def _has_main(audit: Audit, epoch: int) -> bool:
    """Whether there are shadows and non-members enough for the main attack's 1%."""
    file = attacks(audit, epoch, audit.game.targets[0]).path
    return guess_name(names.SCORES, names.MAIN, ONE_PERCENT) in keys_of(file)


def _guess_rows(audit: Audit, checkpoint: str, epoch: int) -> Iterator[Row]:
    top_k = audit.game.study.settings.frontier.top_k
    for view, lists in _views(audit):
        for column, measured in _read(_rates(audit, epoch, view, lists)).items():
            _, attack, key, _ = column.split("|")
            columns = about(
                audit,
                checkpoint,
                GUESSES,
                attack=attack,
                serving=names.interface(view, top_k),
                variant=names.OVER_STEPS if view == names.SUM else None,
            )
            words = threshold_words(key)
            for metric in (TPR, FPR, *([BALANCED_ACCURACY] if key == BALANCED else [])):
                name = f"{metric} {words}"
                yield Row(**columns, metric=name, **numbers_of(measured[metric]))
            for prior in PRIORS:
                worth = predictive_values(measured[TPR], measured[FPR], prior)
                yield Row(**columns, metric=f"{worth.metric} {words}", **numbers_of(worth))


def _read(kept: Kept) -> dict[str, dict[str, Measurement]]:
    return {
        column: {metric: Measurement(**record) for metric, record in by_metric.items()}
        for column, by_metric in read_json(kept.path).items()
    }


def _risk_rows(audit: Audit, checkpoint: str, epoch: int) -> Iterator[Row]:
    """The main attack in each part of the sessions, through scores."""
    if not _has_main(audit, epoch):
        return
    study, main = audit.game.study, {"attack": names.MAIN, "serving": names.SCORES}
    kept = [attacks(audit, epoch, target) for target in audit.game.targets]
    most = study.settings.frontier.counts[-1]
    name = place_name(names.SCORES, most, names.MAIN)
    lines = [
        Line(
            about(audit, checkpoint, RISK, subset=part, **main),
            tuple(Place(one, name, subset=part) for one in kept),
        )
        for part in _parts(kept[0].path)
    ]
    yield from line_rows(
        study, audit.folder / "metrics", lines, [ROC_AUC], make=keep_shared_metrics
    )
    for column, measured in _read(_risks(audit, epoch)).items():
        columns = about(audit, checkpoint, RISK, subset=column.split("|")[-1], **main)
        for metric in (TPR, FPR):
            row = f"{metric} {threshold_words(ONE_PERCENT)}"
            yield Row(**columns, metric=row, **numbers_of(measured[metric]))
