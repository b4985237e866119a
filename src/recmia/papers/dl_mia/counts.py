"""What the paper says of Figure 3 as a whole: in how many settings something holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from recmia.experiments.lines import METRICS, SETTING, Line
from recmia.experiments.rows import CLAIMS, Row
from recmia.experiments.verdicts import verdict
from recmia.papers.dl_mia.areas import NAMES, areas_of
from recmia.papers.dl_mia.tables import FIGURE_3
from recmia.released.found import mean_interval

Areas = Mapping[tuple, np.ndarray]  # data and recommender of shadow and target, to [repetitions]


class Count(NamedTuple):
    """A claim about many settings.

    Attributes:
        attack: that it is about.
        holds: where, bool [settings, repetitions].
        over: the share of the settings that the paper says it is over.
    """

    attack: str
    holds: Callable[[Areas], np.ndarray]
    over: float


def _like_is_best(areas: Areas) -> np.ndarray:
    """Of each target, whether no shadow attacks it better than its like does."""
    targets = dict.fromkeys(setting[2:] for setting in areas)
    best = {t: np.max([v for s, v in areas.items() if s[2:] == t], axis=0) for t in targets}
    return np.array([areas[target * 2] >= best[target] for target in targets])


COUNTS = {
    "dl-mia-over-0.8": Count("DL-MIA", lambda areas: np.array([*areas.values()]) > 0.8, 0.8),
    "like-shadow-is-best": Count("DL-MIA", _like_is_best, 0.5),
    "biased-mia-below-0.7": Count(
        "Biased-MIA", lambda areas: np.array([*areas.values()]) < 0.7, 0.6
    ),
}


def count_rows(
    lines: Iterable[Line], claims: Mapping[str, Mapping[str, Any]], level: float
) -> list[Row]:
    """In which share of the settings each claim holds, under each reading.

    It is counted in every draw, or with every seed; the interval is Student's, of the mean of
    these, and decides whether the share is over what the paper says it is over.

    Args:
        lines: of Figure 3, one a setting, attack and reading.
        claims: key to claim, of ``claims.yaml``.
        level: of the intervals.
    """
    grids: dict[tuple, list[Line]] = defaultdict(list)
    for line in lines:
        last = line.columns.get("checkpoint") == "last"
        if line.columns["artefact"] in FIGURE_3.values() and not last:
            grids[line.values(("artefact", "attack", "reading"))].append(line)
    rows = []
    for key, claim in claims.items():
        count = COUNTS.get(key)
        for (artefact, attack, reading), own in grids.items():
            about = count is not None and artefact in claim["artefact"]
            if not about or attack != count.attack or reading not in METRICS:
                continue
            metric = METRICS[reading]
            areas = {line.values(SETTING[1:]): areas_of(line)[NAMES[metric]] for line in own}
            made = ~np.isnan(sum(areas.values()))  # draws in which every setting was drawn
            areas = {setting: values[made] for setting, values in areas.items()}
            shares = count.holds(areas).mean(axis=0)
            rows.append(_row(own[0], key, metric, shares, count.over, level))
    return rows


def _row(line: Line, key: str, metric: str, shares: np.ndarray, over: float, level: float) -> Row:
    value, low, high = float(shares.mean()), None, None
    if len(shares) > 1:
        value, low, high = mean_interval(shares, level)
    said = verdict(*(None if end is None else end - over for end in (low, high)))
    columns = line.columns | dict.fromkeys(SETTING[1:]) | {"dataset": "", "note": ""}
    row = Row(
        **columns | {"artefact": CLAIMS},
        claim=key,
        metric=f"share of settings by {metric}",
        value=value,
        n_seeds=len(shares),
        verdict=said,
    )
    ends = (None if low is None else max(low, 0.0), None if high is None else min(high, 1.0))
    return replace(row, ci_low=ends[0], ci_high=ends[1])
