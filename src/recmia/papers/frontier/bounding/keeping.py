"""What is kept of one model where canaries are planted, from plain arguments."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from recmia.papers.frontier.bounding.canaries import load_canaries
from recmia.papers.frontier.dealing import load_pool
from recmia.papers.frontier.models import keep_model
from recmia.papers.frontier.names import SCORES, SUM
from recmia.papers.frontier.observing import click_scores, views_of
from recmia.recommenders.epochs import TrainingRecord, load_record
from recmia.recommenders.settings import Target
from recmia.sessions import Sessions
from recmia.storage import write_arrays

LOG_LIKELIHOOD, SIGNAL, WHOLE = "log_likelihood", "signal", "whole"


def keep_canary_scores(
    path: Path, canaries: Path, model: Path, *, epochs: Sequence[int], device: str
) -> None:
    """What a model's scores say of every canary, see `keep_pool_scores`.

    Args:
        path: of the result.
        canaries: of `recmia.papers.frontier.bounding.canaries.keep_canaries`.
        model: folder of any model.
        epochs: all recorded.
        device: torch device.
    """
    _keep(path, load_canaries(canaries).canaries, load_record(model), epochs, device)


def keep_pool_scores(
    path: Path, pool: Path, model: Path, *, epochs: Sequence[int], device: str
) -> None:
    """What a model's scores say of every session of a game's pool.

    Writes under "<epoch>|" float32 [n] each: ``log_likelihood`` and ``signal``, means over the
    clicks (`recmia.papers.frontier.observing.views_of`), and ``whole``, log p of all clicks
    together.

    Args:
        path: of the result.
        pool: of a game.
        model: folder of any model.
        epochs: all recorded.
        device: torch device.
    """
    _keep(path, load_pool(pool).pool, load_record(model), epochs, device)


def keep_trial(
    path: Path,
    canaries: Path,
    *,
    number: int,
    target: Target,
    vocabulary_size: int,
    seed: int,
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Train one model, keep what it says of the canaries at every recorded epoch, and forget it.

    Writes what `keep_canary_scores` does; ``recorded`` int64 [E] and ``validation`` float64 [E],
    NDCG@20.

    Args:
        path: of the result.
        canaries: of `recmia.papers.frontier.bounding.canaries.keep_canaries`.
        number: of the model.
        target: how it is trained.
        vocabulary_size: V.
        seed: of the training.
        device: torch device.
        progress: called with the number of sessions trained on since the last call.
    """
    folder, epochs = path.with_name("training"), [e for e in target.recorded_epochs if e]
    keep_model(
        folder, canaries, number=number, target=target, vocabulary_size=vocabulary_size, seed=seed,
        device=device, progress=progress,
    )  # fmt: skip
    record = load_record(folder)
    ranked = {step["epoch"]: step["validation_ndcg_20"] for step in record.curve}
    course = {"recorded": np.array(epochs), "validation": np.array([ranked[e] for e in epochs])}
    _keep(path, load_canaries(canaries).canaries, record, epochs, device, **course)
    shutil.rmtree(folder)  # a hundred models would fill a disk


def _keep(
    path: Path,
    sessions: Sessions,
    record: TrainingRecord,
    epochs: Sequence[int],
    device: str,
    **arrays: np.ndarray,
) -> None:
    for epoch in epochs:
        low, place = click_scores(record.load(epoch), sessions, device=device)
        unseen = np.ones(len(sessions))  # norms of gradients, which are not looked at
        views = views_of(low, place, sessions.lengths, unseen, top_k=2)
        found = dict(zip((LOG_LIKELIHOOD, SIGNAL), views[SCORES], strict=True))
        found[WHOLE] = views[SUM][0]
        arrays |= {f"{epoch}|{name}": values.astype(np.float32) for name, values in found.items()}
    write_arrays(path, **arrays)
