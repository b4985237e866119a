"""How one target of notebook 22 is attacked, from plain arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from recmia.attacks.item_vectors import factorise
from recmia.evaluation.controls import blind_features, blind_scores
from recmia.evaluation.coverage import all_trained_on, least_holders
from recmia.likelihood_ratio.shadow_thresholds import BALANCED
from recmia.papers.frontier import names
from recmia.papers.frontier.dealing import Pool, load_pool, shadows_of
from recmia.papers.frontier.keeping import load_seen, load_signals
from recmia.papers.frontier.learned import list_scores, mlp_scores
from recmia.papers.frontier.parts import parts_of
from recmia.papers.frontier.scoring import Beside, guesses, score_target
from recmia.seeds import child_seed
from recmia.storage import read_arrays, write_arrays

# What a session shows without a model, but for its bag of items: `blind_features` puts it last.
PLAIN_FEATURES = 15


def keep_looks(path: Path, pool: Path, *, vocabulary_size: int, seed: int) -> None:
    """What the pool's sessions show without any model, seen from the population.

    Writes ``features`` float32 [N, F] for the quantile regression, and of each part of the
    sessions (`recmia.papers.frontier.parts`) a bool [N].
    """
    drawn = load_pool(pool)
    found = blind_features(drawn.pool, drawn.population, vocabulary_size, seed)
    parts = parts_of(drawn.pool, drawn.population, vocabulary_size)
    write_arrays(path, features=found[:, :PLAIN_FEATURES], **parts)


def keep_item_vectors(
    path: Path, pool: Path, *, vocabulary_size: int, dim: int, epochs: int, seed: int
) -> None:
    """``vectors`` float32 [V, dim], factorised from the population."""
    known = load_pool(pool).population
    vectors = factorise(
        known.clicks, known.lengths, vocabulary_size, dim=dim, epochs=epochs, seed=seed
    )
    write_arrays(path, vectors=vectors)


def keep_attacks(
    path: Path,
    pool: Path,
    looks: Path,
    files: Sequence[Path],
    *,
    epoch: int,
    target: int,
    views: Sequence[str],
    counts: Sequence[int],
    turns: int,
    learned_from: int,
    mlp: dict[str, Any],
    of_users: bool,
    vocabulary_size: int,
    seed: int,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Scores of every likelihood-ratio attack and of the MLP on one target, and hard guesses.

    Writes for `recmia.experiments.measuring.Place` "<view>|<K>|<attack>|scores" float32, and
    "<view>|<attack>|<threshold>|guesses" int8 with all shadows (see
    `recmia.papers.frontier.scoring.guesses`); ``membership``, ``row_ids`` (groups of identical
    sessions) and the subset of known items, of all sessions or of those that an attack can score;
    and the parts of the sessions.

    Args:
        path: of the result.
        pool: of the game.
        looks: of `keep_looks`.
        files: signals of every model.
        epoch: attacked.
        target: number of the model in the target's place.
        views: interfaces that are attacked.
        counts: numbers of shadows, rising; attacks that need none stand under 0.
        turns: shadows in the target's place.
        learned_from: sessions under shadows that the MLP learns from.
        mlp: options of the MLP.
        of_users: whether the unit is a user, who is scored as well.
        vocabulary_size: V.
        seed: of all that is random.
        progress: called with 1 after each view.
    """
    drawn, parts = load_pool(pool), read_arrays(looks)
    features, shadows = parts.pop("features"), shadows_of(target, len(files))
    keeper = _Keeper(drawn, target, vocabulary_size)
    keeper.arrays |= parts
    for view in views:
        seen = load_seen(files, drawn, epoch, view)
        known = Beside(features, _trajectory(files, drawn, epoch, view), seed)
        # Lists and gradients are swept as scores are; the sum of them is looked at once.
        for count in counts if view != names.SUM else counts[-1:]:
            chosen = shadows[:count]
            for name, scores in score_target(seen, known, target, chosen).items():
                needs_none = name in names.NEED_NO_SHADOW
                if not needs_none or count == counts[-1]:
                    count_needed = 0 if needs_none else count
                    keeper.keep(view, count_needed, name, scores)
                    if of_users and view == names.SCORES and count == counts[-1]:
                        keeper.keep_users(count_needed, name, scores)
            if view == names.SCORES:
                learned = mlp_scores(
                    files, drawn, epoch, target, chosen, learned_from=learned_from, options=mlp,
                    seed=child_seed(seed, "mlp", count),
                )  # fmt: skip
                keeper.keep(view, count, names.MLP, learned)
        for name, called in guesses(seen, known, target, shadows, turns).items():
            for key, values in called.items():
                keeper.arrays[f"{view}|{name}|{key}|guesses"] = values
        if view == names.SCORES:
            keeper.arrays[f"{view}|{names.MLP}|{BALANCED}|guesses"] = (learned >= 0.5).astype(
                np.int8
            )
        progress(1)
    write_arrays(path, **keeper.arrays)


