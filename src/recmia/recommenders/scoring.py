"""What a session model's scores say about each click of a session, streamed and summarised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from recmia.recommenders import transformer
from recmia.sessions import END, Sessions, row_quantiles

# The measures walk through a chunk's logits many times, which is fast while it is in the cache.
CHUNK_BYTES = 4 * 2**20
# Products are up to 1.5 times as fast where every row of logits begins a line of the cache.
ALIGNED = 16  # numbers of float32
# Measures that do not look at the true token.
OF_THE_PREDICTION_ALONE = ("entropy", "max_log_probability")


class PositionScores(NamedTuple):
    """Measures of every prediction of a session; float32 [n, L + 1], NaN beyond the end token.

    Column t says how the token after t clicks was predicted: the click ``clicks[:, t]`` for t
    below the session's length, the end token at t equal to it. The candidates are all items and
    the end token.

    Attributes:
        log_probability: of the true token, nats.
        log_rank: log(1 + number of other candidates scored at least as high).
        margin: logit of the true token minus the highest other logit.
        entropy: of the predicted distribution, nats.
        max_log_probability: of the likeliest candidate, nats.
        z_score: the true token's logit, standardised over the candidates' logits.
    """

    log_probability: np.ndarray
    log_rank: np.ndarray
    margin: np.ndarray
    entropy: np.ndarray
    max_log_probability: np.ndarray
    z_score: np.ndarray


def position_scores(
    model: torch.nn.Module,
    sessions: Sessions,
    *,
    device: str | torch.device = "cpu",
    batch_size: int = transformer.SCORING_BATCH,
) -> PositionScores:
    """Score every click and the end of each session.

    Sessions are taken in order of length, and logits are never held for more than
    ``CHUNK_BYTES`` at a time, so memory does not grow with the data. A masked model
    hides one position at a time and sees the rest of the session, later clicks too; that is one
    pass of the model for every token, some six times the cost of the causal model.

    Args:
        model: of :func:`recmia.recommenders.transformer.build_model`.
        sessions: the sessions; row order is kept.
        device: where to compute.
        batch_size: sessions whose hidden states are computed together.
    """
    shape = (len(PositionScores._fields), len(sessions), sessions.max_length + 1)
    scores = np.full(shape, np.nan, dtype=np.float32)
    tokens = sessions.tokens()
    order = np.argsort(sessions.lengths, kind="stable")
    with transformer.evaluating(model, device):
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            width = tokens.shape[1]
            if transformer.is_causal(model):
                width = sessions.lengths[batch].max() + 2
            inputs = torch.from_numpy(tokens[batch, :width]).to(device)
            states, rows, positions = transformer.predicting_states(model, inputs)
            true = inputs[rows, positions]
            measures = [
                _measures(logits[:, END:], true[part] - END)
                for part, logits in logits_in_chunks(model, states)
            ]
            at = (slice(None), batch[rows.cpu().numpy()], positions.cpu().numpy() - 1)
            scores[at] = torch.cat(measures, dim=1).float().cpu().numpy()
    return PositionScores(*scores)


def logits_in_chunks(
    model: torch.nn.Module, states: torch.Tensor
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Logits of hidden states over all tokens, as :func:`.transformer.project`, chunk by chunk.

    Args:
        model: of :func:`recmia.recommenders.transformer.build_model`.
        states: float [m, d], without a graph.

    Yields:
        Rows of ``states``, and their logits float32 [rows, V], which may be overwritten and are
        gone with the next chunk.
    """
    weight = aligned(transformer.item_embedding(model).weight)
    rows = max(1, CHUNK_BYTES // (4 * len(weight)))
    logits = weight.new_empty(min(rows, len(states)), len(weight))
    items = transformer.item_embedding(model).num_embeddings
    for start in range(0, len(states), rows):
        part = slice(start, min(start + rows, len(states)))
        found = logits[: part.stop - start]
        torch.mm(states[part].float(), weight.T, out=found)
        yield part, found[:, :items]


def aligned(weight: torch.Tensor) -> torch.Tensor:
    """The rows of [V, d] and as many of zeros as make their number a multiple of ``ALIGNED``."""
    return torch.nn.functional.pad(weight.detach(), (0, 0, 0, -len(weight) % ALIGNED))


def score_features(
    scores: PositionScores, lengths: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Summaries of a session's scores, as inputs of an attack.

    For each measure: mean, sum, minimum, maximum and standard deviation over the clicks, the
    values at the first and at the last click, and the value at the end token. Entropy and highest
    log-probability do not look at the true token: for them the steps go from the second to the end.

    Args:
        scores: of :func:`position_scores`.
        lengths: int64 [n], clicks in each session.

    Returns:
        float32 [n, 48] without NaN, and the names; column 0 is the mean log-probability of the
        clicks, the statistic of the loss-threshold attack.
    """
    rows = np.arange(len(lengths))
    steps = np.arange(scores[0].shape[1])
    clicks = steps < lengths[:, None]
    columns, names = [], []
    for name, values in zip(PositionScores._fields, scores, strict=True):
        # Before the first click a causal model predicts the same for every session: how sure it
        # is there is a constant of the model, and would hide the other steps in a maximum.
        begin = 1 if name in OF_THE_PREDICTION_ALONE else 0
        chosen = np.roll(clicks, begin, axis=1)
        total = np.where(chosen, values, 0).sum(axis=1, dtype=np.float64)
        mean = total / lengths
        squares = np.where(chosen, (values - mean[:, None]) ** 2, 0).sum(axis=1)
        summaries = {
            "mean": mean,
            "sum": total,
            "min": np.where(chosen, values, np.inf).min(axis=1),
            "max": np.where(chosen, values, -np.inf).max(axis=1),
            "std": np.sqrt(squares / lengths),
            "first": values[:, begin],
            "last": values[rows, lengths - 1],
            "end": values[rows, lengths],
        }
        columns += summaries.values()
        names += [f"{name}_{summary}" for summary in summaries]
    return np.stack(columns, axis=1).astype(np.float32), tuple(names)


def last_step_features(
    scores: PositionScores, lengths: np.ndarray
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The measures at the last click alone: float32 [n, 6], and their names."""
    rows = np.arange(len(lengths))
    columns = [values[rows, lengths - 1] for values in scores]
    return np.stack(columns, axis=1), PositionScores._fields


def output_input_correlation(scores: PositionScores, lengths: np.ndarray) -> np.ndarray:
    """How far the model's output at each step points at the item that was clicked next.

    The z-score of the true item's logit is the output vector's agreement with the one-hot input
    vector: their Pearson correlation, times the root of the number of candidates minus one. A
    session is described by the quantiles 0, 25, 50, 75 and 100% of it over the clicks, and by its
    value at the last click (the proposal's figures 1 and 2).

    Returns:
        float32 [n, 6].
    """
    rows = np.arange(len(lengths))
    columns = row_quantiles(scores.z_score, lengths, (0, 0.25, 0.5, 0.75, 1))
    columns.append(scores.z_score[rows, lengths - 1])
    return np.stack(columns, axis=1).astype(np.float32)


def _measures(logits: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Measures [6, m] of logits [m, candidates], which are overwritten, and the true index [m]."""
    true = true[:, None]
    at_least = (logits >= logits.gather(1, true)).sum(dim=1, keepdim=True) - 1
    logits.sub_(logits.mean(dim=1, keepdim=True))  # no other measure is about their level
    spread = torch.linalg.vector_norm(logits, dim=1, keepdim=True) / logits.shape[1] ** 0.5
    logit = logits.gather(1, true)
    other = logits.scatter_(1, true, -torch.inf).amax(dim=1, keepdim=True)
    best = torch.maximum(other, logit)
    below = logits.scatter_(1, true, logit).sub_(best)
    share = below.exp()
    total = share.sum(dim=1, keepdim=True)
    log_total = total.log()
    entropy = log_total - share.mul_(below).sum(dim=1, keepdim=True) / total
    return torch.cat(
        [
            logit - best - log_total,
            at_least.float().log1p(),
            logit - other,
            entropy,
            -log_total,
            logit / spread.clamp_min(1e-12),
        ],
        dim=1,
    ).T
