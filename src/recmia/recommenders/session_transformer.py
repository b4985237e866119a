"""The Transformers4Rec session model as a recommender among the others: the main study's target."""

from __future__ import annotations

from tempfile import TemporaryDirectory

import numpy as np

from recmia.device import resolve_device
from recmia.errors import DataError
from recmia.recommenders import training, transformer
from recmia.recommenders.base import Recommender
from recmia.recommenders.epochs import TrainingRecord
from recmia.recommenders.scoring import PositionScores, position_scores
from recmia.recommenders.settings import Target
from recmia.sessions import Sessions

USUAL = Target(epochs=20, recorded_epochs=(20,))


class SessionTransformer(Recommender):
    """GPT-2 or XLNet on sessions (proposal, section 5.1); it serves anybody by the session alone.

    `recmia.recommenders.training.train` does the same with checkpoints that last; its records
    become recommenders by `trained`.

    Args:
        vocabulary_size: V.
        target: architecture, optimiser and epochs.
        device: "cpu", "cuda" or "auto".
        seed: root seed.
    """

    name = "session-transformer"
    cost = 60

    def __init__(
        self,
        *,
        vocabulary_size: int,
        target: Target = USUAL,
        device: str = "cpu",
        seed: int,
    ) -> None:
        self.vocabulary_size, self.target, self.seed = vocabulary_size, target, seed
        self.device = str(resolve_device(device))

    @classmethod
    def trained(cls, record: TrainingRecord, epoch: int, device: str = "cpu") -> SessionTransformer:
        """The model as it was after a recorded epoch.

        Raises:
            ArtifactError: the epoch was not recorded.
        """
        made = cls(
            vocabulary_size=record.vocabulary_size,
            target=record.target,
            device=device,
            seed=record.seed,
        )
        made.network, made.longest = record.load(epoch), record.max_tokens - 2
        return made

    def fit(self, sessions: Sessions) -> SessionTransformer:
        """Train ``network``; sessions that are longer than the longest here cannot be asked."""
        with TemporaryDirectory() as folder:
            record = training.train(
                self.target,
                self.vocabulary_size,
                sessions,
                folder,
                seed=self.seed,
                device=self.device,
            )
            self.network = record.load(self.target.epochs)
        self.longest = sessions.max_length
        return self

    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        """Lists for anybody; see `Recommender.recommend`.

        Raises:
            DataError: a session is longer than those that were trained on.
        """
        self._check(sessions)
        return transformer.recommend(
            self.network, sessions, k, self.device, exclude_seen=exclude_seen
        )

    def score(self, sessions: Sessions) -> PositionScores:
        """What the model says of every click and of the end, see `position_scores`.

        Raises:
            DataError: a session is longer than those that were trained on.
        """
        self._check(sessions)
        return position_scores(self.network, sessions, device=self.device)

    def _check(self, sessions: Sessions) -> None:
        if len(sessions) and sessions.lengths.max() > self.longest:
            raise DataError(
                f"a session has {sessions.lengths.max()} clicks; the model was made for "
                f"{self.longest}",
                column="lengths",
                remedy="cut sessions to their last clicks, or train on longer ones.",
            )
