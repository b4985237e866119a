"""How notebook 24's models are trained, shown and attacked, from plain arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from recmia.cohorts import assert_untrained
from recmia.errors import ArtifactError
from recmia.evaluation.intervals import evaluate_mean
from recmia.likelihood_ratio import thresholds
from recmia.likelihood_ratio.evidence import Shadows, Target
from recmia.likelihood_ratio.scores import SCORES
from recmia.papers.frontier import names
from recmia.papers.frontier.dealing import Pool, load_pool, shadows_of
from recmia.papers.frontier.defences.showing import (
    Shown,
    gain,
    places_on,
    seen_of,
    served_before,
)
from recmia.papers.frontier.observing import click_scores
from recmia.recommenders import settings, transformer
from recmia.recommenders.epochs import load_record
from recmia.recommenders.popularity_randomization import PopularityRandomization
from recmia.recommenders.privacy import Private
from recmia.recommenders.ranking import without_last_click
from recmia.sessions import Sessions
from recmia.storage import read_arrays, write_arrays, write_json

ATTACKS = (names.MAIN, names.LOSS)
RANKED = 20  # places of the lists that ranking is measured on


def keep_private_model(
    path: Path,
    pool: Path,
    *,
    number: int,
    target: settings.Target,
    private: Private,
    noise: float,
    population: int,
    vocabulary_size: int,
    seed: int,
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Train one model with DP-SGD on the units that its coins deal in, each as a whole.

    ``progress`` is called with the number of sessions that it was trained on since the last call.

    Raises:
        AssertionError: a session that was dealt out would be trained on.
    """
    from recmia.recommenders.private_training import train_privately  # it needs Opacus

    drawn = load_pool(pool)
    coin = drawn.coins[:, number]
    trained = drawn.pool[coin]
    assert_untrained(trained, {"pool": drawn.pool[~coin], "population": drawn.population})
    train_privately(
        target, private, noise, vocabulary_size, trained, drawn.groups[coin], path,
        population=population, seed=seed, device=device, validation=drawn.validation,
        progress=progress,
    )  # fmt: skip


def keep_served(
    path: Path, pool: Path, model: Path, *, epoch: int, ranked: int, device: str
) -> None:
    """What one model says of every click of the pool, and how well it ranks.

    Writes ``row_ids`` int64 [N]; ``low`` float32 and ``place`` int32 [N, L], see `click_scores`;
    and ``ranks`` int64: places of the last clicks of the population's first sessions on lists of
    20, 0 where they are not there.

    Args:
        path: of the result.
        pool: of the game.
        model: folder of the model.
        epoch: recorded.
        ranked: sessions of the population at most.
        device: torch device.
    """
    network = load_record(model).load(epoch)
    write_arrays(path, **served_by(network, load_pool(pool), ranked, device))


def served_by(
    network: torch.nn.Module, pool: Pool, ranked: int, device: str
) -> dict[str, np.ndarray]:
    """The arrays of `keep_served`."""
    low, place = click_scores(network, pool.pool, device=device)
    lists = partial(transformer.recommend, network, device=device)
    return {
        "row_ids": pool.pool.row_ids,
        "low": low,
        "place": place.astype(np.int32),
        "ranks": _ranks(lists, pool.population[:ranked]),
    }


def keep_randomised(
    path: Path, pool: Path, *, number: int, top_k: int, vocabulary_size: int, ranked: int, seed: int
) -> None:
    """As of `keep_served`, where lists are drawn at random from what is popular.

    Each list is `recmia.recommenders.popularity_randomization.PopularityRandomization`'s, its
    items counted in what the model was trained on; ``low`` says nothing.

    Args:
        path: of the result.
        pool: of the game.
        number: of the model.
        top_k: length of a list.
        vocabulary_size: V.
        ranked: sessions of the population at most.
        seed: of the lists.
    """
    drawn = load_pool(pool)
    inside = drawn.pool
    made = PopularityRandomization(vocabulary_size=vocabulary_size, seed=seed)
    made.fit(inside[drawn.coins[:, number]])
    place = np.zeros(inside.clicks.shape, dtype=np.int32)
    for click in range(1, inside.max_length):
        rows = inside.lengths > click
        if rows.any():
            lists = made.recommend(served_before(inside, click), top_k)
            place[rows, click] = places_on(lists, inside.clicks[rows, click])
    write_arrays(
        path,
        row_ids=inside.row_ids,
        low=np.full(inside.clicks.shape, -1.0, dtype=np.float32),
        place=place,
        ranks=_ranks(made.recommend, drawn.population[:ranked]),
    )


