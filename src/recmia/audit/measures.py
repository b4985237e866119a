"""What an audit reports of scores: metrics with intervals, noise floor, lower bound on epsilon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log, sqrt
from typing import Any

import numpy as np
from scipy.stats import norm

from recmia.evaluation import metrics
from recmia.evaluation.ensembles import evaluate_mean_score
from recmia.evaluation.measurement import Measurement
from recmia.evaluation.proportions import binomial_interval

FPRS = (0.01, 0.001)
REPEATS = 1000
KEYS = {
    "roc_auc": metrics.ROC_AUC,
    "hard_label_auc": metrics.HARD_LABEL_AUC,
    "accuracy": metrics.ACCURACY,
    "precision": metrics.PRECISION,
    "recall": metrics.RECALL,
    "f1": metrics.F1,
}


def measure(
    scores: np.ndarray,
    membership: np.ndarray,
    threshold: float,
    *,
    level: float,
    seed: int,
    progress: Callable[[int], None] = lambda repeats: None,
) -> dict[str, Any]:
    """All metrics of the mean score, as they stand in ``metrics.json``.

    Args:
        scores: float64 [seeds, n].
        membership: bool [n], with members and non-members.
        threshold: of a hard guess.
        level: coverage of the intervals.
        seed: root of the bootstrap.
        progress: called with the number of the ``REPEATS`` that are done.

    Returns:
        The metrics by key; ``tpr_at_fpr`` by rate, null with a reason in ``tpr_at_fpr_reason``
        where the non-members are too few; ``intervals`` in the same shape; and
        ``epsilon_lower_bound``.
    """
    found = {
        measurement.metric: measurement
        for measurement in evaluate_mean_score(
            scores,
            membership,
            threshold,
            repeats=REPEATS,
            level=level,
            seed=seed,
            fprs=FPRS,
            progress=progress,
        )
    }
    low, reasons = at_low_rates(found, membership)
    return {
        **{key: found[name].value for key, name in KEYS.items()},
        "tpr_at_fpr": {fpr: m and m.value for fpr, m in low.items()},
        "tpr_at_fpr_reason": reasons,
        "intervals": {
            "level": level,
            **{key: [found[name].ci_low, found[name].ci_high] for key, name in KEYS.items()},
            "tpr_at_fpr": {fpr: m and [m.ci_low, m.ci_high] for fpr, m in low.items()},
        },
        "epsilon_lower_bound": epsilon_lower_bound(
            scores.mean(axis=0) >= threshold, membership, level
        ),
    }


def measure_baseline(
    scores: np.ndarray,
    membership: np.ndarray,
    *,
    level: float,
    seed: int,
    progress: Callable[[int], None] = lambda repeats: None,
) -> dict[str, Any]:
    """ROC AUC of a blind baseline, with its interval over users: does that exclude 0.5?

    Over users alone, for one seed that failed to learn would otherwise widen the interval and hide
    that the others found something.

    Args:
        scores: float64 [n], the mean score.
        membership: bool [n].
        level: coverage of the interval.
        seed: root of the bootstrap.
        progress: called with the number of the ``REPEATS`` that are done.
    """
    area = evaluate_mean_score(
        scores[None],
        membership,
        0.5,
        repeats=REPEATS,
        level=level,
        seed=seed,
        fprs=(),
        progress=progress,
    )[0]
    return as_baseline(area)


def as_baseline(area: Measurement) -> dict[str, Any]:
    """A ROC AUC as it stands in ``metrics.json`` where the question is whether it excludes 0.5."""
    return {
        "roc_auc": area.value,
        "interval": [area.ci_low, area.ci_high],
        "excludes_half": not area.ci_low <= 0.5 <= area.ci_high,
    }


def at_low_rates(
    found: Mapping[str, Measurement], membership: np.ndarray
) -> tuple[dict[str, Measurement | None], dict[str, str]]:
    """True positive rates by false positive rate, and why one was not measured.

    Args:
        found: measurements by name.
        membership: bool [n].
    """
    low = {f"{fpr:g}": found.get(metrics.tpr_at_fpr_name(fpr)) for fpr in FPRS}
    outsiders = int((~membership).sum())
    reasons = {
        f"{fpr:g}": f"{outsiders:,} non-members; a claim at {100 * fpr:g}% needs {3 / fpr:,.0f}"
        for fpr in FPRS
        if low[f"{fpr:g}"] is None
    }
    return low, reasons


def noise_floor(membership: np.ndarray, level: float) -> list[float]:
    """Where ROC AUC lies, at this level, when scores have nothing to do with membership.

    Normal limits of the Mann-Whitney statistic: variance (m + n + 1) / (12 m n) for m members and
    n non-members without ties.
    """
    m, n = int(membership.sum()), int((~membership).sum())
    width = norm.ppf((1 + level) / 2) * sqrt((m + n + 1) / (12 * m * n))
    return [float(max(0.0, 0.5 - width)), float(min(1.0, 0.5 + width))]


def epsilon_lower_bound(guessed: np.ndarray, membership: np.ndarray, level: float) -> float:
    """The least epsilon of pure differential privacy that these guesses are consistent with.

    Pure privacy implies TPR <= e^epsilon FPR and 1 - FPR <= e^epsilon (1 - TPR). The rates are
    replaced by Clopper-Pearson limits, a lower one of TPR and an upper one of FPR, each wrong with
    probability (1 - ``level``) / 2 at most; both inequalities use the same two limits. It holds
    where users are independent and joined at random.

    Args:
        guessed: bool [n], guessed members.
        membership: bool [n].
        level: confidence in the bound.

    Returns:
        The bound, 0 where the guesses prove nothing.
    """
    members, outsiders = int(membership.sum()), int((~membership).sum())
    hits, alarms = int((guessed & membership).sum()), int((guessed & ~membership).sum())
    tpr, _ = binomial_interval(hits, members, level)
    _, fpr = binomial_interval(alarms, outsiders, level)
    bounds = [log(tpr / fpr) if tpr > 0 else 0.0]
    bounds.append(log((1 - fpr) / (1 - tpr)) if fpr < 1 else 0.0)
    return max(0.0, *bounds)
