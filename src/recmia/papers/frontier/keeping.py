"""What every interface shows of a game's models, kept a file a model and read back stacked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recmia.errors import ArtifactError
from recmia.papers.frontier.dealing import Pool, load_pool
from recmia.papers.frontier.gradients import gradient_norms
from recmia.papers.frontier.observing import click_scores, mean_log_probability, views_of
from recmia.recommenders.epochs import load_record
from recmia.recommenders.ranking import without_last_click
from recmia.recommenders.scoring import score_features
from recmia.recommenders.session_transformer import SessionTransformer
from recmia.storage import read_arrays, write_arrays


def keep_signals(
    path: Path,
    pool: Path,
    model: Path,
    *,
    epochs: Sequence[int],
    recorded: Sequence[int],
    top_k: int,
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """What every interface shows of pool and population under one model.

    Writes ``row_ids``; ``trajectory`` float32 [E, N], mean log p at each of the
    ``trajectory_epochs``; and of each epoch that is attacked, under "<epoch>|": of each view
    float32 ``<view>|log_likelihood`` [N], ``<view>|signal`` [N] and, log-likelihoods too,
    ``<view>|population`` [P]; ``features`` float32 [N, F]; ``lists`` int32 [N, top_k], as they were
    served before the last click.

    Args:
        path: of the result.
        pool: of the game.
        model: folder of the model.
        epochs: attacked, all recorded.
        recorded: epochs of the trajectory.
        top_k: length of a list.
        device: torch device.
        progress: called with 1 after each epoch.
    """
    drawn, record = load_pool(pool), load_record(model)
    inside, outside = drawn.pool, drawn.population
    before, _ = without_last_click(inside)
    arrays = {"row_ids": inside.row_ids, "trajectory_epochs": np.array(recorded)}
    course = []
    for epoch in recorded:
        recommender = SessionTransformer.trained(record, epoch, device)
        network = recommender.network
        low, place = click_scores(network, inside, device=device)
        course.append(mean_log_probability(low, inside.lengths))
        if epoch in epochs:
            norms = gradient_norms(network, inside, device=device)
            views = views_of(low, place, inside.lengths, norms, top_k)
            low, place = click_scores(network, outside, device=device)
            norms = gradient_norms(network, outside, device=device)
            others = views_of(low, place, outside.lengths, norms, top_k)
            for view, (likelihood, signal) in views.items():
                arrays[f"{epoch}|{view}|log_likelihood"] = likelihood.astype(np.float32)
                arrays[f"{epoch}|{view}|signal"] = signal.astype(np.float32)
                arrays[f"{epoch}|{view}|population"] = others[view][0].astype(np.float32)
            features, _ = score_features(recommender.score(inside), inside.lengths)
            arrays[f"{epoch}|features"] = features
            arrays[f"{epoch}|lists"] = recommender.recommend(before, top_k).astype(np.int32)
        progress(1)
    arrays["trajectory"] = np.array(course, dtype=np.float32)
    write_arrays(path, **arrays)


@dataclass(frozen=True)
class Seen:
    """One interface of M models at one epoch.

    Attributes:
        log_likelihood: float32 [N, M].
        signal: float32 [N, M].
        population: float32 [P, M], log-likelihoods.
        coins: bool [N, M], True where a model was trained on the session.
    """

    log_likelihood: np.ndarray
    signal: np.ndarray
    population: np.ndarray
    coins: np.ndarray


def load_seen(files: Sequence[Path], pool: Pool, epoch: int, view: str) -> Seen:
    """Read one interface from every model's file, in the order of the coins.

    Raises:
        ArtifactError: a file is about other sessions.
    """
    names = [f"{epoch}|{view}|{what}" for what in ("log_likelihood", "signal", "population")]
    found = [load_signals(file, pool, names) for file in files]
    stacked = (np.stack([arrays[name] for arrays in found], axis=1) for name in names)
    return Seen(*stacked, pool.coins)


def load_signals(file: Path, pool: Pool, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Some arrays of what `keep_signals` wrote.

    Raises:
        ArtifactError: they are about other sessions.
    """
    arrays = read_arrays(file, ["row_ids", *names])
    if not np.array_equal(arrays.pop("row_ids"), pool.pool.row_ids):
        raise ArtifactError(f"{file} is about other sessions than the pool. Remedy: remove it.")
    return arrays
