"""What a network, and what nobody's network, says of the interactions; one file an adversary."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from recmia.evaluation.folds import group_folds
from recmia.papers.frontier import names
from recmia.papers.frontier.checkpoint.interactions import (
    BEFORE,
    EARLIER,
    FEATURES,
    HELD_OUT,
    LAST,
    NOWHERE,
)
from recmia.papers.frontier.checkpoint.network import PADDING, WINDOW, SASRec, load_network
from recmia.seeds import child_seed
from recmia.storage import read_arrays, write_arrays

# Whom an attack has to tell apart: the kind that it should find, and the other.
AT_RANDOM = "any earlier item, against the held-out one"
NEXT_TO_IT = "the last item it learned from, against the held-out one"
BOTH_LEARNED = "the last but one, against the last it learned from"
CASES = {AT_RANDOM: (EARLIER, HELD_OUT), NEXT_TO_IT: (LAST, HELD_OUT), BOTH_LEARNED: (BEFORE, LAST)}
OWN_LOSS = "loss threshold, by the network's own loss"
CALIBRATED = "loss threshold, calibrated by popularity"
ATTACKS = (names.LOSS, OWN_LOSS, CALIBRATED)
PLACE, POPULAR, LATE = "place in the history", "popularity of the item", "lateness of the item"
BASELINES = (names.BLIND, PLACE, POPULAR, LATE)
BATCH = 64  # users at once


def score_interactions(
    network: SASRec,
    tail: np.ndarray,
    held_out: np.ndarray,
    distance: np.ndarray,
    *,
    device: str = "cpu",
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[np.ndarray, np.ndarray]:
    """Log-probability and logit of interactions, each given the items before it.

    What was trained on is asked as it was trained on, at its place in the window of the last items;
    the held-out item as it is served, after the window. The network was not trained with a softmax
    over all items, but one negative a step; it ranks by these logits.

    Args:
        network: of W positions.
        tail: int64 [U, W + 1], see `interactions.keep_interactions`.
        held_out: int64 [U].
        distance: int64 [U, C], from the held-out item; -1 for none.
        device: torch device.
        progress: called with the number of users after each batch.

    Returns:
        float32 [U, C] each; NaN for none.
    """
    found = np.full((2, *distance.shape), np.nan, dtype=np.float32)
    vectors = network.item_emb.weight
    for start in range(0, len(tail), BATCH):
        rows = slice(start, start + BATCH)
        window = torch.from_numpy(tail[rows]).to(device)
        at = torch.from_numpy(distance[rows]).to(device)
        each = torch.arange(len(window), device=device)[:, None]
        with torch.no_grad():
            learned = network(window[:, :-1])
            served = network(window[:, 1:])[:, -1:]
            place = network.window - at.clamp(min=1)
            held = at == HELD_OUT
            states = torch.where(held[..., None], served, learned[each, place])
            asked = torch.from_numpy(held_out[rows]).to(device)[:, None]
            true = torch.where(held, asked, window[:, 1:][each, place])[..., None]
            logits = states @ vectors.T
            logits[..., PADDING] = -torch.inf
            own = logits.gather(2, true)[..., 0]
            low = own.double() - logits.double().logsumexp(dim=2)
        there = distance[rows] != NOWHERE
        for values, kept in ((low, found[0]), (own, found[1])):
            kept[rows][there] = values.float().cpu().numpy()[there]
        progress(len(window))
    return found[0], found[1]


def keep_scores(
    path: Path,
    interactions: Path,
    weights: Path,
    *,
    window: int = WINDOW,
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Scores of every attack on one network, for `recmia.experiments.measuring.Place`.

    "<case>|<attack>|scores" float64 [2 U]; and ``low`` float32 [U, C], the log-probabilities.
    """
    asked = read_arrays(interactions)
    network = load_network(weights, window=window, device=device)
    low, logit = score_interactions(
        network, asked["tail"], asked["held_out"], asked["distance"], device=device,
        progress=progress,
    )  # fmt: skip
    kinds = len(asked["popularity"].T)
    by_kind, logit = low[:, :kinds].astype(np.float64), logit[:, :kinds].astype(np.float64)
    share = np.log(asked["popularity"] + 1.0)  # the rest of a share is the same for everybody
    scores = {
        names.LOSS: by_kind,
        OWN_LOSS: -np.logaddexp(0, -logit),
        CALIBRATED: by_kind - share,
    }
    write_arrays(path, low=low, **_paired(asked["users"], scores))


def keep_blind(path: Path, interactions: Path, *, folds: int, seed: int) -> None:
    """What is told of the interactions without a network, as of `keep_scores`.

    From an interaction's place in the history, from how often others have its item, and from how
    late in others' histories that stands: each alone, earlier and more popular for a member, and
    all three by gradient-boosted trees, cross-fitted over users.
    """
    asked = read_arrays(interactions)
    features = dict(zip(FEATURES, np.moveaxis(asked["features"], 2, 0), strict=True))
    scores = {PLACE: -features["items before"], POPULAR: features["popularity"]}
    scores[LATE] = -features["lateness"]
    arrays = _paired(asked["users"], scores)
    member, users = arrays["membership"], arrays["row_ids"]
    for case, kinds in CASES.items():
        seen = np.concatenate([asked["features"][:, kind] for kind in kinds])
        learned = _cross_fitted(seen, member, users, folds, child_seed(seed, case))
        arrays[f"{case}|{names.BLIND}|scores"] = learned
    write_arrays(path, **arrays)


def _paired(users: np.ndarray, scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays of every case from scores float64 [U, 4] by attack; the kind to be found first."""
    arrays = {
        f"{case}|{attack}|scores": np.concatenate([values[:, kind] for kind in kinds])
        for case, kinds in CASES.items()
        for attack, values in scores.items()
    }
    arrays |= {"membership": np.arange(2 * len(users)) < len(users), "row_ids": np.tile(users, 2)}
    return arrays | {"threshold": np.float64(np.inf)}


def _cross_fitted(
    features: np.ndarray, member: np.ndarray, users: np.ndarray, folds: int, seed: int
) -> np.ndarray:
    """float64 [n]: each fold's probability of membership by what was learned from the others."""
    fold, scores = group_folds(users, folds, seed), np.empty(len(member))
    for held in range(folds):
        trees = HistGradientBoostingClassifier(
            max_iter=80, learning_rate=0.08, max_leaf_nodes=15, min_samples_leaf=40,
            early_stopping=False, random_state=child_seed(seed, held) % 2**32,
        )  # fmt: skip
        with threadpool_limits(1):  # the same scores on any machine
            trees.fit(features[fold != held], member[fold != held])
            scores[fold == held] = trees.predict_proba(features[fold == held])[:, 1]
    return scores
