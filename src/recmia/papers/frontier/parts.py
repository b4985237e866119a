"""Whose membership is told: sessions by length, by the rarity of their items, and by repeats."""

from __future__ import annotations

import numpy as np

from recmia.sessions import PADDING, Sessions

SHORT, MIDDLING, LONG = "short", "of middling length", "long"
RARE, USUAL, POPULAR = (
    "with a rare item",
    "with items of middling rarity",
    "with popular items only",
)
REPEATED, DISTINCT = "with a repeated click", "without a repeated click"
KINDS = {"length": (SHORT, MIDDLING, LONG), "rarity": (RARE, USUAL, POPULAR)}
PARTS = (*KINDS["length"], *KINDS["rarity"], REPEATED, DISTINCT)


def parts_of(
    sessions: Sessions, population: Sessions, vocabulary_size: int
) -> dict[str, np.ndarray]:
    """Name of each part of the sessions to who is in it, bool [n].

    Thirds by length, and by how often the population clicked the session's rarest item; a third
    that nobody is in, because many are alike, is left out. No model has a part in it.

    Args:
        sessions: n sessions.
        population: that the adversary knows.
        vocabulary_size: V.
    """
    clicked = sessions.clicks != PADDING
    counts = np.bincount(population.clicks.ravel(), minlength=vocabulary_size)
    rarest = np.where(clicked, counts[sessions.clicks], counts.sum() + 1).min(axis=1)
    found = _thirds(sessions.lengths, KINDS["length"]) | _thirds(rarest, KINDS["rarity"])
    ordered = np.sort(np.where(clicked, sessions.clicks, PADDING), axis=1)
    repeated = ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] != PADDING)).any(axis=1)
    found |= {REPEATED: repeated, DISTINCT: ~repeated}
    return {name: inside for name, inside in found.items() if inside.any()}


def _thirds(values: np.ndarray, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    edges = np.quantile(values, [1 / 3, 2 / 3], method="inverted_cdf")
    part = np.searchsorted(edges, values)
    return {name: part == number for number, name in enumerate(names)}
