"""What the paper says of its figures (``claims.yaml``), and whether it holds here."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from recmia.evaluation.measurement import Measurement
from recmia.experiments.rows import Row, numbers_of
from recmia.experiments.study import Study
from recmia.experiments.verdicts import verdict
from recmia.inversion.attack import HELD
from recmia.papers.model_inversion.attacking import collect, first_way, mains
from recmia.papers.model_inversion.measuring import (
    DETECTION,
    PRECISION,
    RECALL,
    difference,
    measure,
    proportion,
    share,
)
from recmia.papers.model_inversion.paper import PAPER
from recmia.papers.model_inversion.playing import Found, Trial
from recmia.papers.model_inversion.reporting import VARIED
from recmia.papers.model_inversion.row_parts import about_attack, thresholds
from recmia.papers.model_inversion.trials import CAMOUFLAGE, POISONING, along, others
from recmia.papers.model_inversion.ways import Way


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a trial at a threshold l' (None for detection)."""

    trial: Trial
    threshold: int | None


@dataclass(frozen=True)
class Comparison:
    """A claim about one metric of two sides; ``against`` is what the second has less of."""

    claim: str
    metric: str
    first: Side
    second: Side
    against: float


def claim_rows(study: Study) -> list[Row]:
    """Every claim at every place that it is made about: the systems of the first readings."""
    makers = (_stated, _detected, _compared)
    return [made for make in makers for system in mains(study) for made in make(study, system)]


def _ways(study: Study, system: str) -> list[Way]:
    """The first reading of Algorithm 2, then the others."""
    first = first_way(study, system)
    return [first, *others(first)]


def _claim(
    study: Study, system: str, claim: str, side: Side, measured: Measurement | None, **columns: Any
) -> list[Row]:
    """A claim's row; none where no repeat lists anybody on both sides."""
    if measured is None or math.isnan(measured.value):
        return []
    varied = VARIED.get(PAPER.claims[claim]["artefact"], ())
    columns |= {n: getattr(side.trial, n) for n in ("alpha", *varied)}
    columns |= about_attack(study, system, side.trial)
    columns |= {"threshold": side.threshold, "metric": measured.metric} | numbers_of(measured)
    made = Row(artefact="Claims", claim=claim, **columns)
    return [replace(made, verdict=verdict(made.ci_low, made.ci_high, PAPER.claims[claim]["says"]))]


def _less(measured: Measurement, number: float, whose: str) -> Measurement:
    """A measurement less a number that is stated."""
    ends = {name: getattr(measured, name) - number for name in ("value", "ci_low", "ci_high")}
    return replace(measured, metric=f"{measured.metric} less {whose}", **ends)


def _stated(study: Study, system: str) -> Iterator[Row]:
    """The numbers of section 4.2, at the highest α and l'."""
    settings, level = study.settings.model_inversion, study.settings.intervals.level
    stated = {
        (value["target_data"], value["metric"]): float(value["paper_value"])
        for value in PAPER.values
        if value["artefact"] == PAPER.claims["stated-value"]["artefact"]
    }
    found = collect(study, system, POISONING)
    for way in _ways(study, system):
        side = Side(along(way, max(settings.shares)), thresholds(study, system)[-1])
        for metric, measured in measure(found[side.trial], side.threshold, level).items():
            said = stated.get((settings.systems[system].data, metric))
            if said is not None:
                gap = _less(measured, said, "the paper's")
                yield from _claim(study, system, "stated-value", side, gap, against=f"{said:g}")


def _detected(study: Study, system: str) -> Iterator[Row]:
    for trial, records in collect(study, system, CAMOUFLAGE).items():
        if not trial.mu:
            rates = [share(record, None, DETECTION) for record in records]
            attacks = float(len(rates))  # the users of one are alike
            found = proportion(DETECTION, rates, attacks, study.settings.intervals.level)
            missed = _less(found, 1, "1")
            yield from _claim(study, system, "all-detected", Side(trial, None), missed)


def _compared(study: Study, system: str) -> Iterator[Row]:
    for made in comparisons(study, system):
        found = collect(study, system, PAPER.claims[made.claim]["artefact"])
        first, second = (_shares(found, side, made.metric) for side in (made.first, made.second))
        measured = difference(study, f"difference of {made.metric}", first, second)
        against = f"{made.against:g}"
        yield from _claim(study, system, made.claim, made.first, measured, against=against)


def _shares(found: dict[Trial, list[Found]], side: Side, metric: str) -> list[float]:
    return [share(record, side.threshold, metric) for record in found[side.trial]]


def comparisons(study: Study, system: str) -> Iterator[Comparison]:
    """What the paper says rises or falls, and what it compares with what."""
    settings, every = study.settings.model_inversion, thresholds(study, system)
    camouflages = settings.datasets[settings.systems[system].data].camouflages
    both, last, ways = (PRECISION, RECALL), every[-1], _ways(study, system)
    low, high = min(settings.shares), max(settings.shares)
    for way in ways:
        less, more = along(way, low), along(way, high)
        for metric in both:
            for least in dict.fromkeys((1, last)):
                sides = Side(more, least), Side(less, least)
                yield Comparison("rises-with-alpha", metric, *sides, against=low)
        strict, loose = Side(more, last), Side(more, 1)
        yield Comparison("precision-rises-with-threshold", PRECISION, strict, loose, against=1)
        yield Comparison("recall-falls-with-threshold", RECALL, strict, loose, against=1)
        hidden = replace(more, mu=max(camouflages))
        seen = Side(hidden, None), Side(more, None)
        yield Comparison("detection-falls-with-mu", DETECTION, *seen, against=0)
        for metric in both:
            sides = Side(hidden, 1), Side(more, 1)
            yield Comparison("leakage-falls-with-mu", metric, *sides, against=0)
    little, much = min(settings.known_shares), max(settings.known_shares)
    for way in ways:
        if way != ways[0] and way.choice == HELD:
            continue  # held links do not ask for V
        every_alpha = settings.known_poisoning
        for alpha in every_alpha if way == ways[0] else (max(every_alpha),):
            known, unknown = (Side(along(way, alpha, beta=beta), 1) for beta in (much, little))
            for metric in both:
                yield Comparison("rises-with-beta", metric, known, unknown, against=little)
