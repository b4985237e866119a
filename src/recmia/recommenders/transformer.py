"""The recommender under attack: a Transformers4Rec session model, and what it predicts where.

GPT-2 with causal modelling is the default: every position sees only what came before, so one pass
gives the prediction at every step of a session, and padding changes nothing. XLNet is trained with
masked items (Transformers4Rec's XLNet sees the future when it is trained causally), so each
position needs a pass of its own and the padded width is part of the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import transformers4rec.torch as tr
from merlin.schema import ColumnSchema, Schema, Tags
from transformers4rec.torch import masking

from recmia.recommenders.settings import Target
from recmia.seeds import child_seed
from recmia.sessions import END, FIRST_ITEM, START, Sessions

ITEM = "item_id"
# Scores of a batch are never larger than this; the softmax needs about three such arrays at once.
LOGIT_BYTES = 64 * 2**20
# Sessions whose hidden states are computed together outside training.
SCORING_BATCH = 512


class ChosenPositions(masking.MaskedLanguageModeling):
    """Masked-item modelling that can also mask given positions, to score them one by one."""

    chosen: torch.Tensor | None = None

    def _compute_masked_targets(self, item_ids, training=False, testing=False):
        if self.chosen is None:
            return super()._compute_masked_targets(item_ids, training=training, testing=testing)
        targets = torch.where(self.chosen, item_ids, self.padding_idx)
        return masking.MaskingInfo(self.chosen, targets)


def build_model(
    target: Target, vocabulary_size: int, max_tokens: int, seed: int
) -> torch.nn.Module:
    """Build an untrained Transformers4Rec model.

    Args:
        target: architecture, width, depth, heads and dropout.
        vocabulary_size: V, items plus the three special ids.
        max_tokens: widest input, L + 2.
        seed: root seed; the weights come from its child "weights".

    Returns:
        A ``transformers4rec.torch.Model`` on the CPU; item embedding and output layer are tied.
    """
    torch.manual_seed(child_seed(seed, "weights"))
    causal = target.architecture == "gpt2"
    column = ColumnSchema(
        ITEM,
        tags=[Tags.CATEGORICAL, Tags.ITEM, Tags.ITEM_ID, Tags.LIST],
        dtype=np.int64,
        is_list=True,
        is_ragged=True,
        properties={
            "domain": {"min": 0, "max": vocabulary_size - 1, "name": ITEM},
            "value_count": {"min": 2, "max": max_tokens},
        },
    )
    # The item embedding already has the transformer's width, so no projection comes between.
    inputs = tr.TabularSequenceFeatures.from_schema(
        Schema([column]),
        max_sequence_length=max_tokens,
        embedding_dim_default=target.d_model,
        aggregation="concat",
        masking="clm" if causal else ChosenPositions(hidden_size=target.d_model),
    )
    config = (tr.GPT2Config if causal else tr.XLNetConfig).build(
        d_model=target.d_model,
        n_head=target.heads,
        n_layer=target.layers,
        total_seq_length=max_tokens,
        dropout=target.dropout,
    )
    body = tr.SequentialBlock(inputs, tr.TransformerBlock(config, masking=inputs.masking))
    # Temperature 0 stands for "do not divide": dividing by 1 walks through all logits for nothing.
    task = tr.NextItemPredictionTask(
        loss=torch.nn.CrossEntropyLoss(label_smoothing=target.label_smoothing),
        weight_tying=True,
        softmax_temperature=0,
        metrics=[],
        sampled_softmax=target.sampled_negatives is not None,
        max_n_samples=target.sampled_negatives,
    )
    return tr.Model(tr.Head(body, task, inputs=inputs), max_sequence_length=max_tokens)


def is_causal(model: torch.nn.Module) -> bool:
    """Whether positions see only what came before them."""
    return not isinstance(_masking(model), ChosenPositions)


def hidden_states(model: torch.nn.Module, tokens: torch.Tensor) -> torch.Tensor:
    """Body of a causal model: [b, t, d]; position j has seen ``tokens[:, :j + 1]``."""
    return model.heads[0].body({ITEM: tokens}, training=False, testing=False)


def project(model: torch.nn.Module, states: torch.Tensor) -> torch.Tensor:
    """Logits [..., V] of hidden states [..., d], through the library's tied output layer."""
    return prediction_task(model).pre(states.float())[0]


def prediction_task(model: torch.nn.Module) -> torch.nn.Module:
    """The library's next-item task: output layer (``pre``), loss, negatives."""
    return next(iter(model.heads[0].prediction_task_dict.values()))


def item_embedding(model: torch.nn.Module) -> torch.nn.Embedding:
    """The embedding table [V, d], which is the output layer too."""
    return model.heads[0].body.inputs.item_embedding_table


