"""Made-up log-probabilities to try an audit of scores on: a model that remembers, and one not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from recmia.audit.example import check_empty
from recmia.audit.score_files import (
    LOG_PROBABILITY,
    RECORD,
    SHADOW,
    STEP,
    TARGET_COLUMN,
    USER,
)
from recmia.likelihood_ratio.signals import log_sigmoid
from recmia.seeds import generator
from recmia.storage import write_aside

RECORDS, USERS, SHADOWS, MOST_STEPS = 1600, 400, 8, 6
CASES = {"memory": 2.0, "no-memory": 0.0}  # how much a model's φ gains on what it was trained on


def write_score_example(folder: str | Path, *, seed: int = 0) -> Path:
    """Write ``memory`` and ``no-memory``, each ready for `recmia audit scores`.

    A record's steps are as hard for every model, give or take; a model of the first case is surer
    of the steps of records that it was trained on. Each record joined the target by coin. The
    shadows are antithetic: of every two, one was trained on a record and the other was not.

    Args:
        folder: to be made; must not hold anything.
        seed: root of everything drawn.

    Returns:
        The folder.

    Raises:
        ArtifactError: the folder is not empty.
    """
    folder = Path(folder)
    check_empty(folder)
    for case, gain in CASES.items():
        _write_case(folder / case, gain, generator(seed, "audit", "example", "scores", case))
    return folder


def _write_case(folder: Path, gain: float, draw: np.random.Generator) -> None:
    lengths = draw.integers(1, MOST_STEPS + 1, RECORDS)
    record = np.repeat(np.arange(RECORDS), lengths)
    step = np.arange(len(record)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    hard = draw.normal(-3, 1.5, RECORDS)[record] + draw.normal(size=len(record))
    names = np.array([f"session-{number:04d}" for number in range(RECORDS)])
    coins = draw.random((RECORDS, 1 + SHADOWS // 2)) < 0.5
    pairs = np.stack([coins[:, 1:], ~coins[:, 1:]], axis=2).reshape(RECORDS, SHADOWS)
    models = {TARGET_COLUMN: coins[:, 0]} | {f"{n}": pairs[:, n] for n in range(SHADOWS)}
    for name, member in models.items():
        noise = draw.normal(0, 0.5, RECORDS)[record] + draw.normal(0, 0.5, len(record))
        signal = hard + noise + gain * member[record]
        values = {
            RECORD: names[record],
            STEP: step,
            LOG_PROBABILITY: np.round(log_sigmoid(signal), 6),
        }
        stem = name if name == TARGET_COLUMN else f"{SHADOW}{name}"
        _write(folder / f"{stem}.csv", values)
    users = np.array([f"user-{number:03d}" for number in range(USERS)])
    labels = {RECORD: names, USER: users[np.arange(RECORDS) % USERS]}
    _write(folder / "membership.csv", labels | {k: m.astype(int) for k, m in models.items()})


def _write(path: Path, columns: dict[str, np.ndarray]) -> None:
    with write_aside(path) as aside:
        pl.DataFrame(columns).write_csv(aside)
