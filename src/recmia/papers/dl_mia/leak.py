"""What of the published gain over Biased-MIA is the leak's, cell by cell, and on the mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from recmia.experiments.lines import SETTING, Line
from recmia.experiments.measuring import differences
from recmia.experiments.rows import AS_RELEASED, CONTROL, CORRECTED, Row, numbers_of
from recmia.experiments.study import Study
from recmia.experiments.verdicts import MARGIN
from recmia.papers.dl_mia.areas import NAMES, areas_of
from recmia.papers.dl_mia.fits import (
    ATTACKS,
    BIASED,
    BIASED_RELEASED,
    DL_MIA,
    LEAKY,
    LEAKY_BEST,
    SELF_TRAINED,
)
from recmia.papers.dl_mia.tables import FIGURE_3
from recmia.papers.dl_mia.worlds import HALVES, STEP
from recmia.released.found import drawn, mean_interval
from recmia.seeds import generator


class Gain(NamedTuple):
    """One attack less another.

    Attributes:
        first: attack.
        second: attack.
        reading: of the difference.
        against: the second, by what it differs in.
    """

    first: str
    second: str
    reading: str
    against: str


PUBLISHED = Gain(LEAKY_BEST, BIASED_RELEASED, AS_RELEASED, "Biased-MIA")
# Released code is held against released code, the text's attack against the text's.
GAINS = (
    PUBLISHED,
    Gain(LEAKY, BIASED_RELEASED, AS_RELEASED, "Biased-MIA"),
    Gain(SELF_TRAINED, BIASED_RELEASED, CONTROL, "Biased-MIA"),
    Gain(DL_MIA, BIASED, CORRECTED, "Biased-MIA"),
)
# What the published gain is made of beside what the released code gains without the leak: the
# leak, and the choice of the checkpoint.
PARTS = (
    Gain(LEAKY, SELF_TRAINED, CONTROL, "guessed labels"),
    Gain(LEAKY_BEST, LEAKY, CONTROL, "last"),
)
READINGS = {
    BIASED: CORRECTED,
    BIASED_RELEASED: AS_RELEASED,
    DL_MIA: CORRECTED,
    SELF_TRAINED: CONTROL,
    LEAKY: AS_RELEASED,
    LEAKY_BEST: AS_RELEASED,
}
Setting = tuple[str, ...]
Attacks = dict[str, Line]  # an attack's name to its line, in one setting
MEAN = {"dataset": "", "note": "mean over settings"} | dict.fromkeys(SETTING[1:])


def leak_rows(study: Study, lines: Iterable[Line]) -> list[Row]:
    """Gains over Biased-MIA, what the published one is made of, and the parts' shares of it.

    The released attack differs from the same code without its slip by the labels in its loss, and
    by a checkpoint that is chosen by the labels; both parts are measured, paired, and what is left
    is what that code gains without them. The text's attack stands beside it.

    A setting's interval is over draws where the reading is drawn, else over users and seeds. Means
    over settings, and shares of the published gain, are drawn anew with settings and draws (or
    seeds), both with replacement. Shares are stated where there is a gain to share: where it is
    above what counts as a difference, interval and all.

    Args:
        study: the run.
        lines: of the whole grid of both halves, under every reading.
    """
    grids = _grids(lines)
    rows = []
    for half in HALVES:
        cells = grids[half]
        found = _differences(study, half, cells)
        for kind, name in NAMES.items():
            for place, attacks in cells.items():
                rows += _cell(study, attacks, found, place, kind)
            for gains in (GAINS[:-1] + PARTS, GAINS[-1:]):
                rows += _means(study, cells, gains, kind, name)
    return rows


def _grids(lines: Iterable[Line]) -> dict[str, dict[Setting, Attacks]]:
    """Half and setting to the lines of each attack that a gain is made of."""
    columns = {a: {"reading": READINGS[a], **ATTACKS[a]} for a in READINGS}
    grids: dict[str, dict[Setting, Attacks]] = {half: {} for half in HALVES}
    for line in lines:
        if line.columns["artefact"] not in FIGURE_3.values():
            continue
        for attack, wanted in columns.items():
            told = {n: line.columns.get(n) for n in ("attack", "reading", "variant", "checkpoint")}
            if told == dict.fromkeys(told) | wanted:
                own = grids[line.columns["half"]].setdefault(line.values(SETTING), {})
                own[attack] = line
    return grids


def _differences(
    study: Study, half: str, cells: Mapping[Setting, Attacks]
) -> dict[tuple[Setting, Gain], dict[str, Any]]:
    """Gains of attacks whose scores are kept, by setting, with intervals over users and seeds."""
    places = [
        (place, gain)
        for place, attacks in cells.items()
        for gain in GAINS + PARTS
        if not _is_drawn(attacks[gain.first])
    ]
    pairs = [(cells[p][g.first].runs, cells[p][g.second].runs) for p, g in places]
    found = differences(study, study.folder(STEP) / half / "differences", pairs)
    return dict(zip(places, found, strict=True))


def _is_drawn(line: Line) -> bool:
    return isinstance(line.runs, dict)


def _gaps(attacks: Attacks, gain: Gain, name: str) -> np.ndarray:
    """float64 [draws or seeds]."""
    first, second = (areas_of(attacks[side])[name] for side in (gain.first, gain.second))
    return first - second


def _cell(
    study: Study,
    attacks: Attacks,
    found: Mapping[tuple[Setting, Gain], dict[str, Any]],
    place: Setting,
    kind: str,
) -> Iterator[Row]:
    """One setting's rows."""
    level, least, values = study.settings.intervals.level, -np.inf, {}
    for gain in GAINS + PARTS:
        line = attacks[gain.first]
        if _is_drawn(line):
            gaps = drawn(_gaps(attacks, gain, NAMES[kind]))
            value, low, high = mean_interval(gaps, level)
            numbers = {"value": value, "ci_low": low, "ci_high": high, "n_seeds": len(gaps)}
        else:
            numbers = numbers_of(found[place, gain][kind])
        values[gain] = numbers["value"]
        if gain == PUBLISHED:
            least = numbers["ci_low"]
        yield _row(line.columns, gain, f"difference of {kind}", **numbers)
    if least > MARGIN:
        for part in PARTS:
            share = {"value": values[part] / values[PUBLISHED], "n_seeds": numbers["n_seeds"]}
            columns = attacks[part.first].columns
            yield _row(columns, part, f"share of the published gain in {kind}", **share)


