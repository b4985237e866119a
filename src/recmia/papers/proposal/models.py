"""How one model of notebook 03 is trained, from plain arguments (`recmia.experiments.kept`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from recmia.cohorts import assert_untrained, load_cohorts
from recmia.recommenders.settings import Target
from recmia.recommenders.training import train


def keep_model(
    path: Path,
    cohorts: Path,
    *,
    side: str,
    reading: str,
    target: Target,
    vocabulary_size: int,
    seed: int,
    device: str,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Train the model of one side on its members, see `recmia.recommenders.training.train`.

    ``progress`` is called with the number of sessions that it was trained on since the last call.

    Raises:
        AssertionError: a non-member would be trained on.
    """
    drawn = load_cohorts(cohorts)
    trained = drawn.trained_on(side, reading)
    assert_untrained(trained, drawn.nonmembers(side, reading))
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
