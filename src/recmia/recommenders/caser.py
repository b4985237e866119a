"""Caser: convolutions over the last items of a sequence, beside a vector of the user."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, logsigmoid

from recmia.device import resolve_device
from recmia.errors import SettingsError
from recmia.recommenders.base import Recommender
from recmia.recommenders.histories import check_distinct_users, histories_of, trained_places
from recmia.recommenders.sequences import check_sequences, drop, last_items, own_chance, ranked_by
from recmia.section import Count, Dropped, NotNegative, Positive
from recmia.seeds import generator
from recmia.sessions import PADDING, Sessions


class Caser(Recommender):
    """Caser of Tang and Wang (WSDM 2018, section 3) as DL-MIA sets it (KDD 2022, Table 5).

    The last ``window`` items, stacked to a matrix, pass horizontal filters of every height (ReLU,
    maximum over places) and vertical filters (weighted sums over places); a dense layer makes of
    them a vector that is joined to the user's. From each place of a sequence the next ``targets``
    items are learned against ``negatives`` that the user lacks, drawn afresh every epoch (equation
    9: the sum over targets and negatives of the log loss, here the mean of each, as released code
    has it). Shorter sequences are padded on the left with an item whose vector is zero.

    Args:
        vocabulary_size: V.
        window: L, items that are looked at.
        targets: T, next items that are learned at once.
        dim: d, length of the vectors of items, and of users.
        vertical: number of vertical filters.
        horizontal: number of horizontal filters of each height from 1 to L.
        dropout: before the dense layer, in training.
        negatives: items drawn for each window.
        epochs: passes over the windows.
        learning_rate: of Adam.
        regularisation: L2 penalty, added to the gradient of every weight.
        batch_size: windows a step.
        device: "cpu", "cuda" or "auto".
        seed: root seed.

    Raises:
        SettingsError: a window, or what is to be learned from it, is empty.
    """

    name = "caser"
    cost = 10

    def __init__(
        self,
        *,
        vocabulary_size: int,
        window: Count = 5,
        targets: Count = 3,
        dim: Count = 50,
        vertical: Count = 4,
        horizontal: Count = 16,
        dropout: Dropped = 0.5,
        negatives: Count = 3,
        epochs: Count = 50,
        learning_rate: Positive = 1e-3,
        regularisation: NotNegative = 1e-6,
        batch_size: Count = 512,
        device: str = "cpu",
        seed: int,
    ) -> None:
        if min(window, targets, negatives) < 1:
            raise SettingsError(
                f"Caser needs at least one item in the window, one target and one negative; got "
                f"window={window}, targets={targets}, negatives={negatives}."
            )
        self.vocabulary_size, self.window, self.targets = vocabulary_size, window, targets
        self.dim, self.vertical, self.horizontal = dim, vertical, horizontal
        self.dropout, self.negatives, self.epochs = dropout, negatives, epochs
        self.learning_rate, self.regularisation = learning_rate, regularisation
        self.batch_size, self.device, self.seed = batch_size, resolve_device(device), seed

    def fit(self, sessions: Sessions) -> Caser:
        """Train ``network``.

        Raises:
            DataError: a user occurs twice, an id is out of range, or a history is empty.
        """
        check_distinct_users(sessions)
        check_sequences(sessions, self.vocabulary_size)
        self.trained_row_ids = sessions.row_ids
        examples = windows_of(sessions, self.window, self.targets)
        pick = histories_of(sessions, self.vocabulary_size).items_lacked()
        draw = generator(self.seed, "caser", "examples")
        with own_chance(self.device, self.seed, "caser"):
            self.network = _Network(len(sessions), self).to(self.device)
            optimiser = torch.optim.Adam(
                self.network.parameters(),
                lr=self.learning_rate,
                weight_decay=self.regularisation,
                fused=True,
            )
            for _ in range(self.epochs):
                self._epoch(*examples, pick, draw, optimiser)
        self.network.requires_grad_(False)
        return self

    def recommend(self, sessions: Sessions, k: int, *, exclude_seen: bool = False) -> np.ndarray:
        """Items that follow each history, by the vector that was learned of its user.

        Raises:
            UnknownUsersError: a user was not trained on.
            DataError: an id is out of range, or a history is empty.
        """

        def score(part: Sessions) -> Tensor:
            places = torch.from_numpy(trained_places(self.trained_row_ids, part.row_ids))
            return self._scores(part, self.network.users[places.to(self.device)])

        return ranked_by(score, sessions, k, self.vocabulary_size, exclude_seen)

    def recommend_folded_in(
        self, sessions: Sessions, k: int, *, exclude_seen: bool = False
    ) -> np.ndarray:
        """Lists for anybody, int64 [n, k]: the mean of the learned users stands for each user.

        Users trained on are treated like all others, so that a list depends on the last items
        alone. Fitting a vector to a history instead would need steps and a rate of its own, and
        how well it fits would depend on the history's length: one more thing, besides membership,
        by which lists could differ.
        """
        mean = self.network.users.mean(dim=0)

        def score(part: Sessions) -> Tensor:
            return self._scores(part, mean.expand(len(part), -1))

        return ranked_by(score, sessions, k, self.vocabulary_size, exclude_seen)

    def _epoch(self, users, windows, targets, pick, draw, optimiser) -> None:
        others = np.repeat(users, self.negatives)
        lacked = pick(others, draw.random(len(others))).reshape(-1, self.negatives)
        candidates = np.concatenate([targets, lacked], axis=1)
        order = draw.permutation(len(users))
        columns = [
            torch.from_numpy(column[order]).to(self.device).split(self.batch_size)
            for column in (users, windows, candidates)
        ]
        for u, window, items in zip(*columns, strict=True):
            scores = self.network.scores(
                self.network.joined(self.network.users[u], window, self.dropout), items
            )
            loss = log_loss(scores, items, self.targets)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

    def _scores(self, sessions: Sessions, users: Tensor) -> Tensor:
        windows = torch.from_numpy(last_items(sessions, self.window)).to(self.device)
        return self.network.scores(self.network.joined(users, windows))


class _Network(nn.Module):
    """Section 3.2 to 3.4; starting values as in the authors' code."""

    def __init__(self, n_users: int, settings: Caser) -> None:
        super().__init__()
        n_items, dim, window = settings.vocabulary_size, settings.dim, settings.window
        self.users, self.items = (
            nn.Parameter(torch.randn(n, dim) / dim) for n in (n_users, n_items)
        )
        # A horizontal filter of height h is a linear map of h items; vertical ones are weights.
        self.horizontal = nn.ModuleList(
            nn.Linear(height * dim, settings.horizontal) for height in range(1, window + 1)
        )
        self.vertical = nn.Linear(window, settings.vertical)
        self.dense = nn.Linear(settings.vertical * dim + window * settings.horizontal, dim)
        # The last column is the items' bias.
        self.outputs = nn.Parameter(torch.randn(n_items, 2 * dim + 1) / (2 * dim))
        with torch.no_grad():
            self.outputs[:, -1] = 0

    def joined(self, users: Tensor, windows: Tensor, dropped: float = 0.0) -> Tensor:
        """Vector [b, 2 dim] of user vectors [b, dim] and windows int64 [b, L]."""
        matrix = embedding(windows, self.items) * (windows != PADDING).unsqueeze(-1)
        found = [
            torch.relu(layer(_joined_rows(matrix, height)).max(dim=1).values)
            for height, layer in enumerate(self.horizontal, start=1)
        ]
        # [b, dim, vertical] to the filters one after the other.
        found.append(self.vertical(matrix.transpose(1, 2)).transpose(1, 2).flatten(1))
        joined = drop(torch.cat(found, dim=1), dropped)
        return torch.cat([torch.relu(self.dense(joined)), users], dim=1)

    def scores(self, joined: Tensor, items: Tensor | None = None) -> Tensor:
        """Scores [b, m] of ``items`` (int64 [b, m]), or [b, V] of all."""
        if items is None:
            return torch.addmm(self.outputs[:, -1], joined, self.outputs[:, :-1].T)
        vectors = embedding(items, self.outputs)
        return (vectors[..., :-1] * joined.unsqueeze(1)).sum(dim=2) + vectors[..., -1]