def predicting_states(
    model: torch.nn.Module, tokens: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Hidden states from which the model predicts each token but the first.

    A causal model needs one pass. A masked model sees the whole session but the position asked
    for, one pass for each token (about 5.9 passes a session on YooChoose), each at full width.

    Args:
        model: model of :func:`build_model`.
        tokens: int64 [b, t]; for a masked model t must be the model's full width.

    Returns:
        states [m, d], and int64 rows [m] and positions [m]: token ``tokens[row, position]`` is
        predicted; rows rise, and positions rise within a row.
    """
    rows, positions = torch.nonzero(tokens[:, 1:] != 0, as_tuple=True)
    positions = positions + 1
    if is_causal(model):
        states = hidden_states(model, tokens[:, :-1])[rows, positions - 1]
        return states, rows, positions
    states = [
        _masked_states(model, tokens[r], p)
        for r, p in zip(rows.split(SCORING_BATCH), positions.split(SCORING_BATCH), strict=True)
    ]
    return torch.cat(states), rows, positions


def next_item_states(
    model: torch.nn.Module, clicks: torch.Tensor, lengths: torch.Tensor
) -> torch.Tensor:
    """Hidden states [b, d] from which the model predicts the click after each session.

    A masked model is asked for the masked item between the last click and the end token: at the
    end itself it has only ever learned to predict the end token. Where that would not fit, the
    session's first click makes room.

    Args:
        model: model of :func:`build_model`.
        clicks: int64 [b, L], padded on the right with 0.
        lengths: int64 [b], at least 1.
    """
    rows = torch.arange(len(clicks), device=clicks.device)
    start = torch.full_like(clicks[:, :1], START)
    if is_causal(model):
        return hidden_states(model, torch.cat([start, clicks], dim=1))[rows, lengths]
    width = model.max_sequence_length
    full = lengths > width - 3
    clicks = torch.where(full[:, None], torch.roll(clicks, -1, dims=1), clicks)
    lengths = lengths - full.long()
    tokens = torch.nn.functional.pad(torch.cat([start, clicks], dim=1), (0, width))[:, :width]
    tokens[rows, lengths + 1] = FIRST_ITEM  # any id: the position is masked
    tokens[rows, lengths + 2] = END
    return _masked_states(model, tokens, lengths + 1)


def recommend(
    model: torch.nn.Module,
    sessions: Sessions,
    k: int,
    device: str | torch.device = "cpu",
    *,
    exclude_seen: bool = False,
) -> np.ndarray:
    """Top-k items for the click that follows each session.

    Args:
        model: trained model; moved to ``device`` and put in evaluation mode.
        sessions: the histories; all their clicks are used.
        k: length of a list, at most the number of items.
        device: where to compute.
        exclude_seen: leave the session's own items out (the released sequential code does not).

    Returns:
        int64 [n, k], best first, items only (ids from 3); 0 where no item is left.
    """
    lists = np.zeros((len(sessions), k), dtype=np.int64)
    order = np.argsort(sessions.lengths, kind="stable")
    with evaluating(model, device):
        for batch in np.array_split(order, max(1, -(-len(order) // SCORING_BATCH))):
            if not len(batch):
                continue
            lengths = sessions.lengths[batch]
            clicks = torch.from_numpy(sessions.clicks[batch, : lengths.max()]).to(device)
            states = next_item_states(model, clicks, torch.from_numpy(lengths).to(device))
            tops = []
            for part, seen in zip(
                *(split_by_logits(model, x) for x in (states, clicks)), strict=True
            ):
                logits = project(model, part)
                logits[:, :FIRST_ITEM] = -torch.inf
                if exclude_seen:
                    logits.scatter_(1, seen, -torch.inf)
                values, items = logits.topk(min(k, logits.shape[1]), dim=1)
                tops.append(torch.where(values > -torch.inf, items, 0))
            top = torch.cat(tops).cpu().numpy()
            lists[batch, : top.shape[1]] = top
    return lists


def split_by_logits(model: torch.nn.Module, rows: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Split along the first axis so that the logits of a part stay within ``LOGIT_BYTES``."""
    vocabulary = item_embedding(model).num_embeddings
    return rows.split(max(1, LOGIT_BYTES // (4 * vocabulary)))


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread, so that CPU results do not depend on the number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def evaluating(model: torch.nn.Module, device: str | torch.device) -> Iterator[None]:
    """Evaluation mode on ``device``, without gradients, on one thread; mode restored after."""
    training = model.training
    model.to(device).eval()
    try:
        with torch.inference_mode(), one_thread():
            yield
    finally:
        model.train(training)


def _masking(model: torch.nn.Module) -> torch.nn.Module:
    return model.heads[0].body.inputs.masking


def _masked_states(
    model: torch.nn.Module, tokens: torch.Tensor, positions: torch.Tensor
) -> torch.Tensor:
    rows = torch.arange(len(tokens), device=tokens.device)
    scheme = _masking(model)
    scheme.chosen = torch.zeros_like(tokens, dtype=torch.bool)
    scheme.chosen[rows, positions] = True
    try:
        states = model.heads[0].body({ITEM: tokens}, training=False, testing=True)
    finally:
        scheme.chosen = None
    return states[rows, positions]
