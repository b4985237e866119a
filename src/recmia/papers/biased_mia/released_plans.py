"""Which recipes the reading "as released" draws, and what each is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from recmia.experiments.letters import cell_of
from recmia.papers.biased_mia.settings import BiasedMIAStudy
from recmia.released.recipe import Planned, Recipe
from recmia.released.study import ReleasedStudy
from recmia.released.world import CONTENT

FIXED, RANK = "mean", "linear"  # columns of rows: .01 each, or by rank over 5050
# Features so wide that a perceptron takes minutes: one draw a block, and only where the text has
# numbers of them, on the first data set.
WIDE = ("Concat10", "Concat20", "Concat100")


def plans(study: ReleasedStudy, settings: BiasedMIAStudy, data: str) -> dict[tuple, Planned]:
    """What is drawn for one data set, by its place in the tables: (artefact, factors, ...).

    The first is the main one, whose perceptrons also attack other data sets.
    """
    return dict(_plans(study, settings, data))


def place(artefact: str, **factors: Any) -> tuple:
    """Key of a plan: the artefact whose rows it gives, and the columns that are varied there."""
    return (artefact, *sorted(factors.items(), key=lambda pair: pair[0]))


def _plans(
    study: ReleasedStudy, settings: BiasedMIAStudy, data: str
) -> Iterator[tuple[tuple, Planned]]:
    base, few = study.base, study.of_block(study.settings.sweep_draws)
    many = study.settings.draws
    main = tuple(kind for kind in study.kinds(data) if kind != CONTENT)
    yield place("Figure 3"), Planned(base, many, ranked=True)

    def varied(draws: int, recipe: Recipe, kinds: tuple[str, ...] = main, ranked: bool = False):
        return Planned(recipe, draws, kinds, ranked)

    yield place("Figure 8", weights=RANK), varied(many, replace(base, weights="rank"), ranked=True)
    for k in settings.list_lengths:
        yield place("Figure 8", k=k), varied(few, replace(base, k=k))
    for length in settings.vector_lengths:
        yield place("Figure 8", l=length), varied(few, replace(base, dim=length))
    wide = WIDE if data == next(iter(settings.datasets)) else ()
    for features in (*wide, "Hadamard", "Similarity"):
        draws = 1 if features in WIDE else few
        made = varied(draws, replace(base, features=features), study.kinds(data))
        yield place("Figure 10", features=features), made
    ratios = dict.fromkeys((settings.defence_ratio, *settings.defence_ratios))
    for ratio, known in product(ratios, (True, False)):
        draws = many if ratio == settings.defence_ratio else few
        recipe = replace(base, ratio=ratio, known=known)
        yield (
            place("Figure 12", ratio=ratio, defence_known=known),
            varied(draws, recipe, ranked=known),
        )
    if data == settings.size_dataset:
        for share in settings.shadow_shares:
            yield place("Data size", share=share), varied(many, replace(base, share=share))
    crossed = settings.crossed_cell
    of, kind = cell_of(crossed[: len(crossed) // 2])
    if of == data:
        pairs = {*product(settings.crossed_list_lengths, settings.vector_lengths)}
        pairs |= {*product(settings.list_lengths, settings.crossed_vector_lengths)}
        for k, length in sorted(pairs):
            # The text names points along the edges; these are drawn as often as the main cells.
            draws = many if base.k == k or base.dim == length else few
            recipe = replace(base, k=k, dim=length)
            yield place("Figure 9", k=k, l=length), varied(draws, recipe, (kind,))
