"""What the paper says of one attack against another, as pairs to be measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.lists.views import View
from recmia.papers.biased_mia.claims import (
    AS_PUBLISHED,
    K_MEANS,
    cells,
    readings,
)
from recmia.papers.biased_mia.measuring import Contrast
from recmia.papers.biased_mia.settings import BiasedMIAStudy


def all_contrasts(settings: BiasedMIAStudy) -> list[Contrast]:
    """Every claim, under both readings; both sides of each are among the study's attempts."""
    makers = (
        *(_algorithms, _knowledge, _lengths, _weights, _learned, _sizes, _generators, _defence),
    )
    return [contrast for make in makers for contrast in make(settings)]


def _pairs(claim: str, where: str, first, second, equal: bool = False) -> Iterator[Contrast]:
    """A claim under each reading: hard labels as published, the ROC curve as corrected."""
    for (reading, one), (_, other) in zip(first, second, strict=True):
        metric = HARD_LABEL_AUC if reading == AS_PUBLISHED else ROC_AUC
        yield Contrast(claim, where, metric, one, other, equal)


def _algorithms(settings: BiasedMIAStudy) -> Iterator[Contrast]:
    claim = "Figure 3: Item and NCF are easier to attack than LFM"
    for letter in settings.datasets:
        for algorithm in settings.algorithms:
            if algorithm != "lfm" and "lfm" in settings.algorithms:
                first, second = View(letter, algorithm), View(letter, "lfm")
                where = f"{first.name}{first.name} above {second.name}{second.name}"
                yield from _pairs(
                    claim, where, readings(settings, first), readings(settings, second)
                )


def _knowledge(settings: BiasedMIAStudy) -> Iterator[Contrast]:
    claim = "Tables 3 to 5: knowing the target's algorithm helps"
    for target in cells(settings):
        for algorithm in settings.algorithms:
            shadow = View(target.letter, algorithm)
            if shadow != target:
                where = f"{target.name}{target.name} above {shadow.name}{target.name}"
                yield from _pairs(
                    claim, where, readings(settings, target), readings(settings, shadow, target)
                )


def _lengths(settings: BiasedMIAStudy) -> Iterator[Contrast]:
    for field, values, what in (
        ("k", settings.list_lengths, "recommendations"),
        ("l", settings.vector_lengths, "dimensions"),
    ):
        # The paper's turning point is 50; elsewhere the middle of what was tried.
        low, high = min(values), max(values)
        middle = 50 if 50 in values else sorted(values)[len(values) // 2]
        for cell in cells(settings):
            at = {v: list(readings(settings, cell, **{field: v})) for v in (low, middle, high)}
            name = cell.name * 2
            if low < middle:
                yield from _pairs(
                    f"Figure 8: {middle} {what} beat {low}", name, at[middle], at[low]
                )
            if middle < high:
                yield from _pairs(
                    f"Figure 8: {high} {what} are no better than {middle}",
                    name, at[high], at[middle], equal=True,
                )  # fmt: skip


def _weights(settings: BiasedMIAStudy) -> Iterator[Contrast]:
    for cell in cells(settings):
        yield from _pairs(
            "Figure 8c: weights by rank beat equal weights",
            cell.name * 2,
            readings(settings, cell, weights="linear"),
            readings(settings, cell, weights="mean"),
        )


def _learned(settings: BiasedMIAStudy) -> Iterator[Contrast]:
    for cell in cells(settings):
        learned = list(readings(settings, cell))
        clustered = [(r, replace(a, attack=K_MEANS, schedule="")) for r, a in learned]
        yield from _pairs(
            "Tables 6 and 7: the learned attack beats K-Means", cell.name * 2, learned, clustered
        )


def _sizes(settings: BiasedMIAStudy) -> Iterator[Contrast]:
    for algorithm in settings.algorithms:
        target = View(settings.size_dataset, algorithm)
        smallest = min(settings.shadow_shares)
        fewer = readings(settings, replace(target, share=smallest), target)
        yield from _pairs(
            f"Section 3.5: the whole shadow beats {round(100 * smallest)}% of it",
            target.name * 2,
            readings(settings, target),
            fewer,
        )


def _generators(settings: BiasedMIAStudy) -> Iterator[Contrast]:
    found = cells(settings)
    if settings.content_based:
        found.append(View(settings.content_based, "content-based"))
    for cell in found:
        for generator in settings.generators:
            if generator != "Origin":
                figure = "11" if cell.algorithm == "content-based" else "10"
                yield from _pairs(
                    f"Figure {figure}: Origin beats the other features",
                    f"{cell.name * 2}, {generator}",
                    readings(settings, cell),
                    readings(settings, cell, generator=generator),
                )


def _defence(settings: BiasedMIAStudy) -> Iterator[Contrast]:
    for cell in cells(settings):
        yield from _pairs(
            "Figure 12: Popularity Randomization lowers the attack",
            cell.name * 2,
            readings(settings, cell),
            readings(settings, cell, defence=settings.defence_ratio),
        )
