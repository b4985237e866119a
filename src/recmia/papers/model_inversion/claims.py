"""What the paper says of its figures (``claims.yaml``), and whether it holds here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from recmia.evaluation.intervals import Measurement
from recmia.experiments.rows import Row, numbers_of
from recmia.experiments.study import Study
from recmia.experiments.verdicts import verdict
from recmia.inversion.attack import DESCENT, HELD
from recmia.papers.model_inversion.attacking import collect, mains
from recmia.papers.model_inversion.measuring import (
    DETECTION,
    PRECISION,
    RECALL,
    difference,
    measure,
    precision,
    proportion,
    recall,
)
from recmia.papers.model_inversion.paper import PAPER
from recmia.papers.model_inversion.playing import Found, Trial
from recmia.papers.model_inversion.reporting import READING, VARIED, about, thresholds
from recmia.papers.model_inversion.trials import CAMOUFLAGE, KNOWLEDGE, NAMES, POISONING


@dataclass(frozen=True)
class Comparison:
    """One metric of two trials of a group, each at a threshold l' (None for detection).

    Attributes:
        claim: its key in ``claims.yaml``.
        group: of both trials.
        metric: what is compared.
        first: with more of what is varied.
        second: with less.
        thresholds: l' of the two.
        against: what the second has of what is varied.
    """

    claim: str
    group: str
    metric: str
    first: Trial
    second: Trial
    thresholds: tuple[int | None, int | None]
    against: float


def claim_rows(study: Study) -> list[Row]:
    """Every claim at every place that it is made about."""
    return [*_stated(study), *_detected(study), *_compared(study)]


def _claim(
    study: Study, system: str, claim: str, choice: str, measured: Measurement | None, **columns: Any
) -> list[Row]:
    """A claim's row; none where no repeat lists anybody on both sides."""
    if measured is None or math.isnan(measured.value):
        return []
    says = PAPER.claims[claim].says
    columns |= about(study, system) | {"attack": NAMES[choice], "reading": READING[choice]}
    columns |= {"metric": measured.metric, "claim": claim} | numbers_of(measured)
    found = verdict(measured.ci_low, measured.ci_high, says)
    return [Row(artefact="Claims", verdict=found, **columns)]


def _less(measured: Measurement, number: float, whose: str) -> Measurement:
    """A measurement less a number that is stated."""
    return replace(
        measured,
        metric=f"{measured.metric} less {whose}",
        value=measured.value - number,
        ci_low=measured.ci_low - number,
        ci_high=measured.ci_high - number,
    )


def _stated(study: Study) -> Iterator[Row]:
    """The numbers of section 4.2, at the highest α and l'."""
    settings, level = study.settings.model_inversion, study.settings.intervals.level
    stated = {
        (value["target_data"], value["metric"]): float(value["paper_value"])
        for value in PAPER.values
        if value["artefact"] == PAPER.claims["stated-value"].artefact
    }
    most = max(settings.shares)
    for name, system in settings.systems.items():
        found, last = collect(study, name, POISONING), thresholds(study, name)[-1]
        for choice in (DESCENT, HELD):
            for measured in measure(found[Trial(choice, most)], last, level):
                if (said := stated.get((system.data, measured.metric))) is not None:
                    gap = _less(measured, said, "the paper's")
                    columns = {"alpha": most, "threshold": last, "against": f"{said:g}"}
                    yield from _claim(study, name, "stated-value", choice, gap, **columns)


def _detected(study: Study) -> Iterator[Row]:
    """Every malicious user, without camouflage."""
    most, level = max(study.settings.model_inversion.shares), study.settings.intervals.level
    for system in mains(study):
        for choice in (DESCENT, HELD):
            found = collect(study, system, CAMOUFLAGE)[Trial(choice, most)]
            seen = [record["detected"] for record in found]
            measured = proportion(DETECTION, seen, found[0]["malicious"], level)
            missed = _less(measured, 1, "1")
            yield from _claim(study, system, "all-detected", choice, missed, alpha=most, mu=0.0)


def _compared(study: Study) -> Iterator[Row]:
    for system in study.settings.model_inversion.systems:
        records = {group: collect(study, system, group) for group in VARIED}
        for made in comparisons(study, system):
            first, second = (
                [_value(made.metric, record, least) for record in records[made.group][trial]]
                for trial, least in zip((made.first, made.second), made.thresholds, strict=True)
            )
            columns = {name: getattr(made.first, name) for name in ("alpha", *VARIED[made.group])}
            yield from _claim(
                study,
                system,
                made.claim,
                made.first.choice,
                difference(study, f"difference of {made.metric}", first, second),
                threshold=made.thresholds[0],
                against=f"{made.against:g}",
                **columns,
            )


def _value(metric: str, record: Found, least: int | None) -> float:
    if metric == DETECTION:
        return record["detected"]
    return {PRECISION: precision, RECALL: recall}[metric](record, least)


def comparisons(study: Study, system: str) -> Iterator[Comparison]:
    """What the paper says rises or falls, with which it compares what."""
    settings, every = study.settings.model_inversion, thresholds(study, system)
    low, high = min(settings.shares), max(settings.shares)
    ends = (every[0], every[-1])
    for choice in (DESCENT, HELD):
        more, less = Trial(choice, high), Trial(choice, low)
        for metric in (PRECISION, RECALL):
            for least in dict.fromkeys(ends):
                at = (least, least)
                yield Comparison("rises-with-alpha", POISONING, metric, more, less, at, low)
        turned = (every[-1], every[0])
        for claim, metric in (
            ("precision-rises-with-threshold", PRECISION),
            ("recall-falls-with-threshold", RECALL),
        ):
            yield Comparison(claim, POISONING, metric, more, more, turned, every[0])
    if not settings.systems[system].main:
        return
    most = max(settings.datasets[settings.systems[system].data].camouflages)
    for choice in (DESCENT, HELD):
        hidden, plain = Trial(choice, high, mu=most), Trial(choice, high)
        nowhere = (None, None)
        yield Comparison(
            "detection-falls-with-mu", CAMOUFLAGE, DETECTION, hidden, plain, nowhere, 0
        )
        for metric in (PRECISION, RECALL):
            yield Comparison("leakage-falls-with-mu", CAMOUFLAGE, metric, hidden, plain, (1, 1), 0)
    least, most = min(settings.known_shares), max(settings.known_shares)
    for alpha in settings.known_poisoning:
        known, unknown = Trial(DESCENT, alpha, beta=most), Trial(DESCENT, alpha, beta=least)
        for metric in (PRECISION, RECALL):
            yield Comparison("rises-with-beta", KNOWLEDGE, metric, known, unknown, (1, 1), least)
