"""Draws as rows: mean, range, and how often the classifier said the same of everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student

from recmia.evaluation.metrics import HARD_LABEL_AUC, ROC_AUC
from recmia.experiments.lines import Line, pairs
from recmia.experiments.rows import RANGE, Row
from recmia.experiments.verdicts import verdict
from recmia.released.keeping import HARD, ROC, SAME

METRICS = {HARD: HARD_LABEL_AUC, ROC: ROC_AUC}
Found = Mapping[str, np.ndarray]  # "hard", "roc" float64 and "same" bool [draws], NaN where undrawn


def drawn(values: np.ndarray) -> np.ndarray:
    """Those that were drawn."""
    return values[~np.isnan(values)]


def range_row(values: np.ndarray, **columns: Any) -> Row:
    """The mean over draws with their range."""
    values = drawn(values)
    return Row(
        **columns,
        value=float(values.mean()),
        ci_low=float(values.min()),
        ci_high=float(values.max()),
        interval=RANGE,
        n_seeds=len(values),
    )


def attack_rows(found: Found, **columns: Any) -> list[Row]:
    """Hard-label and ROC AUC of an attack; of the former, how often it is degenerate."""
    kept = ~np.isnan(found[HARD])
    return [
        range_row(
            found[name],
            **columns,
            metric=metric,
            degenerate=float(found[SAME][kept].mean()) if name == HARD else 0.0,
        )
        for name, metric in METRICS.items()
    ]


def claim_rows(
    claims: Mapping[str, Mapping[str, Any]], lines: Sequence[Line], level: float
) -> list[Row]:
    """Paired differences over draws of what a paper says of one attack against another.

    The interval is Student's, of the mean over draws: the claim is about what the recipe does, not
    about one draw of it. Of a classifier that says the same of everybody in some draw no verdict is
    drawn.

    Args:
        claims: key to the claim (`recmia.experiments.lines.claim_rows`).
        lines: with `Found` as their runs.
        level: of the intervals.
    """
    rows = []
    for key, claim in claims.items():
        if "first" not in claim:
            continue
        for first, second in pairs(claim, lines):
            gaps = drawn(first.runs[HARD] - second.runs[HARD])
            if len(gaps) < 2:
                continue
            mean, low, high = mean_interval(gaps, level)
            dull = max(_degenerate(side.runs) for side in (first, second))
            columns = first.columns | {
                "artefact": "Claims",
                "claim": key,
                "against": str(second.columns[claim["differs"]]),
                "metric": f"difference of {HARD_LABEL_AUC}",
                "verdict": verdict(low, high, claim["says"], degenerate=dull),
                "note": "",
            }
            rows.append(
                Row(
                    **columns,
                    value=mean,
                    ci_low=low,
                    ci_high=high,
                    n_seeds=len(gaps),
                    degenerate=dull,
                )
            )
    return rows


def mean_interval(values: np.ndarray, level: float) -> tuple[float, float, float]:
    """Mean of independent draws with Student's interval."""
    mean, spread = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
    width = student.ppf((1 + level) / 2, len(values) - 1) * spread
    return float(mean), float(mean - width), float(mean + width)


def _degenerate(found: Found) -> float:
    return float(found[SAME][~np.isnan(found[HARD])].mean())
