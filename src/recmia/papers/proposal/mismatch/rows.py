"""Result rows of notebook 09: every attack on the target by the shadow that it learned from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from recmia.evaluation.metrics import ACCURACY, ROC_AUC
from recmia.experiments.kept import Kept
from recmia.experiments.lines import Line, line_rows
from recmia.experiments.measuring import Place, differences
from recmia.experiments.rows import CONTROL, CORRECTED, Row, numbers_of
from recmia.experiments.study import Study
from recmia.papers.proposal.attacking import COVERAGE_NOTE, NOTES, others_of
from recmia.papers.proposal.mismatch.mismatch import epochs_at
from recmia.papers.proposal.mismatch.plans import STEP, TARGET, plans, shadow_names
from recmia.papers.proposal.mismatch.rates import FPR, rates
from recmia.papers.proposal.mismatch.transferring import Lesson, case_of, own_case, own_units
from recmia.papers.proposal.names import (
    BEST,
    BLIND,
    COVERAGE,
    HELDOUT,
    KNOWN,
    LAST,
    LOSS,
    MLP,
    NONE,
    STUDY,
)
from recmia.papers.proposal.scoring import Case
from recmia.papers.proposal.settings import MATCHED
from recmia.papers.proposal.subsets import parts_of

MISMATCH = "Mismatch"
UPPER_BOUND = "upper bound"
LESS_MATCHED = "{} minus the matched shadow's"
ITSELF = "{} on the shadow itself"
COMPARED = (ROC_AUC, ACCURACY)
LOSS_NOTE = "ranks by the target's scores alone: from the shadow it has its threshold only"


def mismatch_rows(study: Study, kept: Sequence[Kept], best: dict[str, int]) -> list[Row]:
    """Every attack on all sessions and on those with known items, measured.

    Beside the metrics there are, of each shadow, the paired difference to the matched one, the
    rates that its thresholds really gave, and what the attack has on the shadow's own sessions,
    which is all that an adversary can measure.

    Args:
        study: the run.
        kept: scores of each seed.
        best: name to best epoch.
    """
    folder = study.folder(STEP)
    taught, own = _taught(study, kept, best), _own(study, kept, best)
    beside = _beside(study, kept, best)
    itself = line_rows(study, folder / "metrics", own, [ROC_AUC])
    return [
        *line_rows(study, folder / "metrics", [*taught, *beside]),
        *_less_matched(study, folder / "differences", taught),
        *_rate_rows(study, folder / "rates", taught),
        *(_of_itself(row) for row in itself),
        *(_of_itself(row) for row in _rate_rows(study, folder / "rates", own)),
    ]


def _cases(study: Study, best: dict[str, int]) -> Iterator[tuple[dict[str, Any], str, int, Lesson]]:
    """Columns, attack, epoch of the target and lesson of everything that learns from a shadow."""
    for checkpoint in (BEST, LAST):
        at = epochs_at(study, best, checkpoint)
        for name, attack in product(shadow_names(study), (MLP, *others_of(study))):
            columns = _columns(study, attack, at[TARGET], checkpoint)
            columns |= {"labels": "shadow", "variant": plans(study)[name].title}
            columns |= {"note": LOSS_NOTE} if attack == LOSS else {}
            yield columns, attack, at[TARGET], Lesson(name, at[name])


def _columns(study: Study, attack: str, epoch: int | None, checkpoint: str | None) -> dict:
    return {
        "study": STUDY,
        "artefact": MISMATCH,
        "dataset": study.settings.dataset,
        "attack": attack,
        "reading": CORRECTED,
        "nonmembers": HELDOUT,
        "epoch": epoch,
        "checkpoint": checkpoint,
    }


def _taught(study: Study, kept: Sequence[Kept], best: dict[str, int]) -> dict[Line, Case]:
    """What learns from a shadow, on the target: lines and the cases that their scores are of."""
    return {
        line: case
        for columns, attack, epoch, lesson in _cases(study, best)
        for case in [case_of(attack, epoch, lesson)]
        for line in _parts(columns, case, kept)
    }


def _own(study: Study, kept: Sequence[Kept], best: dict[str, int]) -> dict[Line, Case]:
    """The same on the shadow's own sessions."""
    found = {}
    for columns, attack, epoch, lesson in _cases(study, best):
        case, units = own_case(attack, epoch, lesson), own_units(lesson)
        found[Line(columns, tuple(Place(one, case.name, units=units) for one in kept))] = case
    return found


def _beside(study: Study, kept: Sequence[Kept], best: dict[str, int]) -> Iterator[Line]:
    """The upper bound, which is told the target's own labels, and what sees no model."""
    for checkpoint in (BEST, LAST):
        epoch = epochs_at(study, best, checkpoint)[TARGET]
        columns = _columns(study, MLP, epoch, checkpoint)
        columns |= {"labels": "target", "variant": UPPER_BOUND, "note": NOTES["target", HELDOUT]}
        yield from _parts(columns, Case(MLP, HELDOUT, "target", epoch), kept)
    for attack, note in ((BLIND, NOTES[NONE, HELDOUT]), (COVERAGE, COVERAGE_NOTE)):
        columns = _columns(study, attack, None, None)
        columns |= {"labels": NONE, "reading": CONTROL, "note": note}
        yield from _parts(columns, Case(attack, HELDOUT, NONE, None), kept)


def _parts(columns: dict[str, Any], case: Case, kept: Sequence[Kept]) -> Iterator[Line]:
    for subset, runs in parts_of(tuple(Place(k, case.name, units=case.units) for k in kept)):
        if subset in (None, KNOWN):
            yield Line(columns | {"subset": subset}, runs)


def _less_matched(study: Study, folder: Path, lines: Iterable[Line]) -> Iterator[Row]:
    """Paired differences on the same sessions of the target."""
    alike = ("attack", "checkpoint", "subset")
    lines = list(lines)
    matched = {line.values(alike): line for line in lines if line.columns["variant"] == MATCHED}
    others = [line for line in lines if line.columns["variant"] != MATCHED]
    pairs = [(line.runs, matched[line.values(alike)].runs) for line in others]
    for line, found in zip(others, differences(study, folder, pairs), strict=True):
        for metric in COMPARED:
            name = LESS_MATCHED.format(metric)
            yield Row(**line.columns, metric=name, **numbers_of(found[metric]))


def _rate_rows(study: Study, folder: Path, lines: Mapping[Line, Case]) -> list[Row]:
    found = rates(study, folder, {line.runs: case for line, case in lines.items()})
    return [
        Row(**line.columns, metric=one.metric, **numbers_of(one))
        for line in lines
        for one in found[line.runs]
    ]


def _of_itself(row: Row) -> Row:
    return replace(row, metric=ITSELF.format("FPR" if row.metric == FPR else row.metric))
