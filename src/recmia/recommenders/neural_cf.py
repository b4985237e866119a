"""Neural collaborative filtering: NeuMF trained on histories, and users folded into it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from recmia.device import resolve_device
from recmia.networks import torch_generator
from recmia.recommenders.base import Recommender
from recmia.recommenders.histories import (
    check_distinct_users,
    histories_of,
    trained_places,
    user_chunks,
)
from recmia.recommenders.lists import top_lists
from recmia.recommenders.neumf import NeuMF, log_loss_gradient
from recmia.recommenders.sequences import check_filled
from recmia.row_draws import row_uniform
from recmia.section import Count, Positive
from recmia.seeds import generator
from recmia.sessions import Sessions

NEGATIVES = 4
# Folding in: positives of a user a step. With their negatives 80 examples, a multiple of the rows
# that a matrix product takes together, so that a user's sums do not depend on the place in line.
POSITIVES_A_STEP = 16
FOLD_IN_STEPS = 200
# In training a user's vector moves at each of thousands of steps, mostly on momentum; here the
# steps are few and each sees the user, so that they are longer.
FOLD_IN_LEARNING_RATE = 0.01


class NeuralCF(Recommender):
    """NCF of Zhang et al. (CCS 2021, section 3.1): NeuMF by Adam on log loss, without pre-training.

    For each item that a user has, four that the user lacks are drawn afresh every epoch.

    Args:
        vocabulary_size: V.
        factors: of the generalised matrix factorisation.
        layers: sizes of the perceptron, from the joined vectors (32 of the user, 32 of the item).
        epochs: passes over the histories.
        learning_rate: of Adam.
        batch_size: examples a step.
        device: "cpu", "cuda" or "auto".
        seed: root seed.
    """

    name = "ncf"
    cost = 30

    def __init__(
        self,
        *,
        vocabulary_size: int,
        factors: Count = 8,
        layers: tuple[Count, ...] = (64, 32, 16),
        epochs: Count = 20,
        learning_rate: Positive = 1e-3,
        batch_size: Count = 256,
        device: str = "cpu",
        seed: int,
    ) -> None:
        self.vocabulary_size, self.factors, self.layers = vocabulary_size, factors, layers
        self.epochs, self.learning_rate, self.batch_size = epochs, learning_rate, batch_size
        self.device, self.seed = resolve_device(device), seed

    def fit(self, sessions: Sessions) -> NeuralCF:
        """Train ``network``.

        Raises:
            DataError: a user occurs twice, or an id is out of range.
        """
        check_distinct_users(sessions)
        histories = histories_of(sessions, self.vocabulary_size)
        self.trained_row_ids = sessions.row_ids
        start = torch_generator(self.seed, "neural_cf", "start")
        self.network = NeuMF(
            len(sessions), self.vocabulary_size, self.factors, self.layers, start
        ).to(self.device)
        optimiser = torch.optim.Adam(self.network.parameters(), lr=self.learning_rate, fused=True)
        draw, pick = generator(self.seed, "neural_cf", "examples"), histories.items_lacked()
        others = np.tile(histories.users, NEGATIVES)
        for _ in range(self.epochs):
            lacked = pick(others, draw.random(len(others)))
            users = np.concatenate([histories.users, others[lacked > 0]])
            items = np.concatenate([histories.items, lacked[lacked > 0]])
            labels = (np.arange(len(users)) < len(histories.users)).astype(np.float32)
            order = draw.permutation(len(users))
            columns = [
                torch.from_numpy(column[order]).to(self.device).split(self.batch_size)
                for column in (users, items, labels)
            ]
            for u, v, label in zip(*columns, strict=True):
                log_loss_gradient(self.network, u, v, label)
                optimiser.step()
        self.network.requires_grad_(False)
        return self

    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        """Lists by the learned vectors of users trained on; see `Recommender.recommend`."""
        places = trained_places(self.trained_row_ids, sessions.row_ids)
        vectors = self.network.users[torch.from_numpy(places).to(self.device)]
        return self._lists(vectors, sessions, k, exclude_seen)

    def recommend_folded_in(
        self, sessions: Sessions, k: int, *, exclude_seen: bool = False
    ) -> np.ndarray:
        """Lists for anybody, int64 [n, k]: a fresh vector learns from the history, all else stays.

        Same loss and optimiser; examples are drawn by seed and row id, so that a list depends on
        nobody else. Users trained on are treated like all others.

        Raises:
            DataError: a history is empty.
        """
        parts = [np.zeros((0, k), dtype=np.int64)]
        examples = POSITIVES_A_STEP * (1 + NEGATIVES)
        for rows in user_chunks(len(sessions), 2 * sum(self.layers) * examples):
            parts.append(
                self._lists(self._fold_in(sessions[rows]), sessions[rows], k, exclude_seen)
            )
        return np.concatenate(parts)

    def _fold_in(self, sessions: Sessions) -> Tensor:
        check_filled(sessions)
        histories = histories_of(sessions, self.vocabulary_size)
        pick, counts = histories.items_lacked(), np.diff(histories.starts)
        examples = POSITIVES_A_STEP * (1 + NEGATIVES)
        users = np.repeat(np.arange(len(sessions))[:, None], examples, axis=1)
        label = torch.zeros(len(sessions), examples, device=self.device)
        label[:, :POSITIVES_A_STEP] = 1
        # The start in training is around 0; with items and perceptron learned, 0 itself can leave.
        width = self.network.users.shape[1]
        vectors = torch.zeros(len(sessions), width, device=self.device, requires_grad=True)
        optimiser = torch.optim.Adam([vectors], lr=FOLD_IN_LEARNING_RATE, fused=True)
        for step in range(FOLD_IN_STEPS):
            places = step * examples + np.arange(examples)
            uniform = row_uniform(
                sessions.row_ids[:, None], places, self.seed, "neural_cf", "fold-in"
            )
            items = pick(users, uniform)
            which = (uniform * counts[:, None]).astype(np.int64)[:, :POSITIVES_A_STEP]
            items[:, :POSITIVES_A_STEP] = histories.items[histories.starts[:-1, None] + which]
            p = vectors[:, None].expand(-1, examples, -1)
            q = self.network.items[torch.from_numpy(items).to(self.device)]
            # A mean within each user, a sum over users: nobody's step depends on their number.
            logits = self.network(p, q)
            loss = binary_cross_entropy_with_logits(logits, label, reduction="sum") / examples
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
        return vectors.detach()

    def _lists(self, vectors: Tensor, sessions: Sessions, k: int, exclude_seen: bool) -> np.ndarray:
        parts = [np.zeros((0, k), dtype=np.int64)]
        items = self.network.items[None]
        for rows in user_chunks(len(sessions), self.vocabulary_size * sum(self.layers)):
            p = vectors[rows, None].expand(-1, self.vocabulary_size, -1)
            scores = self.network(p, items.expand(len(p), -1, -1)).cpu().numpy()
            parts.append(top_lists(scores, sessions[rows], k, exclude_seen))
        return np.concatenate(parts)
