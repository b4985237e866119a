"""From kept scores to metrics with intervals, and to paired differences."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from recmia.evaluation.measurement import Measurement
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.scores import keep_differences, keep_metrics
from recmia.experiments.study import Study
from recmia.seeds import child_seed
from recmia.storage import content_hash, read_json

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


def bootstrap(study: Study) -> dict[str, Any]:
    """What every interval of a study is drawn with: repeats, level and seed."""
    settings = study.settings
    return settings.intervals.model_dump() | {"seed": child_seed(settings.root_seed, "intervals")}


def measure(
    study: Study,
    folder: Path,
    cases: Mapping[Case, Runs],
    *,
    make: Callable = keep_metrics,
    label: str = "metrics",
) -> dict[Case, list[Measurement]]:
    """Every metric of every case with its interval; what is current is kept.

    Args:
        study: the run.
        folder: where the measurements lie, one file a case.
        cases: what is measured, to where its scores are.
        make: `keep_metrics`, or `recmia.experiments.shared_scores.keep_shared_metrics` where all
            seeds are about the same units.
        label: of the progress bar.
    """
    kept = [_kept(study, folder, make, [runs]) for runs in cases.values()]
    make_all(study, kept, label=label)
    return {case: _measurements(k.path) for case, k in zip(cases, kept, strict=True)}


def differences(
    study: Study, folder: Path, pairs: Sequence[tuple[Runs, Runs]], *, label: str = "differences"
) -> list[dict[str, Measurement]]:
    """Metric to the paired difference, first minus second, of each pair; kept as above."""
    kept = [_kept(study, folder, keep_differences, pair) for pair in pairs]
    make_all(study, kept, label=label)
    return [{m.metric: m for m in _measurements(k.path)} for k in kept]


def _kept(study: Study, folder: Path, make: Callable, attacks: Sequence[Runs]) -> Kept:
    runs = [[(p.kept, p.name, p.row, p.units, p.subset) for p in places] for places in attacks]
    root = study.paths.artifacts  # names must not tell where the run's folder lies
    named = [[(str(k.path.relative_to(root)), *rest) for k, *rest in places] for places in runs]
    return Kept(folder / f"{content_hash(named)[:16]}.json", make, *runs, **bootstrap(study))


def _measurements(path: Path) -> list[Measurement]:
    return [Measurement(**record) for record in read_json(path)]
