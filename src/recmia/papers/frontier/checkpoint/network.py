"""SASRec (Kang and McAuley, ICDM 2018) as a widely used implementation saves it.

Its weights are read as plain tensors. Two of its versions were published: an older one counts
positions from 0 at the left edge of the padded window and clears what stands on padding, a newer
one counts them from 1 and gives padding the position 0.
"""

from __future__ import annotations

from pathlib import Path

import torch
from packaging.version import Version
from torch import Tensor, nn

from recmia.errors import DataError

WINDOW = 200  # items that are looked at; as the files' names say, with one head
EPSILON = 1e-8
PADDING = 0
SAFE = Version("2.6")  # of torch, from which `weights_only` holds


class SASRec(nn.Module):
    """The published network; its parts are called as in the published files.

    Args:
        items: ids are 1 to this number.
        dim: of the vectors.
        blocks: of attention and feed-forward layers.
        window: items that are looked at.
        counts_from: position of the window's left edge, 0 (the older version) or 1.
    """

    def __init__(self, items: int, dim: int, blocks: int, window: int, counts_from: int) -> None:
        super().__init__()
        self.window, self.counts_from = window, counts_from
        self.item_emb = nn.Embedding(items + 1, dim)
        self.pos_emb = nn.Embedding(window + counts_from, dim)

        def norms() -> nn.ModuleList:
            return nn.ModuleList(nn.LayerNorm(dim, eps=EPSILON) for _ in range(blocks))

        self.attention_layernorms, self.forward_layernorms = norms(), norms()
        self.attention_layers = nn.ModuleList(
            nn.MultiheadAttention(dim, 1, batch_first=True) for _ in range(blocks)
        )
        self.forward_layers = nn.ModuleList(_Pointwise(dim) for _ in range(blocks))
        self.last_layernorm = nn.LayerNorm(dim, eps=EPSILON)

    def forward(self, windows: Tensor) -> Tensor:
        """What is known after each item.

        Args:
            windows: int64 [n, window], items in time order, padded on the left with 0.

        Returns:
            float32 [n, window, dim]; the logit of an item is the product with its vector.
        """
        real = (windows != PADDING)[..., None]
        places = torch.arange(self.window, device=windows.device) + self.counts_from
        if self.counts_from:
            places = places * real[..., 0]
        states = self.item_emb(windows) * self.item_emb.embedding_dim**0.5 + self.pos_emb(places)
        if not self.counts_from:
            states = states * real
        later = torch.ones(self.window, self.window, device=windows.device).triu(1).bool()
        layers = (
            self.attention_layernorms, self.attention_layers,
            self.forward_layernorms, self.forward_layers,
        )  # fmt: skip
        for attention_norm, attention, forward_norm, forward in zip(*layers, strict=True):
            asked = attention_norm(states)
            found, _ = attention(asked, states, states, attn_mask=later, need_weights=False)
            states = forward(forward_norm(asked + found))
            if not self.counts_from:
                states = states * real
        return self.last_layernorm(states)


class _Pointwise(nn.Module):
    """x + W₂ relu(W₁ x), the weights as convolutions of one step."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(dim, dim, 1), nn.Conv1d(dim, dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(torch.relu(self.conv1(x.mT))).mT


def load_network(path: Path, *, window: int = WINDOW, device: str = "cpu") -> SASRec:
    """Read a state dict, tensors only.

    Args:
        path: the file.
        window: items that the network looks at.
        device: torch device.

    Raises:
        DataError: it is no state dict of tensors, or of another network, or this torch cannot read
            one safely.
    """
    if Version(torch.__version__) < SAFE:
        raise DataError(
            f"not read with torch {torch.__version__}: before {SAFE} a file can run code "
            "(CVE-2025-32434).", file=path, remedy=f"torch {SAFE} or later, or `checkpoint: null`.",
        )  # fmt: skip
    remedy = "put the published file of SASRec there; see `recmia data list`."
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        items, dim = state["item_emb.weight"].shape
        counts_from = state["pos_emb.weight"].shape[0] - window
        blocks = sum(key.endswith(".in_proj_weight") for key in state)
    except Exception as error:  # of several kinds, by what the file is
        raise DataError(
            f"no weights that can be read as tensors alone ({type(error).__name__}).", file=path,
            remedy=remedy,
        ) from error  # fmt: skip
    if counts_from not in (0, 1):
        raise DataError(
            f"{window + counts_from} positions in place of {window} or {window + 1}.", file=path,
            remedy=remedy,
        )  # fmt: skip
    with torch.device("meta"):  # no starting values are drawn
        network = SASRec(items - 1, dim, blocks, window, counts_from)
    try:
        network.load_state_dict(state, assign=True)
    except RuntimeError as error:
        raise DataError(
            f"the weights of another network: {error}", file=path, remedy=remedy
        ) from None
    return network.eval()