def _means(
    study: Study, cells: Mapping[Setting, Attacks], gains: tuple[Gain, ...], kind: str, name: str
) -> Iterator[Row]:
    """The same on the mean over the settings of a grid."""
    one = next(iter(cells.values()))
    gaps = {g: np.array([_gaps(attacks, g, name) for attacks in cells.values()]) for g in gains}
    # Only draws that every gain was made in are held against each other.
    made = ~np.isnan(sum(values.sum(axis=0) for values in gaps.values()))
    gaps = {gain: values[:, made] for gain, values in gaps.items()}
    means = _redrawn(study, gaps)
    for gain, (value, again) in means.items():
        low, high = _interval(study, again)
        told = {"value": value, "ci_low": low, "ci_high": high, "n_seeds": gaps[gain].shape[1]}
        yield _row(one[gain.first].columns | MEAN, gain, f"difference of {kind}", **told)
    if PUBLISHED not in means:
        return
    whole, drawn_whole = means[PUBLISHED]
    if _interval(study, drawn_whole)[0] <= MARGIN:
        return
    for part in PARTS:
        value, again = means[part]
        low, high = _interval(study, again / drawn_whole)
        told = {"value": value / whole, "ci_low": low, "ci_high": high}
        told["n_seeds"] = gaps[part].shape[1]
        metric = f"share of the published gain in {kind}"
        yield _row(one[part.first].columns | MEAN, part, metric, **told)


def _redrawn(study: Study, gaps: Mapping[Gain, np.ndarray]) -> dict[Gain, tuple[float, np.ndarray]]:
    """Mean of each [settings, draws], and means float64 [repeats] of settings and draws redrawn.

    All of them are redrawn alike, for a draw is of item vectors that settings and attacks share.
    """
    settings, draws = next(iter(gaps.values())).shape
    draw = generator(study.settings.root_seed, "dl-mia", "leak", "redrawn")
    shape = (study.settings.intervals.repeats,)
    rows = draw.integers(settings, size=(*shape, settings))
    columns = draw.integers(draws, size=(*shape, draws))
    # The mean of a redrawn table is a mean of cells weighted by how often row and column came.
    weights = [
        np.apply_along_axis(np.bincount, 1, again, minlength=size) / size
        for again, size in ((rows, settings), (columns, draws))
    ]
    return {
        gain: (float(values.mean()), np.einsum("rs,sd,rd->r", weights[0], values, weights[1]))
        for gain, values in gaps.items()
    }


def _interval(study: Study, drawn: np.ndarray) -> tuple[float, float]:
    tail = (1 - study.settings.intervals.level) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def _row(columns: dict[str, Any], gain: Gain, metric: str, **numbers: Any) -> Row:
    told = {"artefact": "Leak", "reading": gain.reading, "against": gain.against}
    return Row(**columns | told | numbers, metric=metric)
