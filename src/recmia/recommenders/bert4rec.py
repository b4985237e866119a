"""BERT4Rec: items hidden in a sequence are told from all the others, on both sides."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, scaled_dot_product_attention

from recmia.device import resolve_device
from recmia.errors import SettingsError
from recmia.recommenders.loss import TiedCrossEntropy
from recmia.recommenders.sequences import (
    RankedByHistory,
    check_sequences,
    drop,
    last_items,
    length_batches,
    own_chance,
)
from recmia.section import Count, Dropped, Positive
from recmia.seeds import generator
from recmia.sessions import PADDING, START, Sessions

# No item has this id, and these sequences have no start token.
MASK = START


class BERT4Rec(RankedByHistory):
    """BERT4Rec of Sun et al. (CIKM 2019, section 3) as DL-MIA sets it (KDD 2022, Table 5).

    Each epoch hides items at random, at least one of each sequence, and learns them from the
    cross-entropy over the whole catalogue; the hidden item after a history is the recommendation.
    Positions are counted from the end of a sequence, as padding on the left does it. Layers are
    normalised before attention and feed-forward, not after: at this learning rate without warm-up
    that is the stable order. Projections are made where items are hidden only, and so is the last
    layer's feed-forward.

    Length, share and epochs are not in the paper; its released code has 100, 0.15 and 100. On 1,000
    users of MovieLens-1M these reach an HR@10 of .055 in 686 seconds, half as long sequences with
    twice as many items hidden .062 in 419.

    Transformers4Rec has BERT with masked items, but passes no attention mask: padding would be
    attended to, and with nine items a user on Amazon Beauty nine tenths of each row are padding.

    Args:
        vocabulary_size: V.
        dim: width of the layers.
        layers: number of transformer layers.
        heads: attention heads of each.
        length: last items of a history that are looked at, the hidden one included.
        mask_share: probability that an item is hidden in training.
        dropout: on the input and on the output of attention and feed-forward, in training.
        epochs: passes over the sequences.
        learning_rate: of Adam.
        batch_size: sequences a step.
        device: "cpu", "cuda" or "auto".
        seed: root seed.

    Raises:
        SettingsError: the heads do not divide the width, or a share or length is impossible.
    """

    name = "bert4rec"
    cost = 30

    def __init__(
        self,
        *,
        vocabulary_size: int,
        dim: Count = 256,
        layers: Count = 2,
        heads: Count = 4,
        length: Count = 50,
        mask_share: float = 0.3,
        dropout: Dropped = 0.1,
        epochs: Count = 60,
        learning_rate: Positive = 1e-3,
        batch_size: Count = 128,
        device: str = "cpu",
        seed: int,
    ) -> None:
        if dim % heads or not 0 < mask_share < 1 or length < 2:
            raise SettingsError(
                "BERT4Rec needs a width that the heads divide, a share of hidden items between 0 "
                f"and 1, and a length of at least 2; got dim={dim}, heads={heads}, "
                f"mask_share={mask_share}, length={length}."
            )
        self.vocabulary_size, self.dim, self.layers, self.heads = (
            vocabulary_size,
            dim,
            layers,
            heads,
        )
        self.length, self.mask_share, self.dropout = length, mask_share, dropout
        self.epochs, self.learning_rate, self.batch_size = epochs, learning_rate, batch_size
        self.device, self.seed = resolve_device(device), seed

    def fit(self, sessions: Sessions) -> BERT4Rec:
        """Train ``network``.

        Raises:
            DataError: an id is out of range, or a sequence is empty.
        """
        check_sequences(sessions, self.vocabulary_size)
        tokens = last_items(sessions, self.length)
        draw = generator(self.seed, "bert4rec", "examples")
        with own_chance(self.device, self.seed, "bert4rec"):
            self.network = _Network(self).to(self.device).train()
            optimiser = torch.optim.Adam(
                self.network.parameters(), lr=self.learning_rate, fused=True
            )
            for _ in range(self.epochs):
                self._epoch(tokens, draw, optimiser)
        self.network.requires_grad_(False).eval()
        return self

    def _epoch(
        self, tokens: np.ndarray, draw: np.random.Generator, optimiser: torch.optim.Optimizer
    ) -> None:
        lengths = (tokens != PADDING).sum(axis=1)
        for rows in length_batches(lengths, self.batch_size, draw):
            whole = tokens[rows, -lengths[rows].max() :]
            hidden = hide(whole, self.mask_share, draw)
            given = torch.from_numpy(np.where(hidden, MASK, whole)).to(self.device)
            states = self.network(given, torch.from_numpy(hidden).to(self.device))
            loss = self.network.loss(states, torch.from_numpy(whole[hidden]).to(self.device))
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

    def _scores(self, sessions: Sessions) -> Tensor:
        width = min(self.length - 1, sessions.max_length)
        tokens = np.pad(last_items(sessions, width), ((0, 0), (0, 1)), constant_values=MASK)
        given = torch.from_numpy(tokens).to(self.device)
        return self.network.scores(self.network(given, given == MASK))


class _Network(nn.Module):
    """Sections 3.3 to 3.5: embedding, transformer layers, and the tied output layer."""

    def __init__(self, settings: BERT4Rec) -> None:
        super().__init__()
        size, dim = settings.vocabulary_size, settings.dim
        self.dropout = settings.dropout
        self.items = nn.Parameter(torch.empty(size, dim))
        self.positions = nn.Parameter(torch.empty(settings.length, dim))
        self.layers = nn.ModuleList(
            _Layer(dim, settings.heads, settings.dropout) for _ in range(settings.layers)
        )
        self.norm, self.dense = nn.LayerNorm(dim), nn.Linear(dim, dim)
        self.last_norm = nn.LayerNorm(dim)
        self.bias = nn.Parameter(torch.zeros(size))
        for weight in self.parameters():
            if weight.ndim == 2:  # section 4.3: a normal distribution cut at two deviations
                nn.init.trunc_normal_(weight, std=0.02, a=-0.04, b=0.04)

    def forward(self, tokens: Tensor, hidden: Tensor) -> Tensor:
        """States [m, dim] of the hidden positions, in row order.

        Args:
            tokens: int64 [b, t], padded on the left with 0, `MASK` at hidden positions.
            hidden: bool [b, t].
        """
        there = tokens != PADDING
        x = nn.functional.embedding(tokens, self.items) + self.positions[-tokens.shape[1] :]
        x = drop(x, self.dropout if self.training else 0.0)
        seen = None if there.all() else there[:, None, None]
        for layer in self.layers[:-1]:
            x = layer.feed_forward(layer.attend(x, seen))
        # What comes after the last attention concerns each position alone.
        x = self.layers[-1].attend(x, seen)[hidden]
        x = self.norm(self.layers[-1].feed_forward(x))
        return self.last_norm(gelu(self.dense(x)))

    def scores(self, states: Tensor) -> Tensor:
        """Scores [m, V] of states [m, dim] (equation 7)."""
        return torch.addmm(self.bias, states, self.items.T)

    def loss(self, states: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of the targets (int64 [m]) over the catalogue (equation 8)."""
        if states.is_cuda:
            return cross_entropy(self.scores(states), targets)
        # The bias is one more column, so that the loss of the CPU sees a plain product.
        return TiedCrossEntropy.apply(
            nn.functional.pad(states, (0, 1), value=1.0),
            torch.cat([self.items, self.bias[:, None]], dim=1),
            targets,
        )


