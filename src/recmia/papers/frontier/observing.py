"""What each interface shows of a session, as the two numbers that likelihood-ratio attacks compare.

A list or a gradient has no probability of the next item. It gets a φ that falls with the item's
place, or with the gradient's norm, and the p whose logit that is: p = 1 / (1 + place) has
φ = -log place, and p = 1 / (1 + norm) has φ = -log norm.
"""

from __future__ import annotations

import numpy as np
import torch

from recmia.likelihood_ratio.signals import log_sigmoid, logit_signal
from recmia.papers.frontier.names import SCORES, SUM, TOP_1, TOP_K, WEIGHTS
from recmia.recommenders import transformer
from recmia.recommenders.scoring import logits_in_chunks
from recmia.sessions import END, FIRST_ITEM, Sessions

SMALLEST_NORM = 1e-12


def click_scores(
    model: torch.nn.Module, sessions: Sessions, *, device: str | torch.device = "cpu"
) -> tuple[np.ndarray, np.ndarray]:
    """Log-probability of every click, and its place on the list that was served before it.

    Args:
        model: a causal model.
        sessions: n sessions, in any order.
        device: where to compute.

    Returns:
        float32 [n, L] and int64 [n, L], column t of the click ``clicks[:, t]``: natural logarithm,
        among all items and the end; and from 1, among items alone, ties counted against it. NaN
        and 0 beyond the last click.
    """
    low = np.full(sessions.clicks.shape, np.nan, dtype=np.float32)
    place = np.zeros(sessions.clicks.shape, dtype=np.int64)
    tokens = sessions.tokens()[:, :-1]  # the end itself is not asked for
    tokens[tokens == END] = 0
    order = np.argsort(sessions.lengths, kind="stable")
    with transformer.evaluating(model, device):
        for start in range(0, len(order), transformer.SCORING_BATCH):
            rows = order[start : start + transformer.SCORING_BATCH]
            width = int(sessions.lengths[rows].max()) + 1
            batch = torch.from_numpy(tokens[rows, :width]).to(device)
            states, row, position = transformer.predicting_states(model, batch)
            true, found = batch[row, position], []
            for part, logits in logits_in_chunks(model, states):
                own = logits.gather(1, true[part, None])
                norm = logits[:, END:].logsumexp(dim=1, keepdim=True)
                above = (logits[:, FIRST_ITEM:] >= own).sum(dim=1)
                found.append(((own - norm)[:, 0], above))
            at = rows[row.cpu().numpy()], position.cpu().numpy() - 1
            low[at] = torch.cat([values for values, _ in found]).cpu().numpy()
            place[at] = torch.cat([values for _, values in found]).cpu().numpy()
    return np.minimum(low, 0), place


def mean_log_probability(low: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """float64 [n]: mean of the first ``lengths`` values of each row of `click_scores`."""
    return _summed(low, _clicks(low, lengths)) / lengths


def views_of(
    low: np.ndarray, place: np.ndarray, lengths: np.ndarray, norms: np.ndarray, top_k: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Every interface's log-likelihood and signal of each session.

    The scores are of every click, the mean of log p and of φ, or their sums. Lists are served from
    the first click on: of each later click only its place up to ``top_k`` is seen (or whether it
    is the first), else that it is beyond.

    Args:
        low: float [n, L], of `click_scores`.
        place: int64 [n, L], of `click_scores`.
        lengths: int64 [n], at least 2.
        norms: float [n], of `recmia.papers.frontier.gradients.gradient_norms`.
        top_k: length of a list.

    Returns:
        Key of the view (`recmia.papers.frontier.names.VIEWS`) to log-likelihood and signal,
        float64 [n] each.
    """
    clicks = _clicks(low, lengths)
    filled = np.where(clicks, low, -1.0).astype(np.float64)
    totals = [_summed(values, clicks) for values in (filled, logit_signal(filled))]
    found = {}
    later = clicks & (np.arange(low.shape[1]) > 0)
    for view, k in ((TOP_1, 1), (TOP_K, top_k)):
        signal = -np.log(np.where(later, np.minimum(place, k + 1), 1))
        sums = (_summed(values, later) for values in (log_sigmoid(signal), signal))
        found[view] = tuple(values / (lengths - 1) for values in sums)
    found[SCORES] = tuple(total / lengths for total in totals)
    found[SUM] = tuple(totals)
    signal = -np.log(np.maximum(norms, SMALLEST_NORM))
    found[WEIGHTS] = log_sigmoid(signal), signal
    return found


def _clicks(values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.arange(values.shape[1]) < lengths[:, None]


def _summed(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    return np.where(chosen, values, 0).sum(axis=1, dtype=np.float64)