def keep_list_attacks(
    path: Path,
    pool: Path,
    vectors: Path,
    files: Sequence[Path],
    *,
    epoch: int,
    target: int,
    sessions: int,
    epochs: int,
    vocabulary_size: int,
    seed: int,
    device: str,
) -> None:
    """Scores of ME-MIA, with the first of the target's shadows, and of the shadow-free attack.

    As of `keep_attacks`, under the view of lists.
    """
    drawn, shadow = load_pool(pool), shadows_of(target, len(files))[0]
    keeper = _Keeper(drawn, target, vocabulary_size)
    with threadpool_limits(1):
        found = list_scores(
            files, drawn, epoch, target, shadow, sessions=sessions, epochs=epochs,
            item_vectors=read_arrays(vectors)["vectors"], seed=seed, device=device,
        )  # fmt: skip
    attacks = ((names.ME_MIA, 1, 0.5), (names.SHADOW_FREE, 0, 0.0))
    for (name, count, threshold), scores in zip(attacks, found, strict=True):
        keeper.keep(names.TOP_K, count, name, scores)
        called = (scores >= threshold).astype(np.int8)
        keeper.arrays[f"{names.TOP_K}|{name}|{BALANCED}|guesses"] = called
    write_arrays(path, **keeper.arrays)


def keep_blind(
    path: Path, pool: Path, *, target: int, vocabulary_size: int, folds: int, seed: int
) -> None:
    """What is told of one target's members without seeing it: from sessions, and by coverage.

    As of `keep_attacks`, under no view.
    """
    drawn = load_pool(pool)
    keeper, coin = _Keeper(drawn, target, vocabulary_size), drawn.coins[:, target]
    scores, _ = blind_scores(
        drawn.pool[coin],
        drawn.pool[~coin],
        drawn.population,
        np.concatenate([drawn.groups[coin], drawn.groups[~coin]]),
        n_items=vocabulary_size,
        folds=folds,
        seed=seed,
    )
    in_order = np.empty(len(coin))
    in_order[np.concatenate([np.flatnonzero(coin), np.flatnonzero(~coin)])] = scores
    keeper.keep("", 0, names.BLIND, in_order)
    covered = all_trained_on(drawn.pool, drawn.pool[coin]).astype(np.float64)
    keeper.keep("", 0, names.COVERAGE, covered)
    write_arrays(path, **keeper.arrays)


class _Keeper:
    """Arrays of one target, as `recmia.experiments.measuring.Place` asks for them."""

    def __init__(self, pool: Pool, target: int, vocabulary_size: int) -> None:
        coin = pool.coins[:, target]
        known = least_holders(pool.pool, pool.pool[coin], vocabulary_size) >= 1
        self.arrays = {"membership": coin, "row_ids": pool.groups, names.KNOWN: known}
        self.arrays["threshold"] = np.float64(np.inf)  # hard guesses are kept apart

    def keep(self, view: str, count: int, attack: str, scores: np.ndarray) -> None:
        """Scores of one attack, and of whom where that is not everybody."""
        name, there = place_name(view, count, attack), ~np.isnan(scores)
        self.arrays[f"{name}|scores"] = scores[there].astype(np.float32)
        if not there.all():
            for what in ("membership", "row_ids", names.KNOWN):
                self.arrays[f"{name}|{what}"] = self.arrays[what][there]

    def keep_users(self, count: int, attack: str, scores: np.ndarray) -> None:
        """Mean and largest score of each user, seen through scores."""
        groups, coin = self.arrays["row_ids"], self.arrays["membership"]
        largest = np.full(groups.max() + 1, -np.inf)
        np.maximum.at(largest, groups, scores)  # not a number where one of the user's is none
        mean = np.bincount(groups, weights=scores) / np.bincount(groups)
        _, first = np.unique(groups, return_index=True)
        there = ~np.isnan(mean)
        for view, values in ((names.USER_MEAN, mean), (names.USER_LARGEST, largest)):
            name = place_name(view, count, attack)
            self.arrays[f"{name}|scores"] = values[there].astype(np.float32)
            self.arrays[f"{name}|membership"] = coin[first][there]
            self.arrays[f"{name}|row_ids"] = np.flatnonzero(there)


def place_name(view: str, count: int, attack: str) -> str:
    """Name of an attack's arrays."""
    return f"{view}|{count}|{attack}"


def _trajectory(files: Sequence[Path], pool: Pool, epoch: int, view: str) -> np.ndarray | None:
    """float32 [E, N, M] up to an epoch, where the interface shows scores of several epochs."""
    if view != names.SCORES:
        return None
    found = [load_signals(file, pool, ["trajectory", "trajectory_epochs"]) for file in files]
    until = found[0]["trajectory_epochs"] <= epoch
    if until.sum() < 2:
        return None
    return np.stack([arrays["trajectory"][until] for arrays in found], axis=2)
