"""Error rates that an attack's thresholds really have where they are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from recmia.evaluation.intervals import evaluate_mean
from recmia.evaluation.measurement import Measurement, ScoredUnits
from recmia.experiments.kept import Kept
from recmia.experiments.making import make_all
from recmia.experiments.measuring import Place, Runs, bootstrap
from recmia.experiments.scores import read_runs
from recmia.experiments.study import Study
from recmia.papers.proposal.mismatch.transferring import ASKED, accused_name
from recmia.papers.proposal.scoring import Case
from recmia.storage import content_hash, read_json, write_json

FPR = "FPR at the shadow's threshold"
FPR_ASKED, TPR_ASKED = "FPR where {}% was asked for", "TPR where {}% was asked for"


def keep_rates(
    path: Path, runs: list, asked: dict[str, list], *, repeats: int, level: float, seed: int
) -> None:
    """Write rates of one attack with their intervals.

    The false positive rate at the attack's own threshold; and for each rate that was asked for,
    where the shadow's non-members were enough for it, the false and the true positive rate.

    Args:
        path: of the result.
        runs: of each seed, see `recmia.experiments.scores.read_runs`.
        asked: rates asked for, in percent, to runs whose scores are shares of accusing attacks.
        repeats: of the bootstrap.
        level: of the intervals.
        seed: of the bootstrap.
    """
    chosen = {"repeats": repeats, "level": level, "seed": seed}
    own = [replace(one, scores=one.scores >= one.threshold) for one in read_runs(runs)]
    found = [evaluate_mean(FPR, _of(own, members=False), **chosen)]
    for rate, places in asked.items():
        if all(map(_is_there, places)):
            shares = read_runs(places)
            for metric, members in ((FPR_ASKED, False), (TPR_ASKED, True)):
                name = metric.format(rate)
                found.append(evaluate_mean(name, _of(shares, members=members), **chosen))
    write_json(path, [asdict(one) for one in found])


def _is_there(place: tuple) -> bool:
    with np.load(place[0], allow_pickle=False) as saved:
        return f"{place[1]}|scores" in saved


def _of(runs: list[ScoredUnits], members: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """Scores and groups of the members, or of the others, of each seed."""
    sides = [(one, one.membership == members) for one in runs]
    return [(one.scores[side].astype(float), one.groups[side]) for one, side in sides]


def rates(study: Study, folder: Path, cases: Mapping[Runs, Case]) -> dict[Runs, list[Measurement]]:
    """The rates of each of these, with the case that its scores are of; what is current is kept."""
    kept = {}
    for runs, case in cases.items():
        asked = {
            f"{100 * rate:g}": _told(replace(p, name=accused_name(case, rate)) for p in runs)
            for rate in ASKED
        }
        named = content_hash([[p.kept.path.name, p.name, p.units, p.subset] for p in runs])
        path = folder / f"{named[:16]}.json"
        kept[runs] = Kept(path, keep_rates, _told(runs), asked, **bootstrap(study))
    make_all(study, list(kept.values()), label="rates")
    return {runs: [Measurement(**one) for one in read_json(k.path)] for runs, k in kept.items()}


def _told(runs: Iterable[Place]) -> list[tuple]:
    return [(p.kept, p.name, p.row, p.units, p.subset) for p in runs]
