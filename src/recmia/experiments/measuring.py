"""From kept scores to metrics with intervals, and to paired differences."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from recmia.evaluation.intervals import Measurement, ScoredUnits, evaluate, evaluate_contrast
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.study import Study
from recmia.seeds import child_seed
from recmia.storage import content_hash, read_json, write_json

Case = TypeVar("Case", bound=Hashable)


@dataclass(frozen=True)
class Place:
    """Where the scores of one attack on one seed's units lie.

    Attributes:
        kept: an ``.npz`` with arrays ``<name>|scores`` float64, ``<name>|threshold``, and
            ``membership`` bool and ``row_ids`` int64 under ``<name>|``, ``<units>|`` or nothing.
        name: of the attack in that file.
        row: where several stand in one array, one a row: which.
        units: of whom the scores are, where a file has several kinds of units.
        subset: bool array ``<units>|<subset>`` that says which of them count; all where empty.
    """

    kept: Kept
    name: str
    row: int | None = None
    units: str = ""
    subset: str = ""


Runs = tuple[Place, ...]  # a place a seed


def arrays_of(name: str, units: ScoredUnits) -> dict[str, np.ndarray]:
    """One attack's arrays for the file that a `Place` names."""
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


def bootstrap(study: Study) -> dict[str, Any]:
    """What every interval of a study is drawn with: repeats, level and seed."""
    settings = study.settings
    return settings.intervals.model_dump() | {"seed": child_seed(settings.root_seed, "intervals")}


def measure(
    study: Study, folder: Path, cases: Mapping[Case, Runs], *, label: str = "metrics"
) -> dict[Case, list[Measurement]]:
    """Every metric of every case with its interval; what is current is kept.

    Args:
        study: the run.
        folder: where the measurements lie, one file a case.
        cases: what is measured, to where its scores are.
        label: of the progress bar.
    """
    chosen = bootstrap(study)
    kept = [_kept(folder, _write_metrics, [runs], chosen) for runs in cases.values()]
    make_all(study, kept, label=label)
    return {case: _measurements(k.path) for case, k in zip(cases, kept, strict=True)}


def differences(
    study: Study, folder: Path, pairs: Sequence[tuple[Runs, Runs]], *, label: str = "differences"
) -> list[dict[str, Measurement]]:
    """Metric to the paired difference, first minus second, of each pair; kept as above."""
    chosen = bootstrap(study)
    kept = [_kept(folder, _write_differences, pair, chosen) for pair in pairs]
    make_all(study, kept, label=label)
    return [{m.metric: m for m in _measurements(k.path)} for k in kept]


def _kept(folder: Path, make: Callable, attacks: Sequence[Runs], chosen: dict[str, Any]) -> Kept:
    runs = [[(p.kept, p.name, p.row, p.units, p.subset) for p in places] for places in attacks]
    name = content_hash([[(str(k.path), *rest) for k, *rest in places] for places in runs])[:16]
    return Kept(folder / f"{name}.json", make, *runs, **chosen)


def _write_metrics(path: Path, runs: list, *, repeats: int, level: float, seed: int) -> None:
    found = evaluate(read_runs(runs), repeats=repeats, level=level, seed=seed)
    write_json(path, [asdict(m) for m in found])


def _write_differences(
    path: Path, first: list, second: list, *, repeats: int, level: float, seed: int
) -> None:
    pair = read_runs(first), read_runs(second)
    found = evaluate_contrast(*pair, repeats=repeats, level=level, seed=seed)
    write_json(path, [asdict(m) for m in found])


def _measurements(path: Path) -> list[Measurement]:
    return [Measurement(**record) for record in read_json(path)]
