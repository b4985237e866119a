"""What is kept of scores that several targets give the same units."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from recmia.evaluation.shared_units import evaluate_shared
from recmia.experiments.scores import read_runs
from recmia.storage import write_json


def keep_shared_metrics(path: Path, runs: list, *, repeats: int, level: float, seed: int) -> None:
    """Write every metric of one attack with its interval (`evaluate_shared`)."""
    found = evaluate_shared(read_runs(runs), repeats=repeats, level=level, seed=seed)
    write_json(path, [asdict(m) for m in found])
