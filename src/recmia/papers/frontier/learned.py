"""Attacks that learn a classifier from shadows, and attacks on the lists that are served."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recmia.attacks.base import Observations
from recmia.attacks.me_mia import MEMIA
from recmia.attacks.score_mlp import ScoreMLP
from recmia.attacks.shadow_free import ShadowFree
from recmia.papers.frontier.dealing import Pool
from recmia.papers.frontier.keeping import load_signals
from recmia.seeds import generator
from recmia.sessions import Sessions


def mlp_scores(
    files: Sequence[Path],
    pool: Pool,
    epoch: int,
    models: Sequence[int],
    shadows: Sequence[int],
    *,
    learned_from: int,
    options: dict[str, Any],
    seed: int,
) -> np.ndarray:
    """The proposal's attack with the labels of shadows: probability of membership, float64 [N, m].

    It learns from equally many sessions under each shadow.

    Args:
        files: of every model, see `recmia.papers.frontier.keeping.keep_signals`.
        pool: of the game.
        epoch: attacked.
        models: numbers of the m models under attack.
        shadows: numbers of those whose labels are known.
        learned_from: sessions under shadows, over all of them.
        options: of `recmia.attacks.score_mlp.ScoreMLP`.
        seed: of the choice of sessions and of the classifier.
    """
    draw, each = generator(seed, "learned from"), -(-learned_from // len(shadows))
    rows = [draw.permutation(len(pool.pool))[:each] for _ in shadows]
    features = [_features(files[s], pool, epoch)[r] for s, r in zip(shadows, rows, strict=True)]
    known = np.concatenate([pool.coins[r, s] for s, r in zip(shadows, rows, strict=True)])
    seen = _observed(pool.pool[np.concatenate(rows)], score_features=np.concatenate(features))
    attack = ScoreMLP(**options, seed=seed).fit(seen, known)
    asked = (_features(files[model], pool, epoch) for model in models)
    return np.stack(
        [attack.score(_observed(pool.pool, score_features=one)) for one in asked], axis=1
    )


def extraction_scores(
    files: Sequence[Path],
    pool: Pool,
    epoch: int,
    model: int,
    shadow: int,
    *,
    sessions: int,
    epochs: int,
    seed: int,
    device: str,
) -> np.ndarray:
    """ME-MIA with one shadow: probability of membership, float64 [N].

    A surrogate is extracted from the lists of some sessions, drawn at random, of model and shadow
    each; it needs no list of the sessions that it scores.

    Args:
        files: as of `mlp_scores`.
        pool: of the game.
        epoch: attacked.
        model: number of the one under attack.
        shadow: number of the one whose labels are known.
        sessions: whose lists are learned.
        epochs: passes over them.
        seed: of the choice of sessions and of the attack.
        device: torch device.
    """
    draw, whole = generator(seed, "lists"), pool.pool
    # Whoever has the largest id is among them: the surrogate knows ids up to what it has seen.
    last = np.argmax(whole.clicks.max(axis=1))
    rows = [np.union1d(draw.permutation(len(whole))[:sessions], [last]) for _ in range(2)]
    of_model, of_shadow = (
        _observed(whole[r], lists=_lists(files[number], pool, epoch)[r])
        for number, r in zip((model, shadow), rows, strict=True)
    )
    attack = MEMIA(epochs=epochs, seed=seed, device=device)
    attack.fit(of_shadow, pool.coins[rows[1], shadow], of_model)
    return attack.score(_observed(whole))


def shadow_free_scores(
    files: Sequence[Path], pool: Pool, epoch: int, model: int, item_vectors: np.ndarray
) -> np.ndarray:
    """The shadow-free attack: float64 [N], above 0 for a member by the paper's rule.

    Args:
        files: as of `mlp_scores`.
        pool: of the game.
        epoch: attacked.
        model: number of the one under attack.
        item_vectors: float32 [V, l].
    """
    seen = _observed(pool.pool, lists=_lists(files[model], pool, epoch))
    nobody = np.zeros(len(seen), dtype=bool)  # it counts what is popular and looks at no label
    return ShadowFree(item_vectors=item_vectors).fit(seen, nobody).score(seen)


def _features(file: Path, pool: Pool, epoch: int) -> np.ndarray:
    return load_signals(file, pool, [f"{epoch}|features"])[f"{epoch}|features"]


def _lists(file: Path, pool: Pool, epoch: int) -> np.ndarray:
    return load_signals(file, pool, [f"{epoch}|lists"])[f"{epoch}|lists"].astype(np.int64)


def _observed(sessions: Sessions, **seen: np.ndarray) -> Observations:
    return Observations(sessions.row_ids, sessions.clicks, sessions.lengths, **seen)