class _Layer(nn.Module):
    """Multi-head attention and the position-wise feed-forward (section 3.3)."""

    def __init__(self, dim: int, heads: int, dropped: float) -> None:
        super().__init__()
        self.heads, self.dropped = heads, dropped
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for _ in range(2))
        self.in_projection, self.out_projection = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.wide, self.narrow = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def attend(self, x: Tensor, seen: Tensor | None) -> Tensor:
        """[b, t, dim] to the same; ``seen``: bool [b, 1, 1, t], None where all is seen."""
        parts = self.in_projection(self.norms[0](x)).unflatten(2, (3, self.heads, -1))
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=seen)
        mixed = self.out_projection(mixed.transpose(1, 2).flatten(2))
        return x + drop(mixed, self.dropped if self.training else 0.0)

    def feed_forward(self, x: Tensor) -> Tensor:
        """[..., dim] to the same."""
        made = self.narrow(gelu(self.wide(self.norms[1](x))))
        return x + drop(made, self.dropped if self.training else 0.0)


def hide(tokens: np.ndarray, share: float, draw: np.random.Generator) -> np.ndarray:
    """bool [b, t]: positions to hide, each with probability ``share``, at least one of each row.

    Args:
        tokens: int64 [b, t], padded with 0.
        share: probability.
        draw: source of the choice.
    """
    chance = np.where(tokens != PADDING, draw.random(tokens.shape), 1.0)
    return (chance < share) | (chance == chance.min(axis=1, keepdims=True))
