"""Made-up log-probabilities to try an audit of scores on: memory, none, and unequal cohorts."""

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
GAIN = 2.0  # of a model's φ, on what it remembers or on the time that it knows
CASES = ("memory", "no-memory", "confounded")
OF_ITS_TIME = 0.9  # share of the target's members among old records, and of the others among new


def write_score_example(folder: str | Path, *, seed: int = 0) -> Path:
    """Write ``memory``, ``no-memory`` and ``confounded``, each ready for `recmia audit scores`.

    A record's steps are as hard for every model, give or take; a model of the first case is surer
    of the steps of records that it was trained on. Each record joined the target by coin. The
    shadows are antithetic: of every two, one was trained on a record and the other was not.

    In the last case half of the records are old, and longer than the new ones. The shadows are as
    in the first case, but the target learned from old records mostly and is surer of all of them,
    whether it was trained on them or not: an attack finds its members by their time, not by memory.

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
    for case in CASES:
        _write_case(folder / case, case, generator(seed, "audit", "example", "scores", case))
    return folder


def _write_case(folder: Path, case: str, draw: np.random.Generator) -> None:
    lengths = draw.integers(1, MOST_STEPS + 1, RECORDS)
    old = lengths > MOST_STEPS // 2
    record = np.repeat(np.arange(RECORDS), lengths)
    step = np.arange(len(record)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    hard = draw.normal(-3, 1.5, RECORDS)[record] + draw.normal(size=len(record))
    names = np.array([f"session-{number:04d}" for number in range(RECORDS)])
    coins = draw.random((RECORDS, 1 + SHADOWS // 2)) < 0.5
    pairs = np.stack([coins[:, 1:], ~coins[:, 1:]], axis=2).reshape(RECORDS, SHADOWS)
    if case == "confounded":
        coins[:, 0] = draw.random(RECORDS) < np.where(old, OF_ITS_TIME, 1 - OF_ITS_TIME)
    models = {TARGET_COLUMN: coins[:, 0]} | {f"{n}": pairs[:, n] for n in range(SHADOWS)}
    for name, member in models.items():
        noise = draw.normal(0, 0.5, RECORDS)[record] + draw.normal(0, 0.5, len(record))
        surer = np.zeros_like(member) if case == "no-memory" else member
        if case == "confounded" and name == TARGET_COLUMN:
            surer = old
        signal = hard + noise + GAIN * surer[record]
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
