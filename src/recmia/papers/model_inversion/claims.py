"""What the paper says of its figures, and whether it holds here."""

from __future__ import annotations

import math
from collections.abc import Callable

from recmia.evaluation.intervals import Measurement
from recmia.experiments.results import ResultRow
from recmia.experiments.study import Study
from recmia.inversion.attack import DESCENT, HELD
from recmia.papers.model_inversion.measuring import (
    DETECTION,
    PRECISION,
    RECALL,
    Records,
    collect,
    difference,
    measure,
    precision,
    proportion,
    recall,
)
from recmia.papers.model_inversion.reporting import READING, mains, row, thresholds
from recmia.papers.model_inversion.trials import CAMOUFLAGE, KNOWLEDGE, POISONING, Trial

CONFIRMED, REFUTED, OPEN = "confirmed", "refuted", "open"
OF = {PRECISION: precision, RECALL: recall}
# Section 4.2: at the highest α and l'.
STATED = {
    "foursquare": {PRECISION: 1.0, RECALL: 0.5},
    "movielens": {PRECISION: 0.746, RECALL: 0.235},
}


def claim_rows(study: Study) -> list[ResultRow]:
    """Every claim at every place that it is made about."""
    makers = (_stated, _rising_with_poisoning, _rising_with_threshold, _camouflage, _knowledge)
    return [made for make in makers for made in make(study)]


def _claim(
    study: Study, system: str, said: str, choice: str, where: str, measured: Measurement | None,
    verdict: Callable[[Measurement], str],
) -> list[ResultRow]:  # fmt: skip
    """A claim's row; none where no repeat lists anybody on both sides."""
    if measured is None or math.isnan(measured.value):
        return []
    title = study.settings.model_inversion.systems[system].title
    return [
        row(
            study, system, artefact="Claims", setting=said, reading=READING[choice],
            condition=f"{_data(study, system)}, {title}; {where}", metric=measured.metric,
            value=measured.value, ci_low=measured.ci_low, ci_high=measured.ci_high,
            n_seeds=measured.n_seeds, note=verdict(measured),
        )
    ]  # fmt: skip


def _data(study: Study, system: str) -> str:
    return study.settings.model_inversion.systems[system].data


def _rises(measured: Measurement) -> str:
    if measured.ci_low > 0:
        return CONFIRMED
    return REFUTED if measured.ci_high < 0 else OPEN


def _falls(measured: Measurement) -> str:
    if measured.ci_high < 0:
        return CONFIRMED
    return REFUTED if measured.ci_low > 0 else OPEN


def _stated(study: Study) -> list[ResultRow]:
    """The numbers of section 4.2: confirmed where the exact interval reaches them."""
    rows, settings = [], study.settings.model_inversion
    most = max(settings.shares)
    for system in settings.systems:
        found = collect(study, system, POISONING)
        stated = STATED.get(settings.datasets[settings.systems[system].data].source, {})
        least = thresholds(study, system)[-1]
        for choice in (DESCENT, HELD):
            for measured in measure(found[Trial(choice, most)], least, study_level(study))[:2]:
                if measured.metric not in stated:
                    continue
                paper = stated[measured.metric]
                gap = Measurement(
                    f"{measured.metric} less the paper's", measured.value - paper,
                    measured.ci_low - paper, measured.ci_high - paper, measured.n_seeds,
                )  # fmt: skip
                rows += _claim(
                    study, system, f"{measured.metric} of {paper:g} or more", choice,
                    f"α = {most:g}, l' = {least}", gap,
                    lambda m: CONFIRMED if m.ci_high >= 0 else REFUTED,
                )  # fmt: skip
    return rows


def study_level(study: Study) -> float:
    """Coverage of the intervals."""
    return study.settings.intervals.level


def _between(
    study: Study, metric: str, after: Records, before: Records, least: int, other: int | None = None
) -> Measurement | None:
    of = OF[metric]
    return difference(
        study,
        f"difference of {metric}",
        [of(record, least) for record in after],
        [of(record, other or least) for record in before],
    )


def _rising_with_poisoning(study: Study) -> list[ResultRow]:
    rows, settings = [], study.settings.model_inversion
    low, high = min(settings.shares), max(settings.shares)
    for system in settings.systems:
        found, every = collect(study, system, POISONING), thresholds(study, system)
        for choice in (DESCENT, HELD):
            for metric in OF:
                for least in dict.fromkeys((every[0], every[-1])):
                    rows += _claim(
                        study, system, f"{metric} rises with α", choice,
                        f"l' = {least}, α = {high:g} against {low:g}",
                        _between(
                            study, metric, found[Trial(choice, high)],
                            found[Trial(choice, low)], least,
                        ),
                        _rises,
                    )  # fmt: skip
    return rows


def _rising_with_threshold(study: Study) -> list[ResultRow]:
    rows, settings = [], study.settings.model_inversion
    most = max(settings.shares)
    for system in settings.systems:
        every = thresholds(study, system)
        for choice in (DESCENT, HELD):
            records = collect(study, system, POISONING)[Trial(choice, most)]
            for metric, verdict, words in (
                (PRECISION, _rises, "rises"),
                (RECALL, _falls, "falls"),
            ):
                rows += _claim(
                    study, system, f"{metric} {words} with l'", choice,
                    f"α = {most:g}, l' = {every[-1]} against {every[0]}",
                    _between(study, metric, records, records, every[-1], every[0]), verdict,
                )  # fmt: skip
    return rows


def _camouflage(study: Study) -> list[ResultRow]:
    rows, settings = [], study.settings.model_inversion
    most = max(settings.shares)
    for system in mains(study):
        found = collect(study, system, CAMOUFLAGE)
        highest = max(settings.datasets[settings.systems[system].data].camouflages)
        for choice in (DESCENT, HELD):
            plain, hidden = found[Trial(choice, most)], found[Trial(choice, most, highest)]
            where = f"α = {most:g}, μ = {highest:g} against 0"
            seen = [record["detected"] for record in plain]
            all_seen = proportion(DETECTION, seen, plain[0]["malicious"], study_level(study))
            missed = Measurement(
                f"{DETECTION} less 1", all_seen.value - 1, all_seen.ci_low - 1,
                all_seen.ci_high - 1, all_seen.n_seeds,
            )  # fmt: skip
            rows += _claim(
                study, system, "Every malicious user is detected where μ = 0", choice,
                f"α = {most:g}", missed, lambda m: CONFIRMED if m.ci_high >= 0 else REFUTED,
            )  # fmt: skip
            rows += _claim(
                study, system, "Detection falls with μ", choice, where,
                difference(
                    study, f"difference of {DETECTION}",
                    [record["detected"] for record in hidden], seen,
                ),
                _falls,
            )  # fmt: skip
            for metric in OF:
                rows += _claim(
                    study, system, f"{metric} falls with μ", choice, f"{where}, l' = 1",
                    _between(study, metric, hidden, plain, 1), _falls,
                )  # fmt: skip
    return rows


def _knowledge(study: Study) -> list[ResultRow]:
    rows, settings = [], study.settings.model_inversion
    low, high = min(settings.known_shares), max(settings.known_shares)
    for system in mains(study):
        found = collect(study, system, KNOWLEDGE)
        for share in settings.known_poisoning:
            for metric in OF:
                rows += _claim(
                    study, system, f"{metric} rises with β", DESCENT,
                    f"α = {share:g}, l' = 1, β = {high:g} against {low:g}",
                    _between(
                        study, metric, found[Trial(DESCENT, share, known=high)],
                        found[Trial(DESCENT, share, known=low)], 1,
                    ),
                    _rises,
                )  # fmt: skip
    return rows
