"""What one target does not show: are the same accused again, and is anybody always accused?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np


def jaccard_of_members(
    called: Sequence[np.ndarray], membership: Sequence[np.ndarray], models: Sequence[int]
) -> tuple[list[float], list[float]]:
    """How far the members that are found under one target are those found under another.

    Among sessions that both targets were trained on: those called members by both, over those
    called so by either. Complementary targets share no member and make no pair.

    Args:
        called: of each target bool [N].
        membership: of each target bool [N].
        models: numbers of the targets.

    Returns:
        Of each pair of targets where somebody is called, that overlap, and the one to expect of
        guesses that have nothing to do with each other.
    """
    found, chance = [], []
    for a, b in combinations(range(len(models)), 2):
        if models[a] // 2 == models[b] // 2:
            continue
        both = membership[a] & membership[b]
        first, second = called[a][both], called[b][both]
        if (first | second).any():
            found.append(jaccard(first, second))
            chance.append(jaccard_by_chance(first, second))
    return found, chance


def jaccard(first: np.ndarray, second: np.ndarray) -> float:
    """Those in both of two sets over those in either, bool [n] each; somebody is in one."""
    return float((first & second).sum() / (first | second).sum())


def jaccard_by_chance(first: np.ndarray, second: np.ndarray) -> float:
    """The overlap to expect of sets of these sizes that have nothing to do with each other."""
    p, q = first.mean(), second.mean()
    return float(p * q / (p + q - p * q))


def own_rates(called: np.ndarray, membership: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many targets lack a session, and how many of those call it a member.

    Args:
        called: bool [N, T].
        membership: bool [N, T].

    Returns:
        int64 [N] each.
    """
    return (~membership).sum(axis=1), (called & ~membership).sum(axis=1)


def dispersion(lacking: np.ndarray, accused: np.ndarray) -> float | None:
    """How much more sessions' own false positives differ than a common rate would make them.

    Σ (accused - lacking · p)² / Σ lacking · p (1 - p), with p the common rate: 1 where every
    session has the same rate, more where some are accused again and again; None without any.
    """
    rate = accused.sum() / max(lacking.sum(), 1)
    if not 0 < rate < 1:
        return None
    expected = (lacking * rate * (1 - rate)).sum()
    return float(((accused - lacking * rate) ** 2).sum() / expected)
