"""What every recommender offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from recmia.errors import RecmiaError, UnknownUsersError
from recmia.sessions import Sessions

if TYPE_CHECKING:
    from recmia.recommenders.scoring import PositionScores


class Recommender(ABC):
    """A model of histories that recommends what comes next.

    Constructors take by name what they need of ``vocabulary_size``, ``seed`` and ``device``, and
    settings that have defaults; see `recmia.recommenders.registry`.

    Attributes:
        name: in profiles and files.
        cost: seconds of a fit grow about like this from one recommender to another.
    """

    name: ClassVar[str]
    cost: ClassVar[float] = 1

    @abstractmethod
    def fit(self, sessions: Sessions) -> Recommender:
        """Learn from sessions; returns itself.

        Raises:
            DataError: the sessions cannot be learned from.
        """

    @abstractmethod
    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        """Ranked items for the click that follows each session.

        Args:
            sessions: histories; of users that were trained on, where the model holds users.
            k: length of the lists.
            exclude_seen: leave out the items of each session.

        Returns:
            int64 [n, k], best first, ids from 3, padded with 0 where fewer items qualify.

        Raises:
            UnknownUsersError: the model holds users, and one was not trained on.
        """

    def recommend_folded_in(
        self, sessions: Sessions, k: int, *, exclude_seen: bool = False
    ) -> np.ndarray:
        """The same for anybody, by the history alone: users trained on are strangers as well.

        A model that holds nothing of its users serves everybody alike, which is done here. One
        that does has to say how it folds a history in.

        Raises:
            RecmiaError: the model cannot serve strangers.
        """
        try:
            return self.recommend(sessions, k, exclude_seen=exclude_seen)
        except UnknownUsersError as error:
            raise RecmiaError(
                f"{self.name} serves none but the users that it was trained on. Remedy: let "
                f"{type(self).__name__}.recommend_folded_in make lists from a history alone."
            ) from error

    def score(self, sessions: Sessions) -> PositionScores:
        """What the model says of every click.

        Raises:
            RecmiaError: the model gives no scores.
        """
        raise RecmiaError(f"{self.name} gives lists, and no scores of clicks.")

    def item_vectors(self) -> np.ndarray:
        """float32 [V, l]: where the model has learned that items lie.

        Raises:
            RecmiaError: the model has no vectors of items.
        """
        raise RecmiaError(f"{self.name} has no vectors of items.")
