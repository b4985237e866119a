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
    target: int,
    shadows: Sequence[int],
    *,
    learned_from: int,
    options: dict[str, Any],
    seed: int,
) -> np.ndarray:
    """The proposal's attack with the labels of shadows: probability of membership, float64 [N].

    It learns from equally many sessions under each shadow; above one half is a member.

    Args:
        files: of every model, see `recmia.papers.frontier.keeping.keep_signals`.
        pool: of the game.
        epoch: attacked.
        target: number of the model under attack.
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
    return attack.score(_observed(pool.pool, score_features=_features(files[target], pool, epoch)))


def list_scores(
    files: Sequence[Path],
    pool: Pool,
    epoch: int,
    target: int,
    shadow: int,
    *,
    sessions: int,
    epochs: int,
    item_vectors: np.ndarray,
    seed: int,
    device: str,
) -> tuple[np.ndarray, np.ndarray]:
    """ME-MIA with one shadow, and the shadow-free attack: float64 [N] each.

    A surrogate is extracted from the lists of some sessions, drawn at random, of target and
    shadow each; it needs no list of the sessions that it scores. Members are above one half, and
    above 0.

    Args:
        files: as of `mlp_scores`.
        pool: of the game.
        epoch: attacked.
        target: number of the model under attack.
        shadow: number of the one whose labels are known.
        sessions: whose lists are learned.
        epochs: passes over them.
        item_vectors: float32 [V, l], of the shadow-free attack.
        seed: of the choice of sessions and of the attack.
        device: torch device.
    """
    lists = {n: _lists(files[n], pool, epoch) for n in (target, shadow)}
    everybody = _observed(pool.pool, lists=lists[target])
    draw, whole = generator(seed, "lists"), pool.pool
    # Whoever has the largest id is among them: the surrogate knows ids up to what it has seen.
    last = np.argmax(whole.clicks.max(axis=1))
    rows = [np.union1d(draw.permutation(len(whole))[:sessions], [last]) for _ in range(2)]
    sides = (_observed(whole[r], lists=lists[n][r]) for r, n in zip(rows, lists, strict=True))
    of_target, of_shadow = sides
    known = pool.coins[rows[1], shadow]
    extracted = MEMIA(epochs=epochs, seed=seed, device=device).fit(of_shadow, known, of_target)
    free = ShadowFree(item_vectors=item_vectors).fit(of_shadow, known, everybody)
    return extracted.score(everybody), free.score(everybody)


def _features(file: Path, pool: Pool, epoch: int) -> np.ndarray:
    return load_signals(file, pool, [f"{epoch}|features"])[f"{epoch}|features"]


def _lists(file: Path, pool: Pool, epoch: int) -> np.ndarray:
    return load_signals(file, pool, [f"{epoch}|lists"])[f"{epoch}|lists"].astype(np.int64)


def _observed(sessions: Sessions, **seen: np.ndarray) -> Observations:
    return Observations(sessions.row_ids, sessions.clicks, sessions.lengths, **seen)
