"""What the paper says of Figure 3 as a whole: in how many settings something holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from recmia.experiments.lines import METRICS, SETTING
from recmia.experiments.rows import Row
from recmia.experiments.verdicts import verdict
from recmia.papers.dl_mia.tables import FIGURE_3

Areas = dict[tuple[str, ...], float]  # data and recommender of shadow and target


def _like_is_best(areas: Areas) -> np.ndarray:
    """Of each target, whether no shadow attacks it better than its like does."""
    targets = dict.fromkeys(setting[2:] for setting in areas)
    best = {t: max(value for setting, value in areas.items() if setting[2:] == t) for t in targets}
    return np.array([areas[target * 2] >= best[target] for target in targets])


# Claim to the attack that it is about, and where it holds.
COUNTS: dict[str, tuple[str, Callable[[Areas], np.ndarray]]] = {
    "dl-mia-over-0.8": ("DL-MIA", lambda areas: np.array([*areas.values()]) > 0.8),
    "like-shadow-is-best": ("DL-MIA", _like_is_best),
    "biased-mia-below-0.7": ("Biased-MIA", lambda areas: np.array([*areas.values()]) < 0.7),
}


def count_rows(rows: Iterable[Row], claims: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """In which share of the settings each claim holds, under each reading.

    The counts have no interval, so nothing is decided by them.

    Args:
        rows: measured rows of Figure 3.
        claims: key to claim, of ``claims.yaml``.
    """
    found, rows = [], [row for row in rows if row.checkpoint != "last"]
    for key, claim in claims.items():
        if key not in COUNTS:
            continue
        attack, holds = COUNTS[key]
        for artefact, (reading, metric) in product(FIGURE_3.values(), METRICS.items()):
            wanted = (artefact, attack, reading, metric)
            own = [r for r in rows if (r.artefact, r.attack, r.reading, r.metric) == wanted]
            if artefact not in claim["artefact"] or not own:
                continue
            areas = {tuple(getattr(row, n) for n in SETTING[1:]): row.value for row in own}
            row = replace(own[0], **dict.fromkeys((*SETTING[1:], "ci_low", "ci_high")))
            found.append(
                replace(
                    row,
                    artefact="Claims",
                    dataset="",
                    claim=key,
                    metric=f"share of settings by {metric}",
                    value=float(holds(areas).mean()),
                    verdict=verdict(None, None),
                    note="",
                )
            )
    return found
