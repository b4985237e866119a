"""Scores on disk, and what is kept of them: metrics with intervals, paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from recmia.evaluation.intervals import evaluate, evaluate_contrast
from recmia.evaluation.measurement import ScoredUnits
from recmia.storage import write_json


def arrays_of(name: str, units: ScoredUnits) -> dict[str, np.ndarray]:
    """One attack's arrays for the file that a `recmia.experiments.measuring.Place` names."""
    return {
        f"{name}|scores": units.scores,
        f"{name}|threshold": np.float64(units.threshold),
        f"{name}|membership": units.membership,
        f"{name}|row_ids": units.groups,
    }


def read_runs(places: Sequence[tuple[Path, str, int | None, str, str]]) -> list[ScoredUnits]:
    """Scores with what they are about, from (file, name, row, units, subset) of each seed."""
    return [_read(*place) for place in places]


def _read(path: Path, name: str, row: int | None, units: str, subset: str) -> ScoredUnits:
    with np.load(path, allow_pickle=False) as saved:  # only what is asked for is read

        def get(what: str) -> np.ndarray:
            for key in (f"{name}|{what}", f"{units}|{what}", what):
                if key in saved:
                    return saved[key] if row is None else saved[key][row]
            raise KeyError(f"{path} holds no {what} of '{name}'.")

        kept = get(subset) if subset else slice(None)
        parts = (get(what)[kept] for what in ("scores", "membership", "row_ids"))
        return ScoredUnits(*parts, float(get("threshold")))


def keep_metrics(path: Path, runs: list, *, repeats: int, level: float, seed: int) -> None:
    """Write every metric of one attack with its interval (`evaluate`)."""
    found = evaluate(read_runs(runs), repeats=repeats, level=level, seed=seed)
    write_json(path, [asdict(m) for m in found])


def keep_differences(
    path: Path, first: list, second: list, *, repeats: int, level: float, seed: int
) -> None:
    """Write the paired difference of two attacks in every metric (`evaluate_contrast`)."""
    pair = read_runs(first), read_runs(second)
    found = evaluate_contrast(*pair, repeats=repeats, level=level, seed=seed)
    write_json(path, [asdict(m) for m in found])
