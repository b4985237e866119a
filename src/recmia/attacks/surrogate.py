"""Extract a surrogate of a sequential recommender from its ranked lists."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from recmia.networks import torch_generator
from recmia.recommenders.sequences import length_batches
from recmia.seeds import generator
from recmia.sessions import FIRST_ITEM, PADDING

SCORES_TOGETHER = 16_000_000  # scores held at once: 64 MB


class Surrogate:
    """A GRU whose state, times the vector of an item, is the item's score.

    Items share one vector for what goes in and what comes out. It learns nothing but lists: the
    items that a list holds should score above others, each above the one that follows it (see
    `list_loss`). Starting values are drawn from ``seed``, and so are order and negatives.

    Args:
        vocabulary_size: V, beyond the largest id.
        dim: of the item vectors and of the state.
        device: where it runs.
        seed: root seed.
    """

    def __init__(self, vocabulary_size: int, *, dim: int, device: torch.device, seed: int) -> None:
        self.vocabulary_size, self.device, self.seed = vocabulary_size, device, seed
        draw = torch_generator(seed, "surrogate", "start")
        bound = 1 / math.sqrt(dim)  # of PyTorch's GRU, which would draw from the global generator
        self.items = torch.empty(vocabulary_size, dim).normal_(0, bound, generator=draw)
        self.network = nn.GRU(dim, dim, batch_first=True, device="meta").to_empty(device="cpu")
        with torch.no_grad():
            for weights in self.network.parameters():
                weights.uniform_(-bound, bound, generator=draw)
        self.items = self.items.to(device).requires_grad_()
        self.network = self.network.to(device)

    def fit(
        self,
        sequences: np.ndarray,
        lengths: np.ndarray,
        lists: np.ndarray,
        *,
        epochs: int,
        batch_size: int,
        learning_rate: float,
        margins: tuple[float, float],
        progress: Callable[[], object] = lambda: None,
    ) -> Surrogate:
        """Learn to answer each sequence with its list, by Adam.

        Args:
            sequences: int64 [n, L], padded on the right with 0.
            lengths: int64 [n], items that were asked with; what stands behind them is not read.
            lists: int64 [n, k], best first, padded on the right with 0.
            epochs: passes over the sequences.
            batch_size: sequences a step, of nearly one length.
            learning_rate: of Adam.
            margins: of `list_loss`.
            progress: called after each epoch.

        Sequences without an item and lists without one teach nothing.
        """
        teaching = np.flatnonzero((lengths > 0) & (lists != PADDING).any(axis=1))
        asked, lengths = torch.from_numpy(sequences[teaching]), lengths[teaching]
        wanted, last = torch.from_numpy(lists[teaching]), torch.from_numpy(lengths - 1)
        order = generator(self.seed, "surrogate", "order")
        chance = torch_generator(self.seed, "surrogate", "negatives")
        optimiser = torch.optim.Adam([self.items, *self.network.parameters()], lr=learning_rate)
        for _ in range(epochs):
            for batch in length_batches(lengths, batch_size, order):
                rows = torch.from_numpy(batch)
                width = int(lengths[batch].max())
                ranked = wanted[rows]
                others = torch.randint(
                    FIRST_ITEM, self.vocabulary_size, ranked.shape, generator=chance
                )
                ranked, others = ranked.to(self.device), others.to(self.device)
                states = self._states(asked[rows, :width].to(self.device))
                state = states[torch.arange(len(rows)), last[rows]]
                loss = list_loss(
                    self._scores(state, ranked), self._scores(state, others), ranked, others,
                    margins,
                )  # fmt: skip
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
            progress()
        return self

    def mean_features(self, histories: np.ndarray, lengths: np.ndarray, top: int) -> np.ndarray:
        """What it says of each next item of a history, averaged over the history.

        Args:
            histories: int64 [n, L], ids below V, padded on the right with 0.
            lengths: int64 [n].
            top: k, how many of the best scores are features.

        Returns:
            float64 [n, 3 + min(k, V - 3)]: the score of the item that came next; mean and
            deviation of all items' scores; the k best scores, falling. Not a number where a history
            has less than two items, so that none came next.
        """
        top = min(top, self.vocabulary_size - FIRST_ITEM)
        sums = np.zeros((len(histories), 3 + top))
        order = np.argsort(lengths, kind="stable")
        order = order[lengths[order] > 1]
        start = 0
        while start < len(order):
            # As many rows as have room for all their scores, at least one.
            reach = np.arange(1, len(order) - start + 1) * (lengths[order[start:]] - 1)
            room = reach * self.vocabulary_size <= SCORES_TOGETHER
            rows = order[start : start + max(1, int(room.sum()))]
            sums[rows] = self._summed(histories[rows], lengths[rows], top)
            start += len(rows)
        times = np.maximum(lengths - 1, 0)[:, None]
        return np.divide(sums, times, out=np.full_like(sums, np.nan), where=times > 0)

    @torch.no_grad()
    def _summed(self, histories: np.ndarray, lengths: np.ndarray, top: int) -> np.ndarray:
        clicks = torch.from_numpy(histories[:, : lengths.max()]).to(self.device)
        places = torch.arange(clicks.shape[1] - 1, device=self.device)
        row, place = torch.nonzero(
            places < torch.from_numpy(lengths - 1).to(self.device)[:, None], as_tuple=True
        )
        state = self._states(clicks[:, :-1])[row, place]
        scores = state @ self.items[FIRST_ITEM:].T
        following = scores.gather(1, clicks[row, place + 1, None] - FIRST_ITEM)
        deviation, mean = torch.std_mean(scores, dim=1, correction=0, keepdim=True)
        each = torch.cat([following, mean, deviation, scores.topk(top, dim=1).values], dim=1)
        sums = torch.zeros(len(histories), each.shape[1], dtype=torch.float64, device=self.device)
        return sums.index_add_(0, row, each.double()).cpu().numpy()

    def _states(self, clicks: Tensor) -> Tensor:
        """[b, T, dim] after each item of [b, T]; what follows an item does not reach back to it."""
        return self.network(self.items[clicks])[0]

    def _scores(self, state: Tensor, items: Tensor) -> Tensor:
        """[b, k] of items [b, k], each row after its state [b, dim]."""
        return torch.bmm(self.items[items], state[:, :, None]).squeeze(2)


def list_loss(
    scores: Tensor,
    other_scores: Tensor,
    lists: Tensor,
    others: Tensor,
    margins: tuple[float, float],
) -> Tensor:
    """Ranking loss of lists (Yue et al., RecSys 2021): two hinges, each a mean over pairs.

    mean over i < k of max(0, m_1 - s_i + s_(i+1)), so that the order is kept, plus mean over i of
    max(0, m_2 - s_i + s_neg(i)), so that what a list holds is above what it does not hold.

    Args:
        scores: [b, k], of the items in the lists' order.
        other_scores: [b, k], of items drawn at random, one for each place.
        lists: int64 [b, k], padded on the right with 0.
        others: int64 [b, k]; one that is in the row's list is no negative, and left out.
        margins: m_1 between neighbours and m_2 to items that are not in the list.
    """
    present = lists != PADDING
    inside = torch.zeros(len(lists), int(max(lists.max(), others.max())) + 1, dtype=torch.bool)
    inside = inside.to(lists.device).scatter_(1, lists, True)
    order = torch.relu(margins[0] - scores[:, :-1] + scores[:, 1:])
    apart = torch.relu(margins[1] - scores + other_scores)
    return _mean(order, present[:, 1:]) + _mean(apart, present & ~inside.gather(1, others))


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)