def _joined_rows(matrix: Tensor, height: int) -> Tensor:
    """[b, L - height + 1, height * dim]: each ``height`` rows in a row, end to end."""
    places = matrix.shape[1] - height + 1
    return torch.cat([matrix[:, row : row + places] for row in range(height)], dim=2)


def log_loss(scores: Tensor, items: Tensor, targets: int) -> Tensor:
    """Mean log loss of the targets plus that of the negatives (equation 9).

    Args:
        scores: [b, T + negatives], targets first.
        items: int64 [b, T + negatives], 0 where there is none.
        targets: T.
    """
    right = torch.arange(scores.shape[1], device=scores.device) < targets
    loss = -logsigmoid(torch.where(right, scores, -scores))
    there = items != PADDING
    return sum(
        (loss * (there & chosen)).sum() / (there & chosen).sum().clamp_min(1)
        for chosen in (right, ~right)
    )


def windows_of(
    sessions: Sessions, window: int, targets: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every place of every sequence from which ``targets`` items are left, and the last such.

    A sequence too short for a whole window and all targets gives one example, its window padded
    on the left and, where it has fewer items than targets, the targets on the right.

    Args:
        sessions: at least one click each.
        window: L.
        targets: T.

    Returns:
        Users int64 [m] (places in ``sessions``), windows int64 [m, L], targets int64 [m, T].
    """
    ends = np.maximum(sessions.lengths - targets, np.minimum(sessions.lengths - 1, 1))
    first = np.minimum(window, ends)
    counts = ends - first + 1
    users = np.repeat(np.arange(len(sessions)), counts)
    # Items before the targets: first, first + 1, ..., ends of each user.
    before = np.arange(len(users)) - np.repeat(np.cumsum(counts) - counts - first, counts)
    places = before[:, None] + np.arange(-window, targets)
    clicks = np.pad(sessions.clicks, ((0, 0), (0, targets)))
    items = clicks[users[:, None], np.maximum(places, 0)] * (places >= 0)
    return users, items[:, :window], items[:, window:]
