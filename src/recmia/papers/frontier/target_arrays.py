"""What is kept of one attacked target, under names that every reader knows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recmia.evaluation.coverage import least_holders
from recmia.papers.frontier import names
from recmia.papers.frontier.dealing import Pool
from recmia.papers.frontier.scoring import ONE_PERCENT, as_many


class TargetArrays:
    """Arrays of one target, as `recmia.experiments.measuring.Place` asks for them.

    Attributes:
        arrays: ``membership`` bool [N], ``row_ids`` int64 [N], the subset of known items, and what
            the methods add.
    """

    def __init__(self, pool: Pool, target: int, vocabulary_size: int) -> None:
        coin = pool.coins[:, target]
        known = least_holders(pool.pool, pool.pool[coin], vocabulary_size) >= 1
        self.arrays = {"membership": coin, "row_ids": pool.groups, names.KNOWN: known}
        self.arrays["threshold"] = np.float64(np.inf)  # hard guesses are kept apart

    def score(self, view: str, count: int, attack: str, scores: np.ndarray) -> None:
        """Scores of one attack, and of whom where that is not everybody."""
        name, there = place_name(view, count, attack), ~np.isnan(scores)
        self.arrays[f"{name}|scores"] = scores[there].astype(np.float32)
        if not there.all():
            for what in ("membership", "row_ids", names.KNOWN):
                self.arrays[f"{name}|{what}"] = self.arrays[what][there]

    def score_users(self, count: int, attack: str, scores: np.ndarray) -> None:
        """Mean and largest score of each user, seen through scores."""
        groups, coin = self.arrays["row_ids"], self.arrays["membership"]
        largest = np.full(groups.max() + 1, -np.inf)
        np.maximum.at(largest, groups, scores)  # not a number where one of the user's is none
        mean = np.bincount(groups, weights=scores) / np.bincount(groups)
        _, first = np.unique(groups, return_index=True)
        there = ~np.isnan(mean)
        for view, values in ((names.USER_MEAN, mean), (names.USER_LARGEST, largest)):
            name = place_name(view, count, attack)
            self.arrays[f"{name}|scores"] = values[there].astype(np.float32)
            self.arrays[f"{name}|membership"] = coin[first][there]
            self.arrays[f"{name}|row_ids"] = np.flatnonzero(there)

    def call(self, view: str, attack: str, called: Mapping[str, np.ndarray]) -> None:
        """Hard guesses of one attack, int8 [N] by threshold."""
        for key, values in called.items():
            self.arrays[guess_name(view, attack, key)] = values

    def call_again(self, view: str, attack: str, again: int, scores: np.ndarray) -> None:
        """Guesses with another seed, float64 [N] scores: as many members as the first called at 1%.

        Nothing where there were too few non-members for such a threshold.
        """
        name = guess_name(view, attack, ONE_PERCENT)
        if name in self.arrays:
            self.arrays[f"{name}|{again}"] = as_many(scores, self.arrays[name])


def place_name(view: str, count: int, attack: str) -> str:
    """Name of an attack's scores with some number of shadows."""
    return f"{view}|{count}|{attack}"


def guess_name(view: str, attack: str, key: str) -> str:
    """Name of an attack's hard guesses at a threshold."""
    return f"{view}|{attack}|{key}|guesses"
