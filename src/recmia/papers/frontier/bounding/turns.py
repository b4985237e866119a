"""Models in the target's place: what an attack says of the units of a game, and of whom it learned.

Nothing that an attack does to one model rests on that model's coins, nor on its complement's: the
shadows, and the number of guesses or the threshold, are of other pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recmia.likelihood_ratio.bavaria import bavaria_t_online
from recmia.likelihood_ratio.evidence import Shadows, Target
from recmia.papers.frontier import names
from recmia.papers.frontier.dealing import shadows_of
from recmia.papers.frontier.scoring import without

ATTACKS = (names.MAIN, names.LOSS)
Scored = tuple[np.ndarray, np.ndarray]  # scores float64 [m] and membership bool [m]


@dataclass(frozen=True)
class Read:
    """n sessions with coins under M models, as they are seen through scores.

    Attributes:
        log_likelihood: float [n, M], mean log p over the clicks.
        signal: float [n, M], mean φ.
        coins: bool [n, M], True where a model was trained on a session; 2i and 2i + 1 complement
            each other.
        units: int64 [n], who has a coin: 0 to m - 1.
    """

    log_likelihood: np.ndarray
    signal: np.ndarray
    coins: np.ndarray
    units: np.ndarray

    def of(self, rows: np.ndarray) -> Read:
        """Some sessions, whose units are numbered anew."""
        units = np.unique(self.units[rows], return_inverse=True)[1]
        return Read(self.log_likelihood[rows], self.signal[rows], self.coins[rows], units)


@dataclass(frozen=True)
class Turn:
    """One model in the target's place.

    Attributes:
        scores: float64 [m], higher is more likely a member.
        membership: bool [m], its coins, independent and fair.
        held: the same of models whose coins say nothing about these, attacked without this model:
            what may be chosen, is chosen on them.
        unseen: float64 [m], what the same attack says of these units from a model that has seen
            none of them; None without such a control.
    """

    scores: np.ndarray
    membership: np.ndarray
    held: tuple[Scored, ...]
    unseen: np.ndarray | None = None


def turns(
    read: Read, targets: Sequence[int], attack: str, most: int, stranger: Target | None = None
) -> list[Turn]:
    """Attack some models of a game one by one.

    Args:
        read: the game.
        targets: numbers of the models.
        attack: of `ATTACKS`.
        most: shadows that are held against each, spread over the pairs.
        stranger: a model that has seen none of the sessions, as a control.

    Returns:
        A turn a target. A unit of several sessions has the mean of their scores.
    """
    found = []
    for target in targets:
        shadows = shadows_of(target, read.coins.shape[1])
        chosen = shadows[:: max(1, len(shadows) // most)][:most]
        held = tuple(
            (_scores(read, attack, _own(read, one), without(shadows, [one])), _coins(read, one))
            for one in chosen
        )
        scores = _scores(read, attack, _own(read, target), shadows)
        unseen = None if stranger is None else _scores(read, attack, stranger, shadows)
        found.append(Turn(scores, _coins(read, target), held, unseen))
    return found


def _own(read: Read, model: int) -> Target:
    columns = (read.log_likelihood[:, model], read.signal[:, model])
    return Target(*(values.astype(np.float64) for values in columns))


def _coins(read: Read, model: int) -> np.ndarray:
    first = np.unique(read.units, return_index=True)[1]
    return read.coins[first, model]


def _scores(read: Read, attack: str, own: Target, shadows: Sequence[int]) -> np.ndarray:
    scores = own.log_likelihood
    if attack == names.MAIN:
        known = Shadows.of(read.log_likelihood, read.signal, read.coins, shadows)
        scores = bavaria_t_online(own, known)
    return np.bincount(read.units, weights=scores) / np.bincount(read.units)
