"""Crude malicious users that a working detector must find; the classic shilling attacks."""

from __future__ import annotations

import numpy as np

from recmia.inversion.poisoning import linked_start, random_items
from recmia.inversion.ratings import Ratings


def everything(ratings: Ratings, users: int) -> np.ndarray:
    """float64 [users, n]: every item rated highest."""
    return np.full((users, ratings.shape[1]), ratings.scale.highest)


def at_random(ratings: Ratings, users: int, most: int, seed: int) -> np.ndarray:
    """float64 [users, n]: ``most`` items drawn at random, rated highest."""
    return random_items(users, ratings.shape[1], most, seed) * ratings.scale.highest


def average_attack(
    ratings: Ratings, users: int, links: np.ndarray, most: int, seed: int
) -> np.ndarray:
    """Links rated highest, others drawn at random and rated as they are on average.

    Lam and Riedl (WWW 2004) push an item so; ``links`` are int64 items.

    Returns:
        float64 [users, n], ``most`` items a user.
    """
    matrix = ratings.matrix
    counts = np.maximum(np.diff(matrix.tocsc().indptr), 1)
    mean = ratings.scale.round(np.asarray(matrix.sum(axis=0))[0] / counts)
    filled = random_items(users, ratings.shape[1], most - len(links), seed) * mean
    filled[:, links] = ratings.scale.highest
    return filled


def bandwagon(ratings: Ratings, users: int, links: np.ndarray, most: int) -> np.ndarray:
    """float64 [users, n]: links and the items that most users rated, all rated highest."""
    counts = np.diff(ratings.matrix.tocsc().indptr).astype(np.float64)
    counts[links] = np.inf
    popular = np.argsort(-counts, kind="stable")[:most]
    return linked_start(users, ratings.shape[1], popular, ratings.scale.highest)
