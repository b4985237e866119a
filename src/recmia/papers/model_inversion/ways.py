"""How Algorithm 2 is read: which links may move, how long its steps are, and how many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from recmia.inversion.attack import DESCENT, HELD
from recmia.papers.model_inversion.settings import ModelInversionStudy


@dataclass(frozen=True)
class Way:
    """One reading of Algorithm 2.

    Attributes:
        choice: ``DESCENT`` where links may move, ``HELD`` where they may not.
        move: first step of the steepest rating, as a share of Λ.
        steps: most steps; None until R settles, or for the profile's most.
    """

    choice: str
    move: float = 1.0
    steps: int | None = None

    @property
    def name(self) -> str:
        """What is done, in words."""
        if self.choice == HELD:
            return "links held"
        if self.steps is None:
            return "links free, until R settles"
        return f"links free, {self.steps} steps of {self.move:g} of the highest rating"

    @property
    def reach(self) -> tuple[bool, float]:
        """How near to what Algorithm 2 says: links that move, then the length of the way."""
        return self.choice == DESCENT, math.inf if self.steps is None else self.steps * self.move


LINKS_HELD, SETTLED = Way(HELD), Way(DESCENT)


def ways_of(settings: ModelInversionStudy) -> list[Way]:
    """Every reading of the search."""
    free = [Way(DESCENT, m, s) for m in settings.search_moves for s in settings.search_steps]
    return [LINKS_HELD, SETTLED, *free]


def likeness(right: int, listed: int, sensitive: int) -> float:
    """Cosine between the sensitive user list and the truth: the geometric mean of MIPre and MIRec.

    Args:
        right: listed users who are sensitive.
        listed: users on the list; with nobody there the likeness is 0.
        sensitive: users who are sensitive.
    """
    return right / math.sqrt(listed * sensitive) if listed else 0.0


def best(found: dict[tuple[str, Way], Sequence[float]]) -> tuple[str, Way]:
    """The system and reading whose lists are most like the truth.

    Of equals the one nearest to the words of Algorithm 2: links that move, the longest way.

    Args:
        found: likeness of each repeat, by system and reading.
    """
    return max(
        found, key=lambda pair: (round(sum(found[pair]) / len(found[pair]), 9), pair[1].reach)
    )