def keep_scores(
    path: Path,
    pool: Path,
    files: Sequence[Path],
    *,
    shown: Shown,
    targets: Sequence[int],
) -> None:
    """Scores of the attacks on each target; all others but its complement are the shadows.

    Writes for `recmia.experiments.measuring.Place`, a target a row, "<attack>|scores" float32
    [T, N], ``membership`` bool, ``row_ids`` (groups that are resampled together) and ``threshold``.

    Args:
        path: of the result.
        pool: of the game.
        files: of every model, of `keep_served`: the shadows have the defence too.
        shown: what the adversary sees of each of them.
        targets: numbers of the models in the target's place.
    """
    drawn = load_pool(pool)
    low, signal = stacked(files, drawn, shown)
    coins = drawn.coins[:, : len(files)]
    scored = [score(low, signal, coins, target) for target in targets]
    write_arrays(path, **by_target(scored, drawn, targets))


def by_target(
    scored: Sequence[Mapping[str, np.ndarray]], pool: Pool, targets: Sequence[int]
) -> dict[str, np.ndarray]:
    """The arrays of `keep_scores`.

    Args:
        scored: of `score`, one a target.
        pool: of the game.
        targets: their numbers.
    """
    return {
        **{
            f"{name}|scores": np.stack([one[name].astype(np.float32) for one in scored])
            for name in ATTACKS
        },
        "membership": pool.coins[:, list(targets)].T,
        "row_ids": np.tile(pool.groups, (len(targets), 1)),
        "threshold": np.full(len(targets), np.inf),
    }


def stacked(files: Sequence[Path], pool: Pool, shown: Shown) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihoods and signals of the pool under several models, float64 [N, M] each.

    Raises:
        ArtifactError: a file is about other sessions.
    """
    seen = []
    for file in files:
        arrays = read_arrays(file, ["row_ids", "low", "place"])
        if not np.array_equal(arrays["row_ids"], pool.pool.row_ids):
            raise ArtifactError(f"{file} is about other sessions than the pool. Remedy: remove it.")
        seen.append(seen_of(arrays["low"], arrays["place"], pool.pool.lengths, shown))
    low, signal = (np.stack(parts, axis=1) for parts in zip(*seen, strict=True))
    return low, signal


def score(
    low: np.ndarray,
    signal: np.ndarray,
    coins: np.ndarray,
    target: int,
    own: tuple[np.ndarray, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Each of ``ATTACKS`` on one model: float64 [N], higher is more likely a member.

    Args:
        low: float64 [N, M], log-likelihoods under all models.
        signal: float64 [N, M].
        coins: bool [N, M].
        target: number of the model.
        own: log-likelihood and signal of another model in its place.
    """
    shadows = Shadows.of(low, signal, coins, shadows_of(target, coins.shape[1]))
    seen = Target(*(own or (low[:, target], signal[:, target])))
    return {
        names.MAIN: SCORES["bavaria_t_online"].compute(seen, shadows),
        names.LOSS: thresholds.loss(seen),
    }


def keep_ndcg(
    path: Path, files: Sequence[Path], *, k: int, repeats: int, level: float, seed: int
) -> None:
    """Write NDCG@20 as JSON: mean over models, interval over models and sessions.

    Args:
        path: of the result.
        files: of every model, of `keep_served`.
        k: places of the lists that are shown.
        repeats: of the bootstrap.
        level: of the interval.
        seed: of the bootstrap.
    """
    ranks = [read_arrays(file, ["ranks"])["ranks"] for file in files]
    runs = [(gain(one, k), np.arange(len(one))) for one in ranks]
    found = evaluate_mean("NDCG@20", runs, repeats=repeats, level=level, seed=seed)
    write_json(path, vars(found))


def _ranks(recommend: Callable[[Sessions, int], np.ndarray], sessions: Sessions) -> np.ndarray:
    before, last = without_last_click(sessions)
    places = places_on(recommend(before, RANKED), last)
    return np.where(places <= RANKED, places, 0)
