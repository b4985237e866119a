"""How one model of a game is trained, from plain arguments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recmia.cohorts import assert_untrained
from recmia.papers.frontier.dealing import load_pool
from recmia.recommenders.settings import Target
from recmia.recommenders.training import train


def keep_model(
    path: Path,
    pool: Path,
    *,
    number: int,
    target: Target,
    vocabulary_size: int,
    seed: int,
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Train one model of the game on the sessions that its coins deal in.

    ``progress`` is called with the number of sessions that it was trained on since the last call.

    Raises:
        AssertionError: a session that was dealt out would be trained on.
    """
    drawn = load_pool(pool)
    coin = drawn.coins[:, number]
    trained = drawn.pool[coin]
    out = {"pool": drawn.pool[~coin], "population": drawn.population}
    assert_untrained(trained, out | {"validation": drawn.validation})
    train(
        target,
        vocabulary_size,
        trained,
        path,
        seed=seed,
        device=device,
        validation=drawn.validation,
        progress=progress,
    )
