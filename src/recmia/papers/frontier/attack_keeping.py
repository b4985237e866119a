"""How one target of notebook 22 is attacked, from plain arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from recmia.attacks.item_vectors import factorise
from recmia.evaluation.controls import blind_features, blind_scores
from recmia.evaluation.coverage import all_trained_on
from recmia.papers.frontier import names
from recmia.papers.frontier.dealing import Pool, load_pool, shadows_of
from recmia.papers.frontier.keeping import load_seen, load_signals
from recmia.papers.frontier.learned import extraction_scores, mlp_scores, shadow_free_scores
from recmia.papers.frontier.parts import parts_of
from recmia.papers.frontier.scoring import (
    Beside,
    called_by,
    chosen_a,
    guesses,
    quantile_scores,
    score_target,
    without,
)
from recmia.papers.frontier.target_arrays import TargetArrays
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
    seeds: int,
    of_users: bool,
    vocabulary_size: int,
    seed: int,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Scores of every likelihood-ratio attack and of the MLP on one target, and hard guesses.

    Writes for `recmia.experiments.measuring.Place` "<view>|<K>|<attack>|scores" float32, and
    "<view>|<attack>|<threshold>|guesses" int8 with all shadows (see
    `recmia.papers.frontier.scoring.guesses`), the same with "|<number>" behind it under another
    seed where an attack has one; "<view>|a", RMIA's; ``membership``, ``row_ids`` (groups of
    identical sessions) and the subset of known items, of all sessions or of those that an attack
    can score; and the parts of the sessions.

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
        seeds: of an attack that has one, whose guesses are kept.
        of_users: whether the unit is a user, who is scored as well.
        vocabulary_size: V.
        seed: of all that is random.
        progress: called with 1 after each view.
    """
    drawn, parts = load_pool(pool), read_arrays(looks)
    features, shadows = parts.pop("features"), shadows_of(target, len(files))
    found = TargetArrays(drawn, target, vocabulary_size)
    found.arrays |= parts
    learn = partial(mlp_scores, files, drawn, epoch, learned_from=learned_from, options=mlp)
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
                    found.score(view, count_needed, name, scores)
                    if of_users and view == names.SCORES and count == counts[-1]:
                        found.score_users(count_needed, name, scores)
            if view == names.SCORES:
                learned = learn([target], chosen, seed=child_seed(seed, "mlp", count))
                found.score(view, count, names.MLP, learned[:, 0])
        found.arrays[f"{view}|a"] = np.float64(chosen_a(seen, shadows))
        for name, called in guesses(seen, known, target, shadows, turns).items():
            found.call(view, name, called)
        if view == names.SCORES:
            # The last pair takes the target's place; who learned from the others judges all three.
            held, others = shadows[-2:], without(shadows, shadows[-1:])
            own, *of_turns = learn([target, *held], others, seed=child_seed(seed, "mlp", 0)).T
            turned = list(zip(of_turns, drawn.coins.T[held], strict=True))
            found.call(view, names.MLP, called_by(own, turned))
            for again in range(1, seeds):
                other = child_seed(seed, "again", again)
                own = learn([target], others, seed=other)[:, 0]
                found.call_again(view, names.MLP, again, own)
                own = quantile_scores(seen, replace(known, seed=other), target, others)
                found.call_again(view, names.QUANTILE, again, own)
        progress(1)
    write_arrays(path, **found.arrays)


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
    seeds: int,
    vocabulary_size: int,
    seed: int,
    device: str,
) -> None:
    """Scores of ME-MIA, with the first of the target's shadows, and of the shadow-free attack.

    As of `keep_attacks`, under the view of lists; thresholds are fixed on the third shadow, the
    first that is not the complement of the one whose labels are known.
    """
    drawn, shadows = load_pool(pool), shadows_of(target, len(files))
    shadow, turn = shadows[0], shadows[2]
    found = TargetArrays(drawn, target, vocabulary_size)
    extract = partial(
        extraction_scores, files, drawn, epoch, shadow=shadow, sessions=sessions, epochs=epochs,
        seed=seed, device=device,
    )  # fmt: skip
    vectors = read_arrays(vectors)["vectors"]
    free = partial(shadow_free_scores, files, drawn, epoch, item_vectors=vectors)
    with threadpool_limits(1):
        for attack, count, score in ((names.ME_MIA, 1, extract), (names.SHADOW_FREE, 0, free)):
            scores, of_turn = score(target), score(turn)
            found.score(names.TOP_K, count, attack, scores)
            called = called_by(scores, [(of_turn, drawn.coins[:, turn])])
            found.call(names.TOP_K, attack, called)
        for again in range(1, seeds):
            scores = extract(target, seed=child_seed(seed, "extraction", again))
            found.call_again(names.TOP_K, names.ME_MIA, again, scores)
    write_arrays(path, **found.arrays)


def keep_blind(
    path: Path, pool: Path, *, target: int, vocabulary_size: int, folds: int, seed: int
) -> None:
    """What is told of one target's members without seeing it: from sessions, and by coverage.

    As of `keep_attacks`, under no view.
    """
    drawn = load_pool(pool)
    found, coin = TargetArrays(drawn, target, vocabulary_size), drawn.coins[:, target]
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
    found.score("", 0, names.BLIND, in_order)
    covered = all_trained_on(drawn.pool, drawn.pool[coin]).astype(np.float64)
    found.score("", 0, names.COVERAGE, covered)
    write_arrays(path, **found.arrays)


def _trajectory(files: Sequence[Path], pool: Pool, epoch: int, view: str) -> np.ndarray | None:
    """float32 [E, N, M] up to an epoch, where the interface shows scores of several epochs."""
    if view != names.SCORES:
        return None
    found = [load_signals(file, pool, ["trajectory", "trajectory_epochs"]) for file in files]
    until = found[0]["trajectory_epochs"] <= epoch
    if until.sum() < 2:
        return None
    return np.stack([arrays["trajectory"][until] for arrays in found], axis=2)
